import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';

/** A folder for thousands of synchronised files: in memory, where the machine has such a place. */
export const MEMORY: string = isWritable('/dev/shm') ? '/dev/shm' : tmpdir();

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
