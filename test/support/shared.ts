import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';

/** The folder of real models and conformance data that some tests need; the others run without it. */
const SHARED = process.env.EDGEFOLD_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));

/** Absolute path of a file in the shared folder, which may not be there. */
export function sharedPath(name: string): string {
  return `${SHARED}/${name}`;
}

export function readShared(name: string): Buffer {
  return readFileSync(sharedPath(name));
}

/** Like vitest's `test`, reported as skipped, with the reason in its name, where the shared file is absent. */
export function testShared(file: string, name: string, run: () => Promise<void> | void, timeoutMs?: number): void {
  if (existsSync(sharedPath(file))) test(name, run, timeoutMs);
  else test.skip(`${name} [needs ${file} of EDGEFOLD_SHARED]`, run);
}
