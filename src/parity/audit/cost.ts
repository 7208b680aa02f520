import { cloneGraph } from '../../onnx/clone.ts';
import type { Graph, Node, Value } from '../../onnx/graph.ts';
import { inferTypes } from '../../onnx/shapes/infer.ts';
import type { Types } from '../../onnx/shapes/types.ts';
import { sizeOf, type Dim, type Tensor } from '../../tensor.ts';

/** What a model does to one sample. Where a shape cannot be told, what is counted is less than what there is. */
export interface Cost {
  readonly multiplyAdds: number;
  /** By the name of the value. */
  readonly elements: ReadonlyMap<string, number>;
}

export function costOf(graph: Graph, sample: Readonly<Record<string, Tensor>>): Cost {
  const copy = cloneGraph(graph);
  for (const input of copy.inputs) {
    if (Object.hasOwn(sample, input.name)) input.shape = sample[input.name]!.shape;
  }
  const types = inferTypes(copy);
  const elements = new Map<string, number>();
  let multiplyAdds = 0;
  for (const node of copy.nodes) {
    for (const output of node.outputs) {
      const size = output && sizeIn(types, output);
      if (output && size !== undefined) elements.set(output.name, size);
    }
    multiplyAdds += multiplyAddsOf(node, types);
  }
  return { multiplyAdds, elements };
}

function sizeIn(types: Types, value: Value | undefined): number | undefined {
  const shape = types.shape(value);
  return shape?.every((dim: Dim) => typeof dim === 'number') ? sizeOf(shape) : undefined;
}

/** Products a result or, for a convolution that spreads, products an input; one an element for everything else. */
function multiplyAddsOf(node: Node, types: Types): number {
  const [x, W] = node.inputs;
  const results = sizeIn(types, node.outputs.find(Boolean)) ?? 0;
  const weights = types.shape(W)?.map(Number) ?? [];
  const inner = (from: number) => sizeOf(weights.slice(from));
  if (node.opType === 'Conv') return results * inner(1);
  if (node.opType === 'ConvTranspose') return (sizeIn(types, x) ?? 0) * inner(1);
  if (node.opType === 'MatMul') return results * (weights.at(-2) ?? weights[0] ?? 1);
  if (node.opType === 'Gemm') return results * (weights[node.int('transB', 0) ? 1 : 0] ?? 1);
  if (/^(LSTM|GRU|RNN)$/.test(node.opType)) return (sizeIn(types, x) ?? 0) * (weights[1] ?? 1) * 2;
  return results;
}
