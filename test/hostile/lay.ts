import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync, lstatSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Entry, Folder } from './hostile-file.ts';

/** Lays the files of a model into a folder: links last, so that there is what they lead to. */
export function lay(folder: Folder, top: string): void {
  mkdirSync(top, { recursive: true });
  const entries = Object.entries(folder).map(([name, entry]) => ({ path: join(top, name), entry }));
  const isLink = ({ entry }: { entry: Entry }) => typeof entry === 'object' && 'hardLink' in entry;
  for (const { path, entry } of [...entries.filter((each) => !isLink(each)), ...entries.filter(isLink)]) {
    mkdirSync(dirname(path), { recursive: true });
    layEntry(entry, path, top);
  }
}

function layEntry(entry: Entry, path: string, top: string): void {
  if (entry instanceof Uint8Array) writeFileSync(path, entry);
  else if (entry === 'folder') mkdirSync(path);
  else if (entry === 'pipe') execFileSync('mkfifo', [path]);
  else if ('link' in entry) symlinkSync(entry.link, path);
  else if ('hardLink' in entry) linkSync(join(top, entry.hardLink), path);
  else {
    writeFileSync(path, '');
    truncateSync(path, entry.zeros);
  }
}

/** Every name below a folder with its size and time of change: what writing would alter. */
export function inventory(top: string): string {
  const names = readdirSync(top, { recursive: true, encoding: 'utf8' }).sort();
  return names
    .map((name) => {
      const { size, mtimeMs, mode } = lstatSync(join(top, name));
      return `${name} ${size} ${mtimeMs} ${mode}`;
    })
    .join('\n');
}

export function sizeBytesOf(folder: Folder): number {
  return Object.values(folder).reduce((sum, entry) => {
    if (entry instanceof Uint8Array) return sum + entry.length;
    return typeof entry === 'object' && 'zeros' in entry ? sum + entry.zeros : sum;
  }, 0);
}
