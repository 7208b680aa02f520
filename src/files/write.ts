import { createHash, randomBytes, type Hash } from 'node:crypto';
import { lstat, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EdgefoldError } from '../errors.ts';
import type { Graph } from '../onnx/graph.ts';
import { splitOnnx, type SplitLimits, type WriteOptions } from '../onnx/write.ts';
import { failed, notRegular } from './faults.ts';

export interface OutputOptions {
  /** Replaces an existing file; otherwise that is an error. */
  readonly force?: boolean;
}

/**
 * Writes a file so that its name holds the old content or the new, never half of it: into a new file beside it,
 * which takes the name when everything is on the disk.
 *
 * @returns its size in bytes.
 * @throws {EdgefoldError} FILE.
 */
export async function writeFileWhole(
  path: string,
  pieces: Iterable<Uint8Array>,
  options: OutputOptions = {},
): Promise<number> {
  await checkTarget(path, options);
  const draft = await writeDraft(path, pieces);
  await commit(draft.path, path, options);
  return draft.size;
}

/** Where {@link writeModelFiles} put a model. */
export interface WrittenModel {
  readonly path: string;
  /** Size of the `.onnx` file. */
  readonly sizeBytes: number;
  /** The weights, where they do not fit into the model: its name holds a part of their SHA-256. */
  readonly data: { readonly path: string; readonly sizeBytes: number } | undefined;
}

/**
 * Writes a model, and beside it the data file of one beyond 2 GiB. The data go first and under a name of their own,
 * so that at every moment a model at `path` finds the weights it was written with.
 *
 * @throws {EdgefoldError} FILE; what {@link splitOnnx} throws.
 */
export async function writeModelFiles(
  path: string,
  graph: Graph,
  options: OutputOptions & WriteOptions & Partial<SplitLimits> = {},
): Promise<WrittenModel> {
  await checkTarget(path, options);
  const split = splitOnnx(graph, options);
  const data = split.dataBytes === 0 ? undefined : await writeData(path, split.data());
  const model = split.model(data ? basename(data.path) : '');
  const sizeBytes = await writeFileWhole(path, model, options);
  return { path, sizeBytes, data };
}

async function writeData(path: string, pieces: Iterable<Uint8Array>): Promise<{ path: string; sizeBytes: number }> {
  const hash = createHash('sha256');
  const draft = await writeDraft(path, pieces, hash);
  const name = `${basename(path).replace(/\.onnx$/, '')}.${hash.digest('hex').slice(0, 16)}.data`;
  const target = join(dirname(path), name);
  // Whatever has this name has this content.
  await commit(draft.path, target, { force: true });
  return { path: target, sizeBytes: draft.size };
}

async function checkTarget(path: string, { force = false }: OutputOptions): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return;
  if (!found.isFile()) throw notRegular(path);
  if (force) return;
  throw new EdgefoldError('FILE', 'the file exists already', { where: path, hint: 'Give another name, or use force.' });
}

async function writeDraft(
  path: string,
  pieces: Iterable<Uint8Array>,
  hash?: Hash,
): Promise<{ path: string; size: number }> {
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  const file = await open(draft, 'wx').catch((cause: unknown) => failed('cannot be written', path, cause));
  let writing = Promise.resolve();
  try {
    let size = 0;
    // While the system writes one batch, the next is made.
    for (const batch of batches(pieces)) {
      hash?.update(batch);
      await writing;
      writing = writeAll(file, batch);
      size += batch.length;
    }
    await writing;
    await file.sync();
    await file.close();
    return { path: draft, size };
  } catch (cause) {
    await writing.catch(() => undefined);
    await file.close().catch(() => undefined);
    await unlink(draft).catch(() => undefined);
    return failed('cannot be written', path, cause);
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
    done += bytesWritten;
  }
}

async function commit(draft: string, path: string, options: OutputOptions): Promise<void> {
  try {
    await checkTarget(path, options);
    await rename(draft, path);
  } catch (cause) {
    await unlink(draft).catch(() => undefined);
    failed('cannot be written', path, cause);
  }
  await syncFolder(dirname(path));
}

/** Puts the new name on the disk, where the system lets a folder be synchronised. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
