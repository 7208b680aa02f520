import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A real browser, where there is one: `CHROMIUM` in the environment, or where systems keep it. */
export const CHROMIUM = [
  process.env.CHROMIUM ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
].find((path) => path !== '' && existsSync(path));

/** The document of a page as it is when its scripts have run, and what the browser said on its console. */
export async function documentOf(url: string): Promise<{ html: string; console: string }> {
  const profile = mkdtempSync(join(tmpdir(), 'edgefold-chromium-'));
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--enable-logging=stderr',
    `--user-data-dir=${profile}`,
  ];
  try {
    const { stdout, stderr } = await promisify(execFile)(CHROMIUM!, [...flags, '--virtual-time-budget=5000', '--dump-dom', url], { maxBuffer: 2 ** 26 }); // prettier-ignore
    return { html: stdout, console: stderr.split('\n').filter((line) => line.includes('CONSOLE')).join('\n') }; // prettier-ignore
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
