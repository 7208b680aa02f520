import { cloneGraph } from '../../onnx/clone.ts';
import { nodeMultiplyAdds } from '../../onnx/evaluate/work.ts';
import type { Graph, Value } from '../../onnx/graph.ts';
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
    multiplyAdds += nodeMultiplyAdds(node, (value) => types.shape(value));
  }
  return { multiplyAdds, elements };
}

function sizeIn(types: Types, value: Value | undefined): number | undefined {
  const shape = types.shape(value);
  return shape?.every((dim: Dim) => typeof dim === 'number') ? sizeOf(shape) : undefined;
}
