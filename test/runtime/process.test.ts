import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { endlessLoop } from './suite.ts';
import { buildRuntime, type BuiltRuntime } from '../support/built-runtime.ts';
import { perceptron, randomLayers } from '../support/runnable-models.ts';

/** What concerns a whole process, seen from outside: the runtime is bundled and run by a Node of its own. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let built: BuiltRuntime;
let folder: string;

beforeAll(() => {
  built = buildRuntime();
  ({ folder } = built);
  writeFileSync(join(folder, 'model.onnx'), perceptron(randomLayers([64, 64, 8], 1)));
});

afterAll(() => {
  built[Symbol.dispose]();
});

/** The packages that a run of its own finds; an empty folder hides one of that name in any folder above. */
const RUNTIMES = ['onnxruntime-node', 'onnxruntime-web'] as const;

function installPackages(folder: string, installed: readonly string[]): void {
  mkdirSync(folder);
  for (const name of RUNTIMES) {
    if (installed.includes(name)) symlinkSync(join(ROOT, 'node_modules', name), join(folder, name));
    else mkdirSync(join(folder, name));
  }
  if (installed.length > 0)
    symlinkSync(join(ROOT, 'node_modules/onnxruntime-common'), join(folder, 'onnxruntime-common'));
}

interface Run {
  /** Default: all. */
  readonly installed?: readonly string[];
  /** What the process is started with; default Node. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A folder with the runtime and a script that imports it. */
function prepare(script: string, installed: readonly string[] = RUNTIMES): string {
  const work = mkdtempSync(join(folder, 'run-'));
  cpSync(join(folder, 'bundle'), work, { recursive: true });
  writeFileSync(join(work, 'script.mjs'), script);
  installPackages(join(work, 'node_modules'), installed);
  return work;
}

/** Runs a script in a home folder of its own; CI is not set, because onnxruntime sends nothing there anyway. */
function runNode(script: string, { installed = RUNTIMES, env = {}, command = [] }: Run = {}) {
  const work = prepare(script, installed);
  const [home, temporary] = [join(work, 'home'), join(work, 'tmp')];
  for (const path of [home, temporary]) mkdirSync(path);
  const [program, ...args] = [...command, process.execPath, '--expose-gc', 'script.mjs'];
  const { stdout, stderr, status } = spawnSync(program, args, {
    cwd: work,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: home, TMPDIR: temporary, MODEL: join(folder, 'model.onnx'), ...env },
  });
  expect(status, stderr).toBe(0);
  const written = [home, temporary].flatMap((path) => readdirSync(path, { recursive: true, encoding: 'utf8' }));
  return { stdout, stderr, written, work };
}

const LOAD_AND_RUN = `
  import { load } from './runtime.js';
  const model = await load(process.env.MODEL);
  await model.run({ x: new Float32Array(64) });
  await model.dispose();
  console.log('done');
`;

// No test starts onnxruntime with telemetry on, to see those files appear: it would send for real.
test('leaves nothing in the home or temporary folder: telemetry is off before onnxruntime starts', () => {
  expect(runNode(LOAD_AND_RUN)).toMatchObject({ stdout: 'done\n', written: [] });
});

test('leaves nothing there from a worker or a process either', () => {
  for (const thread of ['worker', 'process']) {
    const script = LOAD_AND_RUN.replace('process.env.MODEL)', `process.env.MODEL, { thread: '${thread}' })`);
    expect(runNode(script)).toMatchObject({ stdout: 'done\n', written: [] });
  }
});

const hasStrace = spawnSync('strace', ['-V']).status === 0;

test.skipIf(!hasStrace)('opens no socket and writes no file (NOT RUN where there is no strace)', () => {
  const script = LOAD_AND_RUN.replace('process.env.MODEL)', "process.env.MODEL, { thread: 'process' })");
  const command = ['strace', '-f', '-qq', '-e', 'trace=socket,connect,openat,creat,unlink,rename', '-o', 'trace.log'];
  const { stdout, work } = runNode(script, { command });
  expect(stdout).toBe('done\n');
  const calls = readFileSync(join(work, 'trace.log'), 'utf8').split('\n');
  expect(calls.some((call) => call.includes('openat') && call.includes('onnxruntime_binding.node'))).toBe(true);
  expect(calls.filter((call) => /AF_INET|connect\(/.test(call))).toEqual([]);
  const writes = calls.filter((call) => /O_WRONLY|O_RDWR|O_CREAT|creat\(|unlink\(|rename\(/.test(call));
  expect(writes.filter((call) => !/\/dev\/(null|tty)|\/proc\/self/.test(call))).toEqual([]);
});

test('runs on the WebAssembly of onnxruntime-web where onnxruntime-node is missing, and says so', () => {
  const script = `
    import { load } from './runtime.js';
    const model = await load(process.env.MODEL);
    const { y } = await model.run({ x: new Float32Array(64) });
    const { used, requested, refused } = model.report;
    console.log(JSON.stringify({ used, requested, refused: refused.map((each) => each.provider), size: y.data.length }));
    await model.dispose();
  `;
  const { stdout } = runNode(script, { installed: ['onnxruntime-web'] });
  expect(JSON.parse(stdout)).toEqual({ used: 'wasm', requested: ['cpu', 'wasm'], refused: ['cpu'], size: 8 });
});

const IN_WORKER = `
  import { isMainThread, Worker } from 'node:worker_threads';
  import { load, disableTelemetry } from './runtime.js';
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
    import { load } from './runtime.js';
    await load(process.env.MODEL).catch(({ code, message }) => console.log(code, message));
  `;
  const { stdout } = runNode(script, { installed: [] });
  expect(stdout).toMatch(/^PROVIDER .*onnxruntime-node cannot be loaded.*npm install onnxruntime-node/);
});

test('writes nothing to stderr when onnxruntime refuses a model', () => {
  const script = `
    import { load } from './runtime.js';
    await load(new Uint8Array(10)).catch(() => console.log('refused'));
  `;
  expect(runNode(script)).toMatchObject({ stdout: 'refused\n', stderr: '' });
});

const hasPgrep = spawnSync('pgrep', ['--version']).status === 0;

test.skipIf(!hasPgrep).each([0, 20, 100, 300, 1500])(
  'ends an endless run when the process that asked for it is killed %i ms later (NOT RUN where there is no pgrep)',
  async (ms) => {
    writeFileSync(join(folder, 'endless.onnx'), endlessLoop());
    const script = `
    import { load } from './runtime.js';
    const model = await load(process.env.ENDLESS, { thread: 'process', warmup: 0 });
    void model.run({ x: new Float32Array(1) });
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${String(ms)});
  `;
    const work = prepare(script);
    const child = spawn(process.execPath, ['script.mjs'], {
      cwd: work,
      env: { ...process.env, ENDLESS: join(folder, 'endless.onnx') },
    });
    const [, signal] = (await once(child, 'exit')) as [unknown, string];
    expect(signal).toBe('SIGKILL');
    await vi.waitFor(() => {
      expect(spawnSync('pgrep', ['-f', work], { encoding: 'utf8' }).stdout).toBe('');
    }, 5000);
  },
);

/** Growth of the process per model that is loaded, run and let go of as `end` says. */
function bytesPerCycle(end: string): number {
  const { stdout } = runNode(`
    import { load } from './runtime.js';
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
