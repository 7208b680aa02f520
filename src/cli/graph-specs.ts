import type { Graph, Value, ValueType } from '../onnx/graph.ts';
import { inferTypes } from '../onnx/shapes/infer.ts';
import type { SpecJson } from './json.ts';

/** What a caller has to give: graph inputs that no initializer stands behind. */
export function inputSpecs(graph: Graph): SpecJson[] {
  return graph.inputs.filter(({ constant }) => constant === undefined).map((value) => specOf(value));
}

/** Files may leave types of outputs out; what can be inferred is filled in. */
export function outputSpecs(graph: Graph): SpecJson[] {
  const complete = graph.outputs.every(({ dtype, shape }) => dtype && shape);
  const types = complete ? undefined : inferTypes(graph);
  return graph.outputs.map((value) => specOf(value, types?.of(value)));
}

function specOf(value: Value, { dtype, shape }: ValueType = value): SpecJson {
  const { name } = value;
  return { name, dtype: dtype ?? null, shape: shape ?? null };
}
