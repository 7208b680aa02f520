import type { Graph, Value } from '../onnx/graph.ts';
import type { TensorSpec } from '../runtime/model.ts';

/** What a caller has to give: graph inputs that no initializer stands behind. */
export function inputSpecs(graph: Graph): TensorSpec[] {
  return graph.inputs.filter(({ constant }) => constant === undefined).map(specOf);
}

export function outputSpecs(graph: Graph): TensorSpec[] {
  return graph.outputs.map(specOf);
}

function specOf({ name, dtype, shape }: Value): TensorSpec {
  return { name, dtype: dtype ?? 'float32', shape: shape ?? [] };
}
