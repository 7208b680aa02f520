import type { Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { EdgefoldError } from '../errors.ts';
import { cutOff, failed, notRegular } from './faults.ts';

/** One call of the system reads or writes at most 2 GiB − 1. */
export const MAX_TRANSFER = 2 ** 30;

/** Without O_NONBLOCK, opening a pipe waits for somebody to write into it. */
export const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/** What is hashed while the next is read. */
const HASHED_TOGETHER = 2 ** 22;

/** What Node 20 can hold in one array; and a file may say that it has more than there are disks. */
const MAX_FILE_BYTES = 2 ** 32;
const HEAD_BYTES = 512;

export interface ReadFileOptions {
  /** Is shown all bytes. */
  readonly hash?: Hash | undefined;
  /** Beyond this a file is refused; 4 GiB by default. */
  readonly maxBytes?: number | undefined;
  /** Looks at how the file begins and at its size before the rest is read. */
  readonly check?: (head: Uint8Array, sizeBytes: number) => void;
}

/** The bytes of a file. @throws {EdgefoldError} FILE, LIMIT. */
export async function readFileBytes(path: string, options: ReadFileOptions = {}): Promise<Uint8Array> {
  const { hash, maxBytes = MAX_FILE_BYTES, check } = options;
  // What is no file is not even opened: that a device is opened it may notice.
  const found = await stat(path).catch((cause: unknown) => failed('cannot be read', path, cause));
  if (!found.isFile()) throw notRegular(path);
  const file = await open(path, READ).catch((cause: unknown) => failed('cannot be read', path, cause));
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw notRegular(path);
    if (check) check((await file.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0)).buffer, stats.size);
    if (stats.size > maxBytes) throw tooLarge(path, stats.size, maxBytes);
    const bytes = allocated(path, stats.size);
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

function allocated(path: string, sizeBytes: number): Uint8Array {
  try {
    return new Uint8Array(sizeBytes);
  } catch (cause) {
    throw new EdgefoldError('LIMIT', 'there is no memory for the file', { where: path, received: `${String(sizeBytes)} bytes`, cause }); // prettier-ignore
  }
}

export function tooLarge(path: string, sizeBytes: number, maxBytes: number): EdgefoldError {
  return new EdgefoldError('LIMIT', 'the file is too large', {
    where: path,
    expected: `at most ${String(maxBytes)} bytes`,
    received: String(sizeBytes),
    hint: 'If you trust the file, raise the limit maxBytes (--max-bytes).',
  });
}
