import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { EdgefoldError, type ErrorCode } from '../../src/errors.ts';

const top = mkdtempSync(join(tmpdir(), 'edgefold-'));
afterAll(() => {
  rmSync(top, { recursive: true });
});

let count = 0;
/** A folder of its own, with a model and a file outside it. */
export function folder(): string {
  const path = join(top, String(count++));
  mkdirSync(join(path, 'model', 'inner'), { recursive: true });
  writeFileSync(join(path, 'secret'), 'secret!!');
  writeFileSync(join(path, 'model', 'm.onnx'), 'model');
  writeFileSync(join(path, 'model', 'w.bin'), '0123456789');
  writeFileSync(join(path, 'model', 'inner', 'w.bin'), 'abcdefghij');
  return path;
}

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
export const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

export async function fault(run: () => unknown): Promise<[ErrorCode, string]> {
  try {
    await run();
  } catch (error) {
    if (error instanceof EdgefoldError) return [error.code, error.message];
    throw error;
  }
  throw new Error('it did not throw');
}
