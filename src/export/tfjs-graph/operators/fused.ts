import { float } from '../../../onnx/attribute.ts';
import type { Value } from '../../../onnx/graph.ts';
import { sizeOf, type Tensor } from '../../../tensor.ts';
import { clip } from '../../activations.ts';
import type { GraphWriter } from '../../graph-writer.ts';
import { physicalAxis, type Handle } from '../../layout.ts';
import { elementwise } from '../broadcast.ts';
import { handleOperand, type Operand } from '../operand.ts';
import type { Operator } from '../operator.ts';

/**
 * What Grappler and the TF.js converter have put into a node behind its product: `fused_ops` in order, with their
 * arguments as further inputs.
 *
 *   BiasAdd b · Relu · Relu6 · Elu · Sigmoid · Tanh · LeakyRelu (`leakyrelu_alpha`) · Prelu alpha
 *   FusedBatchNorm scale, offset, mean, variance (`epsilon`)
 *
 * Source: tensorflow/core/kernels/fused_eigen_output_kernels.h; tfjs-converter convolution_executor.ts
 */
export interface Fused {
  /** A constant bias, which the product takes as its own input. */
  readonly bias: readonly Value[];
  /** The rest, behind the product. */
  apply(y: Handle, graph: GraphWriter): Handle;
}

/**
 * @param first the index of the first argument.
 * @param filters the number of biases; a constant of other axes, or of one value for all, is brought into that form.
 */
export function fusedOperators(op: Operator, first: number, filters: number, graph: GraphWriter): Fused {
  const names = op.texts('fused_ops');
  const [head, ...rest] = names;
  const constant = head === 'BiasAdd' ? op.input(first).constant : undefined;
  const size = sizeOf(constant?.shape ?? []);
  const isVector = size === constant?.shape.at(-1) || size === 1;
  if (!constant || !isVector || (size !== filters && size !== 1)) {
    return { bias: [], apply: (y, writer) => chain(op, names, first, y, writer) };
  }
  const vector = (tensor: Tensor<'float32'>) => biases(tensor, filters);
  return {
    bias: [constant.weight(graph, `vector of ${filters}`, vector)],
    apply: (y, writer) => chain(op, rest, first + 1, y, writer),
  };
}

function biases(tensor: Tensor<'float32'>, filters: number): Tensor<'float32'> {
  const data = tensor.data.length === filters ? tensor.data : new Float32Array(filters).fill(tensor.data[0]!);
  return { dtype: 'float32', shape: [filters], data };
}

function chain(op: Operator, names: readonly string[], first: number, x: Handle, graph: GraphWriter): Handle {
  let next = first;
  const take = () => op.input(next++);
  return names.reduce((y, name) => {
    const apply = Object.hasOwn(FUSED, name) ? FUSED[name]! : op.unsupported(`${name} fused into it is not known here`);
    return apply(y, graph.part(name), op, take);
  }, x);
}

type Apply = (y: Handle, graph: GraphWriter, op: Operator, take: () => Operand) => Handle;

const operator =
  (opType: string): Apply =>
  (y, graph) =>
    graph.like(y, opType);

const FUSED: Readonly<Record<string, Apply>> = {
  BiasAdd: (y, graph, op, take) => elementwise(op, 'Add', [handleOperand(y), take()], graph),
  Relu: operator('Relu'),
  Relu6: (y, graph) => clip(y, graph, 0, 6),
  Elu: operator('Elu'),
  Sigmoid: operator('Sigmoid'),
  Tanh: operator('Tanh'),
  LeakyRelu: (y, graph, op) =>
    graph.like(y, 'LeakyRelu', { attributes: { alpha: float(op.number('leakyrelu_alpha', 0.2)) } }),
  Prelu: (y, graph, op, take) => elementwise(op, 'PRelu', [handleOperand(y), take()], graph),
  FusedBatchNorm: (y, graph, op, take) => {
    if (physicalAxis(y, y.shape.length - 1) !== 1) op.unsupported('a BatchNormalization is fused into a product of this form');
    const parameters = ['scale', 'offset', 'mean', 'variance'].map(
      (role) => take().constant ?? op.unsupported(`the ${role} fused into it is no constant`),
    );
    const operands = parameters.map((constant) => constant.value(graph));
    return graph.like(y, 'BatchNormalization', { operands, attributes: { epsilon: float(op.number('epsilon', 1e-4)) } });
  },
}; // prettier-ignore
