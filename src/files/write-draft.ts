import type { Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { discard, draftBeside, type DraftKind } from './draft.ts';
import { failed } from './faults.ts';

/** A file that is whole and on the disk, and has no name of its own yet. */
export interface Draft {
  readonly path: string;
  readonly sizeBytes: number;
}

export interface DraftOptions {
  /** Permissions of the file whose place it will take; what the umask leaves, for a new one. */
  readonly mode?: number | undefined;
  readonly hash?: Hash;
  readonly kind?: DraftKind;
}

/** Writes a new file beside `path` and sees it onto the disk. */
export async function writeDraft(path: string, pieces: Iterable<Uint8Array>, options: DraftOptions): Promise<Draft> {
  const { mode, hash, kind } = options;
  const draft = draftBeside(path, kind);
  const file = await open(draft, 'wx', mode ?? 0o666).catch((cause: unknown) =>
    failed('cannot be written', path, cause),
  );
  try {
    if (mode !== undefined && ((await file.stat()).mode & 0o777) !== mode) await file.chmod(mode);
    const sizeBytes = await writePieces(file, pieces, hash);
    await file.sync();
    await file.close();
    return { path: draft, sizeBytes };
  } catch (cause) {
    await file.close().catch(() => undefined);
    await discard(draft);
    return failed('cannot be written', path, cause);
  }
}

/** What is put on the disk together, while more is made: the disk is not idle until the end, and has little left then. */
const FLUSHED_BYTES = 2 ** 24;

/** While the system writes one batch, the next is made. @returns how many bytes there were. */
async function writePieces(file: FileHandle, pieces: Iterable<Uint8Array>, hash: Hash | undefined): Promise<number> {
  let [writing, flushing] = [Promise.resolve(), Promise.resolve()];
  let sizeBytes = 0;
  try {
    for (const batch of batches(pieces)) {
      hash?.update(batch);
      await writing;
      if (sizeBytes > 0 && sizeBytes % FLUSHED_BYTES === 0) {
        await flushing;
        flushing = file.datasync();
        // Its failure is met when it is waited for.
        flushing.catch(() => undefined);
      }
      writing = writeAll(file, batch);
      sizeBytes += batch.length;
    }
    await writing;
    await flushing;
    return sizeBytes;
  } finally {
    // Nothing is under way when the file is closed.
    await Promise.allSettled([writing, flushing]);
  }
}

/** What is worth one call of the system, and stays in the processor's cache. */
const BATCH_BYTES = 2 ** 20;

/** The bytes of all pieces, each good until the next but one is asked for; those of a piece, until the next one. */
function* batches(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let [batch, spare] = [new Uint8Array(BATCH_BYTES), new Uint8Array(BATCH_BYTES)];
  let filled = 0;
  for (const piece of pieces) {
    for (let done = 0; done < piece.length;) {
      const part = piece.subarray(done, done + BATCH_BYTES - filled);
      batch.set(part, filled);
      done += part.length;
      filled += part.length;
      if (filled < BATCH_BYTES) continue;
      yield batch;
      [batch, spare, filled] = [spare, batch, 0];
    }
  }
  yield batch.subarray(0, filled);
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done);
    if (bytesWritten === 0) throw new Error('the system takes no more of it');
    done += bytesWritten;
  }
}

/** Puts the new names on the disk. Some systems do not let a folder be opened or synchronised, and do it themselves. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(unlessUnsupported);
  try {
    await handle?.sync().catch(unlessUnsupported);
  } finally {
    await handle?.close();
  }
}

const NO_SYNC: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EBADF']); // prettier-ignore

function unlessUnsupported(cause: unknown): undefined {
  if (!NO_SYNC.has((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
}
