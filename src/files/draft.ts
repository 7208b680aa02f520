import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { lstat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** What a file under way is: the content of another, or a note of what to tidy up; see `journal.ts`. */
export type DraftKind = 'tmp' | 'journal';

/** `.NAME.edgefold-SYSTEM-PID-START-RANDOM.KIND`, which tells whose it is. */
const DRAFT = /^\..*\.edgefold-([0-9a-f]{8})-([1-9]\d{0,9})-(\d{1,20})-[0-9a-f]{12}\.(tmp|journal)$/su;

/** Letters of the output's name in its draft's, which must not grow beyond what a file system allows. */
const NAME_LETTERS = 32;

/** The path of a new draft beside `path`. */
export function draftBeside(path: string, kind: DraftKind = 'tmp'): string {
  const name = Array.from(basename(path)).slice(0, NAME_LETTERS).join('');
  const owner = `${systemMark()}-${process.pid}-${startOf(process.pid) ?? '0'}`;
  return join(dirname(path), `.${name}.edgefold-${owner}-${randomBytes(6).toString('hex')}.${kind}`);
}

/** Drafts of this process that it could not remove. */
const abandoned = new Set<string>();

/** Removes a draft if it is still there; what cannot be removed now is left to a later run. */
export async function discard(path: string): Promise<void> {
  try {
    await unlink(path);
    abandoned.delete(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') abandon(path);
  }
}

/** Leaves it to the next run, of this process too. */
export function abandon(path: string): void {
  abandoned.add(path);
}

export const isDraft = (name: string): boolean => DRAFT.test(name);
export const isJournal = (name: string): boolean => DRAFT.exec(name)?.[4] === 'journal';

/** What another machine, or this one before it was started anew, may still be writing. */
const FOREIGN_MS = 24 * 3600 * 1000;

/** Whether the process that a draft belongs to is gone, as far as that can be known from here. */
export async function isLeftover(path: string): Promise<boolean> {
  const [, system, pid, start] = DRAFT.exec(basename(path)) ?? [];
  if (system === undefined) return false;
  if (abandoned.has(path)) return true;
  if (system === systemMark()) return !isRunning(Number(pid), start!);
  const stats = await lstat(path).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs > FOREIGN_MS;
}

function isRunning(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code !== 'ESRCH';
  }
  const now = startOf(pid);
  // Numbers of processes are given again.
  return now === undefined || start === '0' || now === start;
}

/** A process keeps its number on one machine from one start of it to the next, in one container. */
function systemMark(): string {
  const parts = [hostname(), orEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')), orEmpty(() => readlinkSync('/proc/self/ns/pid'))]; // prettier-ignore
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 8);
}

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/**
 * When a process was started, in ticks since the machine was; `undefined` where the system does not say, 'gone' for one
 * that has ended and was not waited for. Fields 3 and 22 of `/proc/PID/stat`, of which field 2 may hold anything.
 */
function startOf(pid: number): string | undefined {
  const text = orEmpty(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? 'gone' : fields[19];
}
