import { aborted } from './faults.ts';

export interface GatherOptions {
  /** Most items in a group. */
  readonly size: number;
  /** How long the first item of a group waits for more. */
  readonly maxDelayMs: number;
  readonly signal?: AbortSignal;
}

/** What has been read and not yet been taken. */
interface Line<T> {
  readonly items: { readonly item: T; readonly since: number }[];
  isOver: boolean;
  failure: { readonly error: unknown } | undefined;
  /** Called when any of these has changed. */
  wake: () => void;
}

/**
 * Groups of items as they come: full ones at once, others when their first item has waited long enough. Reads ahead by
 * one group while the one before is worked on, and no further.
 */
export async function* gather<T>(
  items: AsyncIterable<T> | Iterable<T>,
  { size, maxDelayMs, signal }: GatherOptions,
): AsyncIterable<T[]> {
  const line: Line<T> = { items: [], isOver: false, failure: undefined, wake: () => undefined };
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const onAbort = () => {
    line.wake();
  };
  signal?.addEventListener('abort', onAbort);
  let room: () => void = () => undefined;
  const hasRoom = () => (line.items.length < size ? undefined : new Promise<void>((resolve) => (room = resolve)));
  void readAll(iterator, line, hasRoom);
  try {
    for (;;) {
      await somethingToDo(line, size, maxDelayMs, signal);
      if (signal?.aborted) throw aborted('the stream', signal);
      const group = line.items.splice(0, size).map(({ item }) => item);
      room();
      if (group.length > 0) yield group;
      else if (line.failure) throw line.failure.error;
      else if (line.isOver) return;
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    // A source that is waiting may never end, so nobody waits for its end; what fails in it then concerns nobody.
    if (!line.isOver) void end(iterator).catch(() => undefined);
  }
}

/** A `return()` that throws at once fails like one that does so later. */
async function end(iterator: AsyncIterator<unknown> | Iterator<unknown>): Promise<void> {
  await iterator.return?.();
}

async function readAll<T>(
  iterator: AsyncIterator<T> | Iterator<T>,
  line: Line<T>,
  hasRoom: () => Promise<void> | undefined,
): Promise<void> {
  try {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      // Like `for await`: an iterable may give promises.
      line.items.push({ item: await next.value, since: performance.now() });
      line.wake();
      await hasRoom();
    }
  } catch (error) {
    line.failure = { error };
  }
  line.isOver = true;
  line.wake();
}

/** Waits for a full group, a first item that has waited its time, or the end. */
async function somethingToDo<T>(
  line: Line<T>,
  size: number,
  maxDelayMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  while (!line.isOver && line.items.length < size && !signal?.aborted) {
    const [first] = line.items;
    const waitMs = first ? first.since + maxDelayMs - performance.now() : Infinity;
    if (waitMs <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = first && setTimeout(resolve, Math.ceil(waitMs));
      line.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
