import promises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/** One call that the writer makes of the system. */
export interface Operation {
  readonly name:
    'open' | 'write' | 'sync' | 'datasync' | 'close' | 'chmod' | 'rename' | 'link' | 'unlink' | 'readdir' | 'lstat';
  readonly path: string;
  /** The new name, of rename and link. */
  readonly to?: string;
  /** What is written. */
  readonly bytes?: Uint8Array;
  /** How a file is opened: `wx` or `r`. */
  readonly flags?: string;
}

/** Carries an operation out, or does something else. */
export type Happening = (operation: Operation, proceed: () => Promise<unknown>, half: () => Promise<unknown>) => Promise<unknown>; // prettier-ignore

type Call = (...given: never[]) => Promise<unknown>;

/**
 * Puts `happening` between this process and `node:fs/promises`, for paths in `folder`; `half` writes the first half of
 * the bytes and says so, as the system may.
 *
 * @returns what takes it away.
 */
export function watchDisk(folder: string, happening: Happening): () => void {
  const table = promises as unknown as Record<string, Call>;
  const real = { ...table };
  for (const name of ['rename', 'link', 'unlink', 'readdir', 'lstat'] as const) {
    table[name] = (...given: never[]) => {
      const [path, to] = given as unknown as [string, unknown];
      const proceed = () => real[name]!(...given);
      if (!path.startsWith(folder)) return proceed();
      return happening({ name, path, ...(typeof to === 'string' && { to }) }, proceed, proceed);
    };
  }
  table.open = async (...given: never[]) => {
    const [path, flags] = given as unknown as [string, unknown];
    const proceed = () => real.open!(...given);
    if (!path.startsWith(folder) || typeof flags !== 'string') return proceed();
    return watched((await happening({ name: 'open', path, flags }, proceed, proceed)) as FileHandle, path, happening);
  };
  syncBuiltinESMExports();
  return () => {
    Object.assign(promises, real);
    syncBuiltinESMExports();
  };
}

function watched(file: FileHandle, path: string, happening: Happening): FileHandle {
  const own = file as unknown as Record<string, Call>;
  for (const name of ['sync', 'datasync', 'close', 'chmod'] as const) {
    const real = own[name]!.bind(file);
    own[name] = (...given: never[]) => {
      const proceed = () => real(...given);
      return happening({ name, path }, proceed, proceed);
    };
  }
  const write = file.write.bind(file);
  own.write = (...given: never[]) => {
    const [bytes, offset] = given as unknown as [Uint8Array, number];
    const part = bytes.subarray(offset);
    const half = () => write(part.subarray(0, Math.ceil(part.length / 2)));
    return happening({ name: 'write', path, bytes: part }, () => write(part), half);
  };
  return file;
}

/** How one operation goes wrong. */
export const FAULTS = ['ENOSPC', 'EIO', 'EACCES', 'EDQUOT', 'EROFS', 'short', 'torn', 'full'] as const;
export const KILLS = ['kill-before', 'kill-half', 'kill-after'] as const;
export const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
export type Fault = (typeof FAULTS)[number] | (typeof KILLS)[number] | (typeof SIGNALS)[number];

const failure = (code: string) => Object.assign(new Error(`${code}: injected`), { code });

/**
 * Lets the n-th operation fail: with an error; `short`, which is no failure, writes half; `torn` writes half and then
 * has no space; `full` fails everything that needs space from there on. Counts from 0.
 */
export function failing(fault: Fault, n: number): { readonly happening: Happening; readonly count: () => number } {
  let count = 0;
  const happening: Happening = async (operation, proceed, half) => {
    if (isOfWrites(fault) && operation.name !== 'write') return proceed();
    const at = count++;
    if (fault === 'full' && at >= n && ['open', 'write', 'sync', 'datasync', 'link'].includes(operation.name)) throw failure('ENOSPC'); // prettier-ignore
    if (at !== n) return proceed();
    if (fault === 'short') return half();
    if (fault === 'torn') return half().then(() => Promise.reject(failure('ENOSPC')));
    if (fault === 'full') return proceed();
    if (fault === 'SIGINT' || fault === 'SIGTERM') process.kill(process.pid, fault);
    else if (!fault.startsWith('kill')) return closing(operation, proceed, fault);
    else return killed(fault, fault === 'kill-half' ? half : proceed);
    // The listener is called in a later turn.
    await new Promise((resolve) => setTimeout(resolve, 5));
    return proceed();
  };
  return { happening, count: () => count };
}

const isOfWrites = (fault: Fault): boolean => fault === 'short' || fault === 'torn' || fault === 'kill-half';

/** A close that fails has closed all the same. */
async function closing({ name }: Operation, proceed: () => Promise<unknown>, code: string): Promise<never> {
  if (name === 'close') await proceed();
  throw failure(code);
}

async function killed(fault: Fault, work: () => Promise<unknown>): Promise<unknown> {
  if (fault !== 'kill-before') await work();
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}
