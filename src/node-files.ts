import { createHash, randomBytes, type Hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync, type BigIntStats } from 'node:fs';
import { lstat, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { EdgefoldError } from './errors.ts';
import type { Graph } from './onnx/graph.ts';
import { checkLocation } from './onnx/location.ts';
import { splitOnnx, type SplitLimits, type WriteOptions } from './onnx/write.ts';

/** One call of the system reads or writes at most 2 GiB − 1. */
const MAX_TRANSFER = 2 ** 30;

/** Without O_NONBLOCK, opening a pipe waits for somebody to write into it. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/** The bytes of a file of any size. @throws {EdgefoldError} FILE. */
export async function readFileBytes(path: string): Promise<Uint8Array> {
  const file = await open(path, READ).catch((cause: unknown) => failed('cannot be read', path, cause));
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw notRegular(path);
    const bytes = new Uint8Array(stats.size);
    for (let position = 0; position < bytes.length;) {
      const length = Math.min(bytes.length - position, MAX_TRANSFER);
      const { bytesRead } = await file.read(bytes, position, length, position);
      if (bytesRead === 0) throw cutOff(path, bytes.length, position);
      position += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/**
 * A reader of the weights that lie beside a model. It opens regular files in the model's folder only: no path and no
 * symbolic link may lead out of it, except into the folder in which the model file itself, followed through its own
 * links, lies (the Hugging Face cache is laid out like that); and no hard link, which could be any file of the disk.
 */
export function externalDataReader(
  modelPath: string,
): (location: string, offset: number, length: number) => Uint8Array {
  const folder = dirname(modelPath);
  const model = resolved(modelPath);
  const folders = [resolved(folder), dirname(model)];
  return (location, offset, length) => {
    checkLocation(location, modelPath);
    const path = join(folder, ...location.split('/'));
    if (resolved(path) === model) throw unsafe(path, 'it is the model itself');
    const file = openInside(path, folders);
    try {
      return readRange(file, path, offset, length);
    } finally {
      closeSync(file);
    }
  };
}

function openInside(path: string, folders: readonly string[]): number {
  const real = resolved(path);
  if (!folders.some((folder) => isInside(real, folder)))
    throw unsafe(path, 'it is a link that leads out of the folder');
  const file = opened(real);
  try {
    checkOpened(fstatSync(file, { bigint: true }), path, real);
    return file;
  } catch (fault) {
    closeSync(file);
    throw fault;
  }
}

/** The file that was opened must be the one that was looked at: a folder on the way may have been swapped since. */
function checkOpened(stats: BigIntStats, path: string, real: string): void {
  if (!stats.isFile()) throw notRegular(path);
  if (stats.nlink !== 1n) throw unsafe(path, 'it is a hard link, which may lead anywhere');
  const now = statSync(real, { bigint: true });
  const isSame = resolved(path) === real && now.ino === stats.ino && now.dev === stats.dev;
  if (!isSame) throw unsafe(path, 'it was replaced while it was opened');
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch (cause) {
    return failed('cannot be read', path, cause);
  }
}

function opened(path: string): number {
  try {
    return openSync(path, READ | constants.O_NOFOLLOW);
  } catch (cause) {
    return failed('cannot be read', path, cause);
  }
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`);
}

function readRange(file: number, path: string, offset: number, length: number): Uint8Array {
  const { size } = fstatSync(file);
  if (length > size || offset > size - length) {
    throw new EdgefoldError('CORRUPT', 'the file of weights is too short', {
      where: path,
      expected: `${String(length)} bytes at ${String(offset)}`,
      received: `${String(size)} bytes in all`,
    });
  }
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const count = readSync(file, bytes, done, Math.min(length - done, MAX_TRANSFER), offset + done);
    if (count === 0) throw cutOff(path, length, done);
    done += count;
  }
  return bytes;
}

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
  const sizeBytes = await writeFileWhole(path, [model], options);
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
  try {
    let size = 0;
    for (const piece of pieces) {
      hash?.update(piece);
      await writeAll(file, piece);
      size += piece.length;
    }
    await file.sync();
    await file.close();
    return { path: draft, size };
  } catch (cause) {
    await file.close().catch(() => undefined);
    await unlink(draft).catch(() => undefined);
    return failed('cannot be written', path, cause);
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(bytes.length - done, MAX_TRANSFER));
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

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead nowhere',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EROFS: 'the disk is read-only',
  EMFILE: 'too many files are open',
};

function failed(what: string, path: string, cause: unknown): never {
  if (cause instanceof EdgefoldError) throw cause;
  const { code = '', message } = cause as NodeJS.ErrnoException;
  throw new EdgefoldError('FILE', `the file ${what}`, { where: path, received: REASONS[code] ?? message, cause });
}

function notRegular(path: string): EdgefoldError {
  return new EdgefoldError('FILE', 'it is not a regular file', { where: path });
}

function unsafe(path: string, reason: string): EdgefoldError {
  return new EdgefoldError('UNSAFE', `the model asks for a file that may not be read: ${reason}`, {
    where: path,
    expected: 'a regular file in the folder of the model',
  });
}

function cutOff(path: string, expected: number, received: number): EdgefoldError {
  return new EdgefoldError('FILE', 'the file became shorter while it was read', {
    where: path,
    expected: `${String(expected)} bytes`,
    received: String(received),
  });
}
