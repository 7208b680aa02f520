import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import { repositoryPath } from '../../support/cli.ts';

/** Makes one module of a script of this folder, so that a process which runs it starts at once. */
export async function bundled(script: string, folder: string): Promise<string> {
  const outfile = join(folder, script.replace(/\.ts$/, '.mjs'));
  const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };
  const entry = repositoryPath(`test/reliability/kill-points/${script}`);
  await build({ entryPoints: [entry], outfile, banner, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' }); // prettier-ignore
  return outfile;
}

/** How a process ended: its exit code, or the signal that ended it. */
export async function ended(args: readonly string[]): Promise<number | string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.on('close', (...how) => {
      resolve(how);
    }),
  );
  if (code !== null && code !== 0 && code < 128) throw new Error(said);
  return signal ?? code ?? -1;
}
