import { createReadStream, type BigIntStats } from 'node:fs';
import { lstat, readdir, readFile, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { abandon, discard, isDraft, isJournal, isLeftover } from './draft.ts';

/**
 * What a run that puts a data file beside a model, or replaces a model that had one, writes down first: if it is
 * killed, the next run into the folder knows which data files it left without a model.
 */
export interface Journal {
  /** Names of files in the folder, as all of them. */
  readonly model: string;
  /** Did not exist before. */
  readonly put: readonly string[];
  /** Belonged to the model that is replaced. */
  readonly replaced: readonly string[];
}

/** Names of data files: of a model's name and 16 digits of the SHA-256 of what they hold. */
export const dataName = (model: string, hash: string): string => `${stemOf(model)}.${hash.slice(0, 16)}.data`;

const stemOf = (model: string): string => model.replace(/\.onnx$/, '');

/** Whether a model of this name can have such a data file. */
export const isDataOf = (model: string, name: string): boolean =>
  name.startsWith(`${stemOf(model)}.`) && /^[0-9a-f]{16}\.data$/.test(name.slice(stemOf(model).length + 1));

/** The data files of a model's own name that it refers to. */
export async function dataReferredTo(path: string): Promise<string[]> {
  const names = (await readdir(dirname(path))).filter((name) => isDataOf(basename(path), name));
  return names.length === 0 ? [] : [...(await mentioned(path, names))].sort();
}

/**
 * Removes what runs into this folder left that are no longer running. What cannot be looked at or removed stays; this
 * fails nobody's work.
 */
export async function sweep(folder: string): Promise<void> {
  const names = (await readdir(folder).catch(() => [])).filter(isDraft);
  const left: string[] = [];
  for (const name of names) if (await isLeftover(join(folder, name))) left.push(name);
  // Models under way first: they refer to data.
  for (const name of left.filter((each) => !isJournal(each))) await removeDraft(join(folder, name));
  for (const name of left.filter(isJournal)) await settleLeft(join(folder, name));
}

async function removeDraft(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isDirectory()) await rm(path, { recursive: true }).catch(() => undefined);
  else if (stats?.isFile()) await discard(path);
}

async function settleLeft(path: string): Promise<void> {
  if (!(await lstat(path).catch(() => undefined))?.isFile()) return;
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const journal = parsed(text);
  if (journal) await settle(path, journal);
  // One that was cut off was written before anything was done.
  else await discard(path);
}

/** Removes the data files that a journal names and no file of the folder refers to any more, and then the journal. */
export async function settle(path: string, journal: Journal): Promise<void> {
  try {
    await removeUnused(dirname(path), journal);
    await discard(path);
  } catch {
    abandon(path);
  }
}

/** @throws whatever keeps it from knowing; nothing is removed on a guess. */
async function removeUnused(folder: string, { model, put, replaced }: Journal): Promise<void> {
  // Who has moved the model away may come back for its data.
  const isReplaced = (await found(join(folder, model)))?.isFile() ?? false;
  const data = new Map<string, BigIntStats>();
  for (const name of isReplaced ? [...put, ...replaced] : put) {
    const stats = await found(join(folder, name));
    if (stats?.isFile() && stats.nlink === 1n) data.set(name, stats);
  }
  if (data.size === 0) return;
  const used = await usedIn(folder, [...data.keys()]);
  for (const [name, { ino, mtimeNs }] of data) {
    const now = await found(join(folder, name));
    const isSame = now?.ino === ino && now.mtimeNs === mtimeNs;
    if (isSame && !used.has(name)) await unlink(join(folder, name));
  }
}

/** `undefined` for what is not there. */
async function found(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}

/** Which of the names stand in any other file of a folder. @throws while somebody writes there. */
async function usedIn(folder: string, names: readonly string[]): Promise<Set<string>> {
  const used = new Set<string>();
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (names.includes(name) || isJournal(name)) continue;
    if (isDraft(name)) throw new Error('somebody is writing');
    if (!(await isFile(path))) continue;
    for (const each of await mentioned(path, names)) used.add(each);
  }
  return used;
}

/** A link that leads nowhere refers to nothing. */
async function isFile(path: string): Promise<boolean> {
  if (!(await lstat(path)).isSymbolicLink()) return (await stat(path)).isFile();
  return stat(path).then((stats) => stats.isFile(), () => false); // prettier-ignore
}

/** Beyond this protobuf cannot hold a model. */
const MAX_MODEL_BYTES = 2 ** 31;

async function mentioned(path: string, names: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  if ((await stat(path)).size > MAX_MODEL_BYTES) return found;
  const needles = names.map((name) => ({ name, bytes: Buffer.from(name) }));
  const overlap = Math.max(...needles.map(({ bytes }) => bytes.length)) - 1;
  let window = Buffer.alloc(0);
  for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    window = Buffer.concat([window.subarray(Math.max(0, window.length - overlap)), piece as Buffer]);
    for (const { name, bytes } of needles) if (window.includes(bytes)) found.add(name);
  }
  return found;
}

function parsed(text: string): Journal | undefined {
  try {
    const { model, put, replaced } = JSON.parse(text) as Record<keyof Journal, unknown>;
    if (typeof model !== 'string' || basename(model) !== model) return undefined;
    const names = (list: unknown): list is string[] =>
      Array.isArray(list) && list.every((name) => typeof name === 'string' && isDataOf(model, name));
    return names(put) && names(replaced) ? { model, put, replaced } : undefined;
  } catch {
    return undefined;
  }
}
