import protobuf from 'protobufjs/minimal.js';
import type { Graph, Value } from '../../../src/onnx/graph.ts';
import { evaluate, operatorsWithoutKernel } from '../../../src/onnx/evaluate/evaluate.ts';
import { toReal } from '../../../src/onnx/evaluate/decode.ts';
import { isFloating, type Real } from '../../../src/onnx/evaluate/real.ts';
import { readOnnx } from '../../../src/onnx/read.ts';
import type { DType, Tensor } from '../../../src/tensor.ts';
import { encode } from '../support.ts';

/** The model of one test with its data sets, each a list of inputs and one of expected outputs. */
export interface ConformanceCase {
  readonly name: string;
  readonly model: Uint8Array;
  readonly sets: readonly DataSet[];
}

interface DataSet {
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
}

/** What became of a test: how far it was off in units of its tolerance, or why it was not run. */
export type Outcome = { readonly worst: number; readonly detail: string } | { readonly left: string };

/** Groups the files of the archive into tests. */
export function casesOf(files: Iterable<{ readonly name: string; readonly bytes: Uint8Array }>): ConformanceCase[] {
  const all = new Map<string, Map<string, Uint8Array>>();
  for (const { name, bytes } of files) {
    const [, folder, rest] = /data\/([^/]+\/test_[^/]+)\/(.+\.(?:onnx|pb))$/.exec(name) ?? [];
    if (!folder || !rest) continue;
    if (!all.has(folder)) all.set(folder, new Map());
    all.get(folder)!.set(rest, bytes);
  }
  return [...all].flatMap(([name, parts]) => {
    const model = parts.get('model.onnx');
    return model ? [{ name, model, sets: setsOf(parts) }] : [];
  });
}

function setsOf(parts: ReadonlyMap<string, Uint8Array>): DataSet[] {
  const listed = (set: number, kind: string): Uint8Array[] => {
    const found: Uint8Array[] = [];
    for (let i = 0; ; i++) {
      const bytes = parts.get(`test_data_set_${String(set)}/${kind}_${String(i)}.pb`);
      if (!bytes) return found;
      found.push(bytes);
    }
  };
  const sets: DataSet[] = [];
  for (let set = 0; listed(set, 'output').length > 0; set++) {
    sets.push({ inputs: listed(set, 'input'), outputs: listed(set, 'output') });
  }
  return sets;
}

/** A TensorProto file, read as the initializer of a model around it. */
export function tensorOf(bytes: Uint8Array): Tensor {
  const named = Buffer.concat([bytes, Buffer.of((8 << 3) | 2, 1, 't'.charCodeAt(0))]);
  const graph = protobuf.Writer.create().uint32((5 << 3) | 2).bytes(named).finish(); // prettier-ignore
  const head = encode('ModelProto', { ir_version: 8, opset_import: [{ version: 17 }] });
  const model = protobuf.Writer.create().uint32((7 << 3) | 2).bytes(graph).finish(); // prettier-ignore
  return readOnnx(new Uint8Array(Buffer.concat([head, model]))).initializers[0]!.constant!.tensor();
}

/** Why a test cannot be run; undefined if it can. */
export function obstacleTo(graph: Graph): string | undefined {
  const missing = operatorsWithoutKernel(graph);
  if (missing.length > 0) return `no kernel: ${missing.join(', ')}`;
  const odd = [...graph.inputs, ...graph.outputs].find(({ dtype }) => dtype === undefined);
  return odd && 'sequences and optionals';
}

export async function outcomeOf({ model, sets }: ConformanceCase): Promise<Outcome> {
  const graph = readOnnx(model);
  const left = obstacleTo(graph);
  if (left !== undefined) return { left };
  let outcome = { worst: 0, detail: '' };
  for (const { inputs, outputs } of sets) {
    const given = Object.fromEntries(inputs.map((bytes, i) => [graph.inputs[i]!.name, tensorOf(bytes)]));
    const results = await evaluate(graph, given);
    for (const [i, bytes] of outputs.entries()) {
      const now = distance(graph.outputs[i]!, results.get(graph.outputs[i]!)!, tensorOf(bytes));
      if (!(now.worst <= outcome.worst)) outcome = now;
    }
  }
  return outcome;
}

/**
 * Relative error that float arithmetic of the data's own width may have: the reference implementation computes in
 * float32, sums included, whatever the model; half a unit in the last place of the output type at the very least.
 */
const RELATIVE: Readonly<Partial<Record<DType, number>>> = { float64: 1e-6, float32: 2e-6, float16: 2e-3, bfloat16: 1e-2 }; // prettier-ignore
/** Below this, differences count in absolute terms: sums of terms near 1 that cancel. */
const FLOOR = 0.5;

function distance(value: Value, actual: Real, tensor: Tensor): { worst: number; detail: string } {
  const expected = toReal(tensor);
  if (expected.dtype !== actual.dtype) return { worst: Infinity, detail: `${value.name}: ${actual.dtype} for ${expected.dtype}` }; // prettier-ignore
  if (expected.shape.join() !== actual.shape.join()) return { worst: Infinity, detail: `${value.name}: [${actual.shape.join()}] for [${expected.shape.join()}]` }; // prettier-ignore
  let [worst, detail] = [0, ''];
  for (let i = 0; i < expected.data.length; i++) {
    const off = offBy(actual.data[i]!, expected.data[i]!, expected.dtype);
    if (!(off <= worst)) [worst, detail] = [off, `${value.name}[${String(i)}]: ${String(actual.data[i])} for ${String(expected.data[i])}`]; // prettier-ignore
  }
  return { worst, detail };
}

function offBy(actual: number | string, expected: number | string, dtype: DType): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  if (typeof actual === 'string' || typeof expected === 'string') return Infinity;
  if (!isFloating(dtype)) return Infinity;
  return Math.abs(actual - expected) / (RELATIVE[dtype] ?? 0) / Math.max(Math.abs(expected), FLOOR);
}
