import { createHash } from 'node:crypto';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EdgefoldError } from '../errors.ts';
import { listing } from '../export/read/source-files.ts';
import type { SourceFiles } from '../export/source-model.ts';
import { checkLocation } from '../onnx/location.ts';
import { isInside } from './folder.ts';
import { checkModelHead } from './model-head.ts';
import { readFileBytes } from './read.ts';

/** Source files on this machine, and where they were found: output may go to none of these places. */
export interface OpenedSource extends SourceFiles {
  /** The model file; `undefined` for standard input. */
  readonly path: string | undefined;
  /** SHA-256 of the model file, where that was asked for. */
  readonly sha256?: string;
  /** Every file read so far. */
  readonly pathsRead: ReadonlySet<string>;
  /** Size of the files read so far; of those that others read, it knows nothing. */
  bytesRead(): number;
  /** Adds a file that others read for this model. */
  noteRead(path: string): void;
}

export interface SourceOptions {
  /** Whether somebody will want to know what was read: hashing costs next to nothing while the file is read. */
  readonly isHashed?: boolean;
  /** Files of more bytes are refused; 4 GiB by default. */
  readonly maxBytes?: number | undefined;
}

/**
 * Opens a model file, or a folder that holds one of {@link MODEL_FILES}.
 * Files beside it are read by plain relative name; what leaves the folder is refused, symbolic links included, unless
 * the model file itself is a link into the same folder (as the Hugging Face cache lays its files out).
 *
 * @throws {EdgefoldError} FILE; from `sibling` also UNSAFE.
 */
export async function openSource(
  given: string,
  { isHashed = false, maxBytes }: SourceOptions = {},
): Promise<OpenedSource> {
  const path = await modelFile(given);
  const hash = isHashed ? createHash('sha256') : undefined;
  const check = (head: Uint8Array, sizeBytes: number): void => {
    checkModelHead(head, sizeBytes, path);
  };
  const bytes = await readFileBytes(path, { hash, maxBytes, check });
  const pathsRead = new Set([path]);
  let bytesRead = bytes.length;
  const folder = dirname(path);
  const roots = await Promise.all([realpath(folder), realpath(path).then(dirname)]);
  return {
    path,
    pathsRead,
    bytesRead: () => bytesRead,
    name: path,
    bytes,
    ...(hash && { sha256: hash.digest('hex') }),
    noteRead: (other) => {
      pathsRead.add(other);
    },
    sibling: async (name) => {
      const target = await insideFolder(name, folder, roots);
      const content = await readFileBytes(target, { maxBytes });
      pathsRead.add(target);
      bytesRead += content.length;
      return content;
    },
    siblings: () => fileNames(folder),
  };
}

/** What a folder is read from: of TF.js, a Keras SavedModel, an unzipped `.keras` file. */
const MODEL_FILES = ['model.json', 'saved_model.pb', 'config.json'] as const;

/** The file itself, or the model in the folder given. */
async function modelFile(given: string): Promise<string> {
  const stats = await stat(given).catch((error: unknown) => (error as NodeJS.ErrnoException).code ?? '');
  if (stats === 'ENOENT' || stats === 'ENOTDIR') throw await missing(given);
  // What else keeps a file from being looked at, reading it tells.
  if (typeof stats === 'string' || stats.isFile()) return given;
  if (!stats.isDirectory()) {
    throw new EdgefoldError('FILE', 'it is not a regular file', { where: given, expected: 'a model file or a folder' });
  }
  for (const name of MODEL_FILES) {
    const inside = join(given, name);
    if ((await stat(inside).catch(() => undefined))?.isFile()) return inside;
  }
  throw new EdgefoldError('FILE', 'the folder holds no model', {
    where: given,
    expected: MODEL_FILES.join(', '),
    received: listing(await fileNames(given)),
    hint: 'Name the model file itself.',
  });
}

async function insideFolder(name: string, folder: string, roots: readonly string[]): Promise<string> {
  checkLocation(name);
  const path = join(folder, ...name.split('/'));
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) throw await missing(path);
  if (!roots.some((root) => isInside(real, root))) throw leavesFolder(name);
  if ((await stat(real)).isFile()) return real;
  throw new EdgefoldError('FILE', 'it is not a regular file', { where: path, expected: 'a weights file' });
}

function leavesFolder(name: string): EdgefoldError {
  return new EdgefoldError('UNSAFE', 'the model asks for a file behind a link that leaves its folder', {
    where: JSON.stringify(name),
    hint: 'Put the weights themselves beside the model file.',
  });
}

async function missing(path: string): Promise<EdgefoldError> {
  const folder = dirname(path);
  const names = await fileNames(folder).catch(() => undefined);
  return new EdgefoldError('FILE', 'there is no such file', {
    where: path,
    ...(names ? { received: `in ${folder}: ${listing(names)}` } : { received: `no folder ${folder}` }),
    ...(names?.includes(basename(path)) && { hint: 'It is a link to a file that is gone.' }),
  });
}

async function fileNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map(({ name }) => name)
    .sort();
}
