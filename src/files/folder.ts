import { relative, sep } from 'node:path';

/** Whether a path lies in a folder or below it; both resolved, links followed. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`);
}
