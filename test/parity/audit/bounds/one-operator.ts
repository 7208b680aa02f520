import { toReal } from '../../../../src/onnx/evaluate/decode.ts';
import { Graph } from '../../../../src/onnx/graph.ts';
import { boundFragment } from '../../../../src/parity/audit/bounds/fragment.ts';
import type { Bound } from '../../../../src/parity/audit/bounds/operation.ts';
import type { Tensor } from '../../../../src/tensor.ts';

export type Attributes = NonNullable<Parameters<Graph['node']>[1]['attributes']>;

export interface Bounds {
  readonly value: Float64Array;
  readonly error: Bound;
  readonly drift: Bound;
}

/** One operator on x and constants: its exact result, and the bounds on it. */
export function bounds(
  opType: string,
  x: Tensor,
  constants: readonly Tensor[],
  attributes: Attributes = {},
  isRounded = false,
): Bounds {
  const graph = new Graph('one');
  const input = graph.input('x', x);
  const others = constants.map((tensor, i) => graph.constant(`c${i}`, tensor));
  const y = graph.node(opType, { inputs: [input, ...others], attributes, output: { name: 'y' } });
  const fragment = { graph, nodes: graph.nodes, leaves: new Map([[input, toReal(x)]]), isRounded: () => isRounded };
  const { value, error, drift } = boundFragment(fragment).get(y)!;
  return { value: value.data as Float64Array, error, drift };
}
