import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { EdgefoldError } from '../errors.ts';
import type { SourceFiles } from '../export/source-model.ts';
import { readFileBytes } from '../node-files.ts';
import { readStdin, STDIN } from './stdin.ts';

/** Source files on this machine, and where they were found: output may go to none of these places. */
export interface OpenedSource extends SourceFiles {
  /** The model file; `undefined` for standard input. */
  readonly path: string | undefined;
  /** Every file read so far. */
  readonly pathsRead: ReadonlySet<string>;
}

/**
 * Opens a model file, a folder that holds `model.json`, or `-` for standard input (formats of one file only).
 * Files beside it are read by plain relative name; what leaves the folder is refused, symbolic links included, unless
 * the model file itself is a link into the same folder (as the Hugging Face cache lays its files out).
 *
 * @throws {EdgefoldError} FILE; from `sibling` also UNSAFE.
 */
export async function openSource(given: string): Promise<OpenedSource> {
  if (given === STDIN) return fromStdin();
  const path = await modelFile(given);
  const bytes = await readFileBytes(path);
  const pathsRead = new Set([path]);
  const folder = dirname(path);
  const roots = await Promise.all([realpath(folder), realpath(path).then(dirname)]);
  return {
    path,
    pathsRead,
    name: path,
    bytes,
    sibling: async (name) => {
      const target = await insideFolder(name, folder, roots);
      pathsRead.add(target);
      return readFileBytes(target);
    },
    siblings: () => fileNames(folder),
  };
}

async function fromStdin(): Promise<OpenedSource> {
  return {
    path: undefined,
    pathsRead: new Set(),
    name: 'standard input',
    bytes: await readStdin(),
    siblings: () => Promise.resolve([]),
    sibling: (name) =>
      Promise.reject(
        new EdgefoldError('FILE', 'standard input has no files beside it', {
          where: name,
          hint: 'Give the path of the model file instead of "-".',
        }),
      ),
  };
}

/** The file itself, or `model.json` in the folder given. */
async function modelFile(given: string): Promise<string> {
  const stats = await stat(given).catch(() => undefined);
  if (!stats) throw await missing(given);
  if (stats.isFile()) return given;
  if (!stats.isDirectory()) {
    throw new EdgefoldError('FILE', 'it is not a regular file', { where: given, expected: 'a model file or a folder' });
  }
  const inside = join(given, 'model.json');
  if ((await stat(inside).catch(() => undefined))?.isFile()) return inside;
  throw new EdgefoldError('FILE', 'the folder holds no model.json', {
    where: given,
    received: listing(await fileNames(given)),
    hint: 'Name the model file itself.',
  });
}

async function insideFolder(name: string, folder: string, roots: readonly string[]): Promise<string> {
  const unsafe = whyUnsafe(name);
  if (unsafe) throw outside(name, unsafe);
  const path = join(folder, ...name.split('/'));
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) throw await missing(path);
  if (!roots.some((root) => isInside(real, root))) throw outside(name, 'it is a link that leaves the folder');
  if ((await stat(real)).isFile()) return real;
  throw new EdgefoldError('FILE', 'it is not a regular file', { where: path, expected: 'a weights file' });
}

function whyUnsafe(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.includes('\0')) return 'it holds a NUL character';
  if (/^[a-z][a-z0-9+.-]*:/i.test(name)) return 'it is an address or names a drive';
  if (name.startsWith('/') || name.includes('\\')) return 'it is not a plain relative name';
  return name.split('/').includes('..') ? 'it leaves the folder of the model' : undefined;
}

function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`);
}

function outside(name: string, reason: string): EdgefoldError {
  return new EdgefoldError('UNSAFE', `the model asks for a file that may not be read: ${reason}`, {
    where: JSON.stringify(name),
    expected: 'a file in the folder of the model',
    hint: 'Put the weights beside the model file and name them plainly.',
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

const LISTED = 8;

function listing(names: readonly string[]): string {
  if (names.length === 0) return 'no files';
  const more = names.length - LISTED;
  return names.slice(0, LISTED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
