import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { noHeads } from '../runtime/faults.ts';
import { edgefold, temporaryFolder } from '../support/cli.ts';

test.each([
  ['run', (path: string) => ['run', path, '--input', 'models/digits/sample/digit-7.png']],
  ['verify', (path: string) => ['verify', path, path]],
  ['fold', (path: string) => ['fold', path, '-o', join(path, '..', 'out.onnx')]],
])('%s ends with a message when the runtime dies', async (_, argumentsFor) => {
  const path = join(temporaryFolder(), 'model.onnx');
  writeFileSync(path, noHeads());
  const { code, stdout } = await edgefold([...argumentsFor(path), '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    error: { code: 'DIED', message: 'the runtime died while loading the model; found SIGFPE' },
  });
});
