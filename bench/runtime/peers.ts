import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSource } from '../../src/files/source.ts';
import { tfjsModelOf } from '../../src/cli/original/original-of.ts';
import { exportSource } from '../../src/export/export-model.ts';
import { readSource } from '../../src/export/read/read-source.ts';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { openTfjs, type TfjsModel } from '../../src/parity/original/tfjs.ts';
import { bench, type Timing } from '../../src/runtime/bench.ts';
import type { LoadOptions, Outputs } from '../../src/runtime/model.ts';
import { load } from '../../src/runtime/node.ts';
import { asked, cpuMs, record, rounded } from './record.ts';
import { subjects, type Subject } from './subjects.ts';

/**
 * Models on Edgefold and on what else runs them in Node, each from the caller's numbers to its own:
 * `tsx bench/runtime/peers.ts [--quick] [WORD…]`, the models whose name has every word. onnxruntime gets the exported
 * model unfolded and its own default options; TF.js the layers of the file.
 */
interface Contender {
  readonly name: string;
  /** Before each turn. */
  ready?(): Promise<unknown>;
  run(): Promise<Outputs>;
  dispose(): unknown;
}

interface Case {
  readonly unfolded: Uint8Array;
  readonly folded: Uint8Array;
  readonly tfjs: TfjsModel;
  readonly inputName: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const { quick, words } = asked();
const [TURNS, SECONDS] = quick ? [1, 0.1] : [8, 0.75];
/** A model that is slower than this has one turn. */
const SLOW_MS = 400;
/** All models end in a softmax. */
const AGREEMENT = 1e-4;
/** Threads of the one before may spin for a while. */
const REST_MS = 100;

/** What a run gives, the numbers of the first output. */
const output = (data: unknown): Outputs => ({ y: { dtype: 'float32', shape: [], data: data as Float32Array } });

async function caseOf({ path }: Subject, batch: number): Promise<Case> {
  const files = await openSource(path);
  const source = await readSource(files);
  const { graph } = exportSource(source);
  const [input] = graph.inputs;
  const shape = input!.shape!.map((dim, axis) => (axis === 0 ? batch : Number(dim)));
  const size = shape.reduce((product, dim) => product * dim, 1);
  return {
    unfolded: writeOnnx(graph),
    folded: writeOnnx(foldGraph(graph).graph),
    tfjs: await tfjsModelOf(source, files, graph),
    inputName: input!.name,
    shape,
    data: Float32Array.from({ length: size }, (_, i) => (i % 255) / 255),
  };
}

async function edgefold(name: string, { folded, inputName, data, shape }: Case, options: LoadOptions): Promise<Contender> {
  const model = await load(folded, options);
  const inputs = { [inputName]: { data, shape } };
  return { name, run: () => model.run(inputs), dispose: () => model.dispose() };
} // prettier-ignore

async function bound({ folded, inputName, data, shape }: Case): Promise<Contender> {
  const model = await load(folded);
  const binding = await model.bind({ [inputName]: shape });
  const numbers = binding.inputs[inputName]!.data as Float32Array;
  const run = async () => {
    numbers.set(data);
    await binding.run();
    return binding.outputs;
  };
  return { name: 'edgefold, bound', run, dispose: () => model.dispose() };
}

async function onnxruntime(
  name: 'onnxruntime-node' | 'onnxruntime-web',
  { unfolded, folded, ...given }: Case,
  isFolded = false,
): Promise<Contender> {
  const { inputName, data, shape } = given;
  const { InferenceSession, Tensor } = name === 'onnxruntime-node' ? await import('onnxruntime-node') : await import('onnxruntime-web');
  const session = await InferenceSession.create(isFolded ? folded : unfolded);
  const run = async () => {
    const results = await session.run({ [inputName]: new Tensor('float32', data, shape) });
    return output(results[session.outputNames[0]!]!.data);
  };
  return { name: isFolded ? `${name}, our file` : name, run, dispose: () => session.release() };
} // prettier-ignore

async function tfjs(backend: 'cpu' | 'wasm', { tfjs: model, data, shape }: Case): Promise<Contender> {
  if (backend === 'wasm') createRequire(new URL('../peers/', import.meta.url))('@tensorflow/tfjs-backend-wasm');
  const { tf, loaded } = await openTfjs(model);
  const run = async () => {
    const x = tf.tensor(data, [...shape]);
    const results = loaded.run([x], model);
    const [first] = await Promise.all(results.map((tensor) => tensor.data()));
    for (const tensor of [x, ...results]) tensor.dispose();
    return output(first);
  };
  const dispose = () => {
    loaded.dispose();
  };
  return { name: `tfjs-${backend}`, ready: () => tf.setBackend(backend), run, dispose };
}

/** Those that are not installed are told of and left out. */
async function contendersFor(given: Case): Promise<readonly Contender[]> {
  const all: readonly (() => Promise<Contender>)[] = [
    () => edgefold('edgefold', given, {}),
    () => bound(given),
    () => edgefold('edgefold, all cores', given, { threads: availableParallelism(), spin: true }),
    () => onnxruntime('onnxruntime-node', given),
    () => onnxruntime('onnxruntime-node', given, true),
    () => edgefold('edgefold wasm', given, { provider: 'wasm' }),
    () => onnxruntime('onnxruntime-web', given),
    () => onnxruntime('onnxruntime-web', given, true),
    () => tfjs('wasm', given),
    () => tfjs('cpu', given),
  ];
  const contenders: Contender[] = [];
  for (const open of all) {
    try {
      contenders.push(await open());
    } catch (error) {
      console.log(`left out: ${(error as Error).message.split('\n', 1).join('')}`);
    }
  }
  return contenders;
}

/** The best of all turns, and the median of their medians. */
function together(turns: readonly Timing[]) {
  const sorted = (pick: (timing: Timing) => number) => turns.map(pick).sort((a, b) => a - b);
  const middle = (values: readonly number[]) => values[Math.floor(values.length / 2)]!;
  return rounded({
    runs: turns.reduce((sum, { runs }) => sum + runs, 0),
    minMs: sorted(({ minMs }) => minMs)[0]!,
    p50Ms: middle(sorted(({ p50Ms }) => p50Ms)),
    p95Ms: middle(sorted(({ p95Ms }) => p95Ms)),
    cpuMs: middle(sorted(({ cpuMs: cpu }) => cpu!)),
  });
}

/** All compute the same, or their times mean nothing. */
async function checkAgreement(contenders: readonly Contender[]): Promise<void> {
  let expected: Float32Array | undefined;
  for (const contender of contenders) {
    await contender.ready?.();
    const [found] = Object.values(await contender.run()).map(({ data }) => data as Float32Array);
    expected ??= found!;
    const off = expected.some((value, i) => !(Math.abs(value - found![i]!) <= AGREEMENT));
    if (off || found!.length !== expected.length) throw new Error(`${contender.name} computes something else`);
  }
}

async function measure(contenders: readonly Contender[]): Promise<readonly Timing[][]> {
  const turns = contenders.map((): Timing[] => []);
  for (let turn = 0; turn < TURNS; turn++) {
    for (let place = 0; place < contenders.length; place++) {
      const at = (turn + place) % contenders.length;
      const [contender, mine] = [contenders[at]!, turns[at]!];
      if ((mine[0]?.minMs ?? 0) > SLOW_MS) continue;
      await contender.ready?.();
      const { it } = await bench({ it: contender }, {}, { seconds: SECONDS, cpuMs });
      mine.push(it);
      await sleep(REST_MS);
    }
  }
  return turns;
}

const folder = mkdtempSync(join(tmpdir(), 'edgefold-bench-'));
try {
  for (const subject of await subjects(folder)) {
    if (!words.every((word) => subject.name.includes(word))) continue;
    for (const batch of subject.batches) {
      const contenders = await contendersFor(await caseOf(subject, batch));
      await checkAgreement(contenders);
      const turns = await measure(contenders);
      console.log(`${subject.name}, batch ${batch}`);
      for (const [i, contender] of contenders.entries()) {
        const { name } = contender;
        const figures = together(turns[i]!);
        const { minMs, p50Ms, p95Ms, cpuMs: cpu } = figures;
        console.log(`  ${name.padEnd(20)} min ${minMs} ms, p50 ${p50Ms} ms, p95 ${p95Ms} ms, processor ${cpu} ms`);
        record('peers', { model: subject.name, batch, contender: name, ...figures });
        await contender.dispose();
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
