import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { noHeads } from '../runtime/faults.ts';
import { edgefold, temporaryFolder } from '../support/cli.ts';

function deadly(): string {
  const path = join(temporaryFolder(), 'model.onnx');
  writeFileSync(path, noHeads());
  return path;
}

const DIED = 'the runtime died while loading the model; found SIGFPE';

test('run ends with a message when the runtime dies', async () => {
  const { code, stdout } = await edgefold(['run', deadly(), '--input', 'models/digits/sample/digit-7.png', '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'DIED', message: DIED } });
});

test.each([
  ['verify', (path: string) => [path, path]],
  ['fold', (path: string) => [path, '-o', `${path}.folded`]],
])('%s cannot compare what the runtime dies of, and says so', async (verb, argumentsFor) => {
  const { code, stdout } = await edgefold([verb, ...argumentsFor(deadly()), '--json']);
  expect(code).toBe(2);
  const { parity } = JSON.parse(stdout) as { parity: { verdict: string; reason: string } };
  expect(parity.verdict).toBe('not-run');
  expect(parity.reason).toContain(DIED);
});
