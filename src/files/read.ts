import type { Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { cutOff, failed, notRegular } from './faults.ts';

/** One call of the system reads or writes at most 2 GiB − 1. */
export const MAX_TRANSFER = 2 ** 30;

/** Without O_NONBLOCK, opening a pipe waits for somebody to write into it. */
export const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/** What is hashed while the next is read. */
const HASHED_TOGETHER = 2 ** 22;

/** The bytes of a file of any size, all of which `hash` is shown. @throws {EdgefoldError} FILE. */
export async function readFileBytes(path: string, hash?: Hash): Promise<Uint8Array> {
  const file = await open(path, READ).catch((cause: unknown) => failed('cannot be read', path, cause));
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw notRegular(path);
    const bytes = new Uint8Array(stats.size);
    let hashed = 0;
    for (let position = 0; position < bytes.length;) {
      const length = Math.min(bytes.length - position, hash ? HASHED_TOGETHER : MAX_TRANSFER);
      const reading = file.read(bytes, position, length, position);
      hash?.update(bytes.subarray(hashed, position));
      hashed = position;
      const { bytesRead } = await reading;
      if (bytesRead === 0) throw cutOff(path, bytes.length, position);
      position += bytesRead;
    }
    hash?.update(bytes.subarray(hashed));
    return bytes;
  } finally {
    await file.close();
  }
}
