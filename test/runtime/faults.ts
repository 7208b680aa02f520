import { readdirSync, readFileSync } from 'node:fs';
import { Graph } from '../../src/onnx/graph.ts';
import { int } from '../../src/onnx/attribute.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import type { Load, Model } from '../../src/runtime/model.ts';
import { perceptron, randomLayers } from '../support/runnable-models.ts';
import { endlessLoop } from './suite.ts';

/** Ways for a runtime to end that no `catch` in its own process would see, or that would never end. */
export interface Fault {
  readonly name: string;
  /** The code of the error that it has to become. */
  readonly code: 'DIED' | 'ABORTED' | 'RUNTIME';
  readonly inject: (load: Load) => Promise<unknown>;
}

/** How long a process may take until it is given up; loading is not counted. */
const LIMIT_MS = 100;

export const FAULTS: readonly Fault[] = [
  {
    // onnxruntime divides by the number of heads.
    name: 'SIGFPE while loading',
    code: 'DIED',
    inject: (load) => load(noHeads(), { thread: 'process' }),
  },
  {
    name: 'SIGKILL while running',
    code: 'DIED',
    inject: (load) =>
      withModel(load, endlessLoop(), (model) => {
        const run = model.run({ x: new Float32Array(1) });
        setTimeout(() => {
          for (const pid of children()) process.kill(pid, 'SIGKILL');
        }, LIMIT_MS);
        return run;
      }),
  },
  {
    name: 'SIGSEGV while running',
    code: 'DIED',
    inject: (load) =>
      withModel(load, endlessLoop(), (model) => {
        const run = model.run({ x: new Float32Array(1) });
        setTimeout(() => {
          for (const pid of children()) process.kill(pid, 'SIGSEGV');
        }, LIMIT_MS);
        return run;
      }),
  },
  {
    name: 'a run without an end',
    code: 'ABORTED',
    inject: (load) =>
      withModel(load, endlessLoop(), (model) =>
        model.run({ x: new Float32Array(1) }, { signal: AbortSignal.timeout(LIMIT_MS) }),
      ),
  },
  {
    name: 'more memory than there is',
    code: 'RUNTIME',
    inject: (load) => withModel(load, filled(), (model) => model.run({ x: BigInt64Array.of(2n ** 40n) })),
  },
];

/** What works before and after every fault. */
export async function checkHealth(load: Load): Promise<void> {
  await using model = await load(perceptron(randomLayers([4, 5, 3], 1)), { thread: 'process' });
  const { y } = await model.run({ x: Float32Array.of(1, 2, 3, 4) });
  if (y!.data.length !== 3) throw new Error('the next job went wrong');
}

async function withModel(load: Load, bytes: Uint8Array, work: (model: Model) => Promise<unknown>): Promise<unknown> {
  await using model = await load(bytes, { thread: 'process', warmup: 0 });
  return await work(model);
}

/** Processes that this one has started, as Linux tells; other systems have no such list. */
function children(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === process.pid)
    .filter((name) => readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('host.js'))
    .map(Number);
}

function parentOf(pid: string): number {
  try {
    // The name of the command, in parentheses, may hold spaces.
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  } catch {
    return 0;
  }
}

/** Attention with kv_num_heads = 0. */
export function noHeads(): Uint8Array {
  const graph = new Graph('no-heads');
  graph.model.opsets.set('', 23);
  graph.model.irVersion = 10;
  const type = (shape: readonly number[]) => ({ dtype: 'float32', shape }) as const;
  const inputs = [graph.input('q', type([2, 4, 72])), graph.input('k', type([2, 6, 24])), graph.input('v', type([2, 6, 24]))]; // prettier-ignore
  const attributes = { q_num_heads: int(9), kv_num_heads: int(0) };
  graph.outputs.push(graph.node('Attention', { inputs, attributes, output: { name: 'y', ...type([2, 4, 72]) } }));
  return writeOnnx(graph);
}

/** As many zeros as its input says. */
function filled(): Uint8Array {
  const graph = new Graph('filled');
  const x = graph.input('x', { dtype: 'int64', shape: [1] });
  graph.outputs.push(graph.node('ConstantOfShape', { inputs: [x], output: { name: 'y', dtype: 'float32', shape: ['n'] } })); // prettier-ignore
  return writeOnnx(graph);
}
