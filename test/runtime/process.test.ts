import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { perceptron, randomLayers } from '../support/runnable-models.ts';

/** What concerns a whole process, seen from outside: the runtime is bundled and run by a Node of its own. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'edgefold-process-'));
  buildSync({
    entryPoints: [join(ROOT, 'src/runtime/node.ts')],
    outfile: join(folder, 'bundle/runtime.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['onnxruntime-node'],
    logLevel: 'error',
  });
  writeFileSync(join(folder, 'model.onnx'), perceptron(randomLayers([64, 64, 8], 1)));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Run {
  readonly installed?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a script in a home folder of its own; CI is not set, because onnxruntime sends nothing there anyway. */
function runNode(script: string, { installed = true, env = {} }: Run = {}) {
  const work = mkdtempSync(join(folder, 'run-'));
  const [home, temporary] = [join(work, 'home'), join(work, 'tmp')];
  for (const path of [home, temporary]) mkdirSync(path);
  symlinkSync(join(folder, 'bundle/runtime.mjs'), join(work, 'runtime.mjs'));
  writeFileSync(join(work, 'script.mjs'), script);
  // An empty folder hides a package of that name in any folder above.
  if (installed) symlinkSync(join(ROOT, 'node_modules'), join(work, 'node_modules'));
  else mkdirSync(join(work, 'node_modules/onnxruntime-node'), { recursive: true });
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--preserve-symlinks', '--expose-gc', 'script.mjs'], {
    cwd: work,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: home, TMPDIR: temporary, MODEL: join(folder, 'model.onnx'), ...env },
  });
  expect(status, stderr).toBe(0);
  const written = [home, temporary].flatMap((path) => readdirSync(path, { recursive: true, encoding: 'utf8' }));
  return { stdout, stderr, written };
}

const LOAD_AND_RUN = `
  import { load } from './runtime.mjs';
  const model = await load(process.env.MODEL);
  await model.run({ x: new Float32Array(64) });
  await model.dispose();
  console.log('done');
`;

// No test starts onnxruntime with telemetry on, to see those files appear: it would send for real.
test('leaves nothing in the home or temporary folder: telemetry is off before onnxruntime starts', () => {
  expect(runNode(LOAD_AND_RUN)).toMatchObject({ stdout: 'done\n', written: [] });
});

const IN_WORKER = `
  import { isMainThread, Worker } from 'node:worker_threads';
  import { load, disableTelemetry } from './runtime.mjs';
  if (isMainThread) {
    if (process.env.FIRST) disableTelemetry();
    new Worker(new URL(import.meta.url));
  } else {
    process.env.ORT_DISABLE_TELEMETRY = '1';
    await load(process.env.MODEL).then(() => console.log('loaded'), (error) => console.log(error.message));
  }
`;

test('refuses to start onnxruntime in a worker that native code would see with telemetry on', () => {
  const { stdout, written } = runNode(IN_WORKER);
  expect(stdout).toMatch(/would send telemetry .* Call disableTelemetry\(\) on the main thread first/);
  expect(written).toEqual([]);
});

test('loads in a worker after disableTelemetry() on the main thread, or with the variable set from outside', () => {
  expect(runNode(IN_WORKER, { env: { FIRST: '1' } })).toMatchObject({ stdout: 'loaded\n', written: [] });
  expect(runNode(IN_WORKER, { env: { ORT_DISABLE_TELEMETRY: '1' } })).toMatchObject({
    stdout: 'loaded\n',
    written: [],
  });
});

test('says how to install onnxruntime-node where it is missing', () => {
  const script = `
    import { load } from './runtime.mjs';
    await load(process.env.MODEL).catch(({ code, message }) => console.log(code, message));
  `;
  const { stdout } = runNode(script, { installed: false });
  expect(stdout).toMatch(/^PROVIDER .*onnxruntime-node cannot be loaded.*npm install onnxruntime-node/);
});

test('writes nothing to stderr when onnxruntime refuses a model', () => {
  const script = `
    import { load } from './runtime.mjs';
    await load(new Uint8Array(10)).catch(() => console.log('refused'));
  `;
  expect(runNode(script)).toMatchObject({ stdout: 'refused\n', stderr: '' });
});

/** Growth of the process per model that is loaded, run and let go of as `end` says. */
function bytesPerCycle(end: string): number {
  const { stdout } = runNode(`
    import { load } from './runtime.mjs';
    const kept = [];
    const rssAfter = async (cycles) => {
      for (let i = 0; i < cycles; i++) {
        const model = await load(process.env.MODEL);
        await model.run({ x: new Float32Array(64) });
        ${end};
      }
      gc();
      return process.memoryUsage.rss();
    };
    const start = await rssAfter(100);
    console.log((await rssAfter(300) - start) / 300);
  `);
  return Number(stdout);
}

test('gives back the memory of disposed models, which those that are kept hold on to', () => {
  const boundBytes = 2 ** 15;
  expect(bytesPerCycle('await model.dispose()')).toBeLessThan(boundBytes);
  expect(bytesPerCycle('kept.push(model)')).toBeGreaterThan(boundBytes);
});
