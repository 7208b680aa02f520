import { cloneGraph } from '../../src/onnx/clone.ts';
import { Constant } from '../../src/onnx/constant.ts';
import type { Graph, Value } from '../../src/onnx/graph.ts';
import { decodeHalves, numberToBfloat16, numberToFloat16, type Half } from '../../src/half.ts';

/** A copy of a float32 graph in which everything is of a half type; the numbers must be in its range. */
export function inHalves(graph: Graph, dtype: Half): Graph {
  const encode = dtype === 'float16' ? numberToFloat16 : numberToBfloat16;
  return retyped(graph, 'float32', dtype, (data) => Uint16Array.from(data as Float32Array, encode));
}

/** A copy of a graph of halves in float32, for runtimes without kernels for that type. */
export function inSingles(graph: Graph, dtype: Half): Graph {
  return retyped(graph, dtype, 'float32', (data) => decodeHalves(dtype, data as Uint16Array));
}

type Floats = Float32Array | Uint16Array;

function retyped(graph: Graph, from: Half | 'float32', to: Half | 'float32', recode: (data: Floats) => Floats): Graph {
  const copy = cloneGraph(graph);
  const values = [...copy.inputs, ...copy.initializers, ...copy.nodes.flatMap(({ outputs }) => outputs)];
  for (const value of new Set(values)) if (value?.dtype === from) retype(value, to, recode);
  return copy;
}

function retype(value: Value, dtype: Half | 'float32', recode: (data: Floats) => Floats): void {
  value.dtype = dtype;
  value.source = undefined;
  const tensor = value.constant?.tensor();
  if (tensor) value.constant = Constant.of({ ...tensor, dtype, data: recode(tensor.data as Floats) });
}
