import { createHash } from 'node:crypto';
import { link, lstat, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EdgefoldError } from '../errors.ts';
import type { Graph } from '../onnx/graph.ts';
import { splitOnnx, type SplitLimits, type SplitModel, type WriteOptions } from '../onnx/write.ts';
import { discard } from './draft.ts';
import { syncFolder, writeDraft, type Draft } from './write-draft.ts';
import { failed, notRegular } from './faults.ts';
import { dataName, dataReferredTo, settle, sweep, type Journal } from './journal.ts';

export interface OutputOptions {
  /** Replaces an existing file; otherwise that is an error. */
  readonly force?: boolean;
  /**
   * Removes the data files of the model that is replaced, where no other file of the folder refers to them. Off by
   * default: a graph that was read from there may still need them.
   */
  readonly removeReplacedData?: boolean;
}

/**
 * Writes a file so that its name holds the old content or the new, never half of it: into a new file beside it,
 * which takes the name when everything is on the disk. A link is not followed, and the file's permissions stay.
 *
 * @returns its size in bytes.
 * @throws {EdgefoldError} FILE.
 */
export async function writeFileWhole(
  path: string,
  pieces: Iterable<Uint8Array>,
  options: OutputOptions = {},
): Promise<number> {
  const { sizeBytes } = await writeSplit(path, { dataBytes: 0, data: () => [], model: () => pieces }, options);
  return sizeBytes;
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
  return writeSplit(path, splitOnnx(graph, options), options);
}

async function writeSplit(path: string, split: SplitModel, options: OutputOptions): Promise<WrittenModel> {
  await sweep(dirname(path));
  const mode = await checkTarget(path, options);
  const hash = createHash('sha256');
  const data = split.dataBytes === 0 ? undefined : await writeDraft(path, split.data(), { mode, hash });
  const name = data && dataName(basename(path), hash.digest('hex'));
  const drafts = data ? [data.path] : [];
  try {
    const model = await writeDraft(path, split.model(name ?? ''), { mode });
    drafts.push(model.path);
    await commit(
      path,
      { model, data: data && { path: data.path, name: name! } },
      { ...options, isReplacing: mode !== undefined },
    );
    const target = data && { path: join(dirname(path), name!), sizeBytes: data.sizeBytes };
    return { path, sizeBytes: model.sizeBytes, data: target };
  } catch (cause) {
    for (const draft of drafts) await discard(draft);
    return failed('cannot be written', path, cause);
  }
}

interface Drafts {
  readonly model: Draft;
  readonly data: { readonly path: string; readonly name: string } | undefined;
}

interface CommitOptions extends OutputOptions {
  readonly isReplacing: boolean;
}

/** Gives drafts their names, the data first: that of the model is what counts. */
async function commit(path: string, { model, data }: Drafts, options: CommitOptions): Promise<void> {
  const folder = dirname(path);
  const journal = await openJournal(path, data?.name, options);
  try {
    if (data) {
      await rename(data.path, join(folder, data.name));
      await syncFolder(folder);
    }
    await takeName(model.path, path, options);
    await syncFolder(folder);
  } catch (cause) {
    // Somebody may refer to the data by now only if the model has its name.
    await discard(model.path);
    throw cause;
  } finally {
    if (journal) await settle(journal.path, journal.content);
  }
}

/** Notes, and puts on the disk, which data files may be without a model if this ends half-way; often there are none. */
async function openJournal(path: string, data: string | undefined, options: CommitOptions) {
  const isNew = data !== undefined && !(await lstat(join(dirname(path), data)).catch(() => undefined));
  const old = options.isReplacing && options.removeReplacedData ? await dataReferredTo(path) : [];
  const content: Journal = {
    model: basename(path),
    put: isNew ? [data] : [],
    replaced: old.filter((name) => name !== data),
  };
  if (content.put.length + content.replaced.length === 0) return undefined;
  const text = new TextEncoder().encode(JSON.stringify(content));
  const draft = await writeDraft(path, [text], { kind: 'journal' });
  try {
    await syncFolder(dirname(path));
  } catch (cause) {
    await discard(draft.path);
    throw cause;
  }
  return { path: draft.path, content };
}

/** Without `force` nothing is replaced, not even what somebody else has just written. */
async function takeName(draft: string, path: string, { force = false }: OutputOptions): Promise<void> {
  await checkTarget(path, { force });
  if (force || !(await isLinked(draft, path))) await rename(draft, path);
  else await discard(draft);
}

/** `false` where the file system has no hard links. */
async function isLinked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw existsAlready(path);
    if (NO_LINKS.has((cause as NodeJS.ErrnoException).code ?? '')) return false;
    throw cause;
  }
}

const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL']);

/** @returns the permissions of the file that is there. */
async function checkTarget(path: string, { force = false }: OutputOptions): Promise<number | undefined> {
  const found = await lstat(path).catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') failed('cannot be written', path, cause);
  });
  if (!found) return undefined;
  if (!found.isFile()) throw notRegular(path);
  if (force) return found.mode & 0o777;
  throw existsAlready(path);
}

function existsAlready(path: string): EdgefoldError {
  return new EdgefoldError('FILE', 'the file exists already', {
    where: path,
    hint: 'Give another name, or use force.',
  });
}
