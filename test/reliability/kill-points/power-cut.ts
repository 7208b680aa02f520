import { basename } from 'node:path';
import type { Operation } from './faulty-disk.ts';

type Files = ReadonlyMap<string, Uint8Array>;

interface File {
  /** What is surely on the disk. */
  synced: Uint8Array;
  bytes: Uint8Array;
}

/** A change of the folder: names to files; `undefined` takes a name away. */
type Change = readonly (readonly [string, File | undefined])[];

/**
 * Every state of one folder that a power cut may leave, at any moment from operation `from` on. What was written to a file and
 * not synchronised is there, or not, or half of it; of the changes to the folder since it was synchronised any choice is there,
 * in their order. This is what POSIX allows, and more than what a file system with a journal does.
 */
export function* afterPowerCut(files: Files, operations: readonly Operation[], from = 0): Generator<Files> {
  const disk = new Disk(files);
  const seen = new Set<string>();
  for (let done = 0; done <= operations.length; done++) {
    if (done >= from) {
      for (const state of disk.states()) {
        const key = keyOf(state);
        if (!seen.has(key)) yield state;
        seen.add(key);
      }
    }
    if (done < operations.length) disk.carryOut(operations[done]!);
  }
}

const keyOf = (state: Files): string => [...state].map(([name, bytes]) => `${name}:${Buffer.from(bytes).toString('latin1')}`).sort().join('|'); // prettier-ignore

class Disk {
  readonly #synced: Map<string, File>;
  readonly #now: Map<string, File>;
  #pending: Change[] = [];

  constructor(files: Files) {
    this.#synced = new Map([...files].map(([name, bytes]) => [name, { synced: bytes, bytes }]));
    this.#now = new Map(this.#synced);
  }

  carryOut({ name, path, to, bytes, flags }: Operation): void {
    const file = this.#now.get(basename(path));
    if (name === 'open' && flags === 'wx') this.#change([[basename(path), { synced: NONE, bytes: NONE }]]);
    else if (name === 'write') file!.bytes = Buffer.concat([file!.bytes, bytes!]);
    else if (name === 'sync' && file) file.synced = file.bytes;
    else if (name === 'sync') this.#syncFolder();
    else if (name === 'rename')
      this.#change([[basename(to!), file], [basename(path), undefined]]); // prettier-ignore
    else if (name === 'link') this.#change([[basename(to!), file]]);
    else if (name === 'unlink') this.#change([[basename(path), undefined]]);
  }

  #change(change: Change): void {
    this.#pending.push(change);
    apply(this.#now, change);
  }

  #syncFolder(): void {
    for (const change of this.#pending) apply(this.#synced, change);
    this.#pending = [];
  }

  *states(): Generator<Files> {
    for (let choice = 0; choice < 2 ** this.#pending.length; choice++) {
      const names = new Map(this.#synced);
      for (const [i, change] of this.#pending.entries()) if (choice & (1 << i)) apply(names, change);
      yield* contents([...names]);
    }
  }
}

const NONE = new Uint8Array();

function apply(names: Map<string, File>, change: Change): void {
  for (const [name, file] of change) {
    if (file) names.set(name, file);
    else names.delete(name);
  }
}

/** Each file with each content that it may have. */
function* contents(files: readonly (readonly [string, File])[]): Generator<Files> {
  const [first, ...rest] = files;
  if (!first) {
    yield new Map();
    return;
  }
  const [name, { synced, bytes }] = first;
  const half = bytes.slice(0, synced.length + Math.floor((bytes.length - synced.length) / 2));
  const choices = bytes === synced ? [bytes] : [synced, half, bytes];
  for (const others of contents(rest)) for (const choice of choices) yield new Map([[name, choice], ...others]);
}
