import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { edgefold, repositoryPath, temporaryFolder } from '../support/cli.ts';
import { tinyNormalized } from '../support/cli-models.ts';

const KERAS = repositoryPath('models/digits/norm-before-activation/model.keras');

function tiny(): string {
  const path = join(temporaryFolder(), 'tiny.onnx');
  writeFileSync(path, tinyNormalized());
  return path;
}

describe('a model beyond a limit is refused, and the message names the option that raises it', () => {
  test.each(['fold', 'inspect', 'types', 'run'])('%s counts parts', async (verb) => {
    const { code, stderr } = await edgefold([verb, tiny(), '--max-parts', '5']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/too many parts; expected at most 5.*--max-parts/s);
  });

  test.each(['verify', 'bisect'])('%s counts the parts of both', async (verb) => {
    const { code, stderr } = await edgefold([verb, tiny(), tiny(), '--max-parts', '5']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/too many parts; expected at most 5.*--max-parts/s);
  });

  test.each(['export', 'inspect', 'run', 'bench'])('%s looks at the size of the file', async (verb) => {
    const { code, stderr } = await edgefold([verb, KERAS, '--max-bytes', '1000']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/the file is too large; expected at most 1000 bytes, found \d+.*--max-bytes/s);
  });
});

test('a raised limit lets a model through, and a limit is a whole number', async () => {
  const model = tiny();
  expect((await edgefold(['inspect', model, '--max-parts', '9999999', '--max-bytes', '9000000000'])).code).toBe(0);
  expect((await edgefold(['inspect', model, '--max-parts', 'many'])).stderr).toMatch(/--max-parts: .*a whole number/);
});
