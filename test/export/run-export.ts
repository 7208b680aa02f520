import { expect } from 'vitest';
import { checkGraph } from '../../src/onnx/check.ts';
import type { Graph } from '../../src/onnx/graph.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import type { OptimizationLevel } from '../../src/runtime/model.ts';
import { load } from '../../src/runtime/node.ts';
import type { DType, Tensor } from '../../src/tensor.ts';
import type { Values } from './source-builder.ts';

/** Largest difference allowed against the framework that made a golden, absolute and relative. */
export const TOLERANCE = 1e-5;

/** Runs a graph on onnxruntime, by default as it is written; inputs and outputs by name. Checks the graph first. */
export async function runGraph(
  graph: Graph,
  inputs: Readonly<Record<string, Values>>,
  optimization: OptimizationLevel = 'disabled',
): Promise<Record<string, Tensor>> {
  checkGraph(graph);
  await using model = await load(writeOnnx(graph), { optimization });
  return await model.run(asTensors(model.inputs, inputs));
}

/** Values as tensors of the types that the inputs of a model have. */
export function asTensors(
  specs: readonly { readonly name: string; readonly dtype: DType | undefined }[],
  inputs: Readonly<Record<string, Values>>,
): Record<string, Tensor> {
  const tensors = specs.map(({ name, dtype = 'float32' }) => {
    const { shape, data } = inputs[name]!;
    return [name, { dtype, shape, data: typed(dtype, data) }] as const;
  });
  return Object.fromEntries(tensors);
}

/** Largest |actual − expected| / max(1, |expected|); the shapes must be the same. */
export function worstError(actual: Tensor, expected: Values): number {
  expect(actual.shape).toEqual(expected.shape);
  const data = actual.data as Float32Array;
  return Math.max(0, ...expected.data.map((value, i) => Math.abs(value - data[i]!) / Math.max(1, Math.abs(value))));
}

/** The same sample several times, as a batch. */
export function repeated({ shape, data }: Values, times: number): Values {
  const [, ...rest] = shape;
  return { shape: [times, ...rest], data: Array.from({ length: times }, () => data).flat() };
}

/** Operators in order: `Transpose Conv Relu`. */
export function operators(graph: Graph): string {
  return graph.nodes.map(({ opType }) => opType).join(' ');
}

function typed(dtype: string, data: readonly number[]) {
  if (dtype === 'int32') return Int32Array.from(data);
  if (dtype === 'int64') return BigInt64Array.from(data.map(BigInt));
  if (dtype === 'uint8' || dtype === 'bool') return Uint8Array.from(data);
  return Float32Array.from(data);
}
