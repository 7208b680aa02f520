import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MARK = '/edgefold-mark/';
/** What the program itself may open at any moment: its own modules, and what V8 asks Linux about memory. */
const OWN = [ROOT, '/sys/fs/cgroup/', '/sys/devices/system/cpu'];
const ABOUT_ITSELF = /^\/proc\/(self|\d+)\/(maps|status|stat|statm|cgroup|clear_refs|task\/.*)$|^\/proc\/meminfo$/;

/**
 * Opens and connections in a log of strace that lie between two marks and lead neither into the folder of the model
 * that is read then nor into the program. `-y` shows behind each descriptor what was really opened, links followed; an
 * open that failed has read nothing.
 */
export function strayOpens(log: string, top: string): string[] {
  const strays: string[] = [];
  let current = '';
  for (const line of log.split('\n')) {
    const mark = line.indexOf(MARK);
    if (mark >= 0) {
      const name = /^[\w-]+/.exec(line.slice(mark + MARK.length))?.[0] ?? 'end';
      current = name === 'end' ? '' : name;
    } else if (current !== '') {
      const stray = strayIn(line, `${top}/${current === '-1' ? 'first' : current}/model`);
      if (stray !== undefined) strays.push(`file ${current}: ${stray}`);
    }
  }
  return strays;
}

function strayIn(line: string, folder: string): string | undefined {
  if (/\bconnect\(/.test(line)) return line;
  const opened = /= \d+<([^>]*)>/.exec(line)?.[1];
  if (opened === undefined) return undefined;
  const writes = /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|creat\(/.test(line);
  const isOurs = opened.startsWith(`${folder}/`) || opened === folder;
  const isOwn = OWN.some((prefix) => opened.startsWith(prefix)) || ABOUT_ITSELF.test(opened);
  return (isOurs || isOwn) && (!writes || ABOUT_ITSELF.test(opened)) ? undefined : line;
}
