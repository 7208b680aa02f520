import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { MAIN, repositoryPath, temporaryFolder } from '../support/cli.ts';
import { tinyNormalized } from '../support/cli-models.ts';

/** Runs a script with `heldSignals` in a process of its own. */
async function run(script: string) {
  const { code: module } = await transform(readFileSync(repositoryPath('src/cli/signals.ts'), 'utf8'), {
    loader: 'ts',
  });
  const source = `${module}\n${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { stdout, code, signal };
}

const SLEEP = 'const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));';

describe('a signal while a file is written', () => {
  test('waits until the file is whole, then ends the process', async () => {
    const script = (signal: string) =>
      `${SLEEP} await heldSignals(async () => { process.kill(process.pid, '${signal}'); await sleep(50); console.log('whole'); }); console.log('more');`;
    expect(await run(script('SIGINT'))).toEqual({ stdout: 'whole\n', code: 130, signal: null });
    expect(await run(script('SIGTERM'))).toEqual({ stdout: 'whole\n', code: 143, signal: null });
  });

  test('sent twice ends the process at once', async () => {
    const script = `${SLEEP} await heldSignals(async () => { for (const _ of [1, 2]) { process.kill(process.pid, 'SIGINT'); await sleep(50); } console.log('whole'); });`;
    expect(await run(script)).toEqual({ stdout: '', code: null, signal: 'SIGINT' });
  });

  test('is not held before or after', async () => {
    const script = `${SLEEP} await heldSignals(async () => undefined); process.kill(process.pid, 'SIGINT'); await sleep(1000);`;
    expect(await run(script)).toEqual({ stdout: '', code: null, signal: 'SIGINT' });
  });

  test('leaves no unfinished file behind, whenever it comes', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'model.onnx'), tinyNormalized());
    for (let delayMs = 40; delayMs <= 400; delayMs += 40) {
      const args = [MAIN, 'fold', 'model.onnx', '--no-verify', '--force'];
      const child = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore' });
      setTimeout(() => child.kill('SIGINT'), delayMs);
      await once(child, 'close');
      for (const name of readdirSync(folder)) expect(['model.onnx', 'model.folded.onnx']).toContain(name);
    }
  });
});
