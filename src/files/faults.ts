import { EdgefoldError } from '../errors.ts';

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

/** Turns an error of the system into one of ours. */
export function failed(what: string, path: string, cause: unknown): never {
  if (cause instanceof EdgefoldError) throw cause;
  const { code = '', message } = cause as NodeJS.ErrnoException;
  throw new EdgefoldError('FILE', `the file ${what}`, { where: path, received: REASONS[code] ?? message, cause });
}

export function notRegular(path: string): EdgefoldError {
  return new EdgefoldError('FILE', 'it is not a regular file', { where: path });
}

export function cutOff(path: string, expected: number, received: number): EdgefoldError {
  return new EdgefoldError('FILE', 'the file became shorter while it was read', {
    where: path,
    expected: `${String(expected)} bytes`,
    received: String(received),
  });
}
