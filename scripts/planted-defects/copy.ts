import { cp, mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** A copy of the engine and its tests in a new folder, with the installed packages of this one. */
export async function copyEngine(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'edgefold-defects-'));
  for (const part of ['src', 'test', 'scripts', 'package.json', 'tsconfig.json']) {
    await cp(join(ROOT, part), join(folder, part), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}
