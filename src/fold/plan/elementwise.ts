import type { Node, Value } from '../../onnx/graph.ts';
import { isStandard } from '../../onnx/shapes/infer.ts';
import type { Workspace } from '../workspace.ts';

/** Operators that make each element of y of the element of x in the same place and of nothing else but numbers. */
const ELEMENTWISE: ReadonlySet<string> = new Set([
  'Abs', 'Ceil', 'Celu', 'Clip', 'Cos', 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu', 'HardSigmoid', 'HardSwish', 'Identity',
  'LeakyRelu', 'Log', 'Mish', 'Neg', 'Reciprocal', 'Relu', 'Round', 'ScaledTanh', 'Selu', 'Shrink', 'Sigmoid', 'Sign',
  'Sin', 'Softplus', 'Softsign', 'Sqrt', 'Swish', 'Tanh', 'ThresholdedRelu',
]); // prettier-ignore

/** Whether the node may be carried out before or after the elements of its input are put in another order. */
export const isElementwise = (node: Node, { graph }: Workspace): boolean =>
  ELEMENTWISE.has(node.opType) && isStandard(node, graph) && node.outputs.length === 1;

/** The one place that reads the value, in this graph; undefined if there are several, or it is an output. */
export function onlyReader(value: Value | undefined, work: Workspace): Node | undefined {
  const [use] = value?.uses ?? [];
  if (!value || !use || value.uses.size !== 1 || use.index !== 0 || work.graph.isOutput(value)) return undefined;
  return work.owns(use.node) ? use.node : undefined;
}
