import { float, int } from '../../../onnx/attribute.ts';
import { softmax } from '../../activations.ts';
import type { GraphWriter } from '../../graph-writer.ts';
import { physicalShape, type Handle } from '../../layout.ts';
import type { OperatorLowering } from '../lowering.ts';
import type { Element } from '../operand.ts';
import type { Operator } from '../operator.ts';

type Function = (x: Handle, graph: GraphWriter, op: Operator) => Handle;

const operator =
  (opType: string): Function =>
  (x, graph) =>
    graph.like(x, opType);

/** A constant of the type of `x`. */
function scalarLike(x: Handle, graph: GraphWriter, suffix: string, value: number) {
  if (x.value.dtype !== 'int32') return graph.scalar(suffix, value);
  return graph.constant(suffix, { dtype: 'int32', shape: [], data: Int32Array.of(value) });
}

const truth =
  (opType: string): Function =>
  (x, graph) =>
    graph.handle(
      graph.node(opType, [x.value], { shape: physicalShape(x.shape, x.layout), dtype: 'bool' }),
      x.shape,
      x.layout,
    );

/** y = 1/√x */
const rsqrt: Function = (x, graph) => graph.like(graph.like(x, 'Sqrt', { suffix: 'root' }), 'Reciprocal');

/** y = exp(x) − 1 */
const expm1: Function = (x, graph) =>
  graph.like(graph.like(x, 'Exp', { suffix: 'exp' }), 'Sub', { operands: [graph.scalar('one', 1)] });

/** y = log(x + 1) */
const log1p: Function = (x, graph) =>
  graph.like(graph.like(x, 'Add', { operands: [graph.scalar('one', 1)], suffix: 'sum' }), 'Log');

/** y = 1 − erf(x) */
const erfc: Function = (x, graph) => {
  const one = graph.scalar('one', 1);
  const { value } = graph.like(x, 'Erf', { suffix: 'erf' });
  return { ...x, value: graph.node('Sub', [one, value], { shape: physicalShape(x.shape, x.layout) }) };
};

/** Neither infinite nor NaN. */
const isFinite: Function = (x, graph) => {
  const infinite = truth('IsInf')(x, graph.part('infinite'), undefined!);
  const nan = truth('IsNaN')(x, graph.part('nan'), undefined!);
  return graph.like(graph.like(infinite, 'Or', { operands: [nan.value], suffix: 'either' }), 'Not');
};

/** Text of `low` and `high` need not be constants, but those that are not are refused. */
const clipByValue: Function = (x, graph, op) => {
  const [low, high] = [op.scalar(1), op.scalar(2)];
  const operands = [scalarLike(x, graph, 'min', low), scalarLike(x, graph, 'max', high)];
  return graph.like(x, 'Clip', { operands });
};

const FUNCTIONS: Readonly<Record<string, Function>> = {
  ...Object.fromEntries(
    ['Abs', 'Acos', 'Asin', 'Atan', 'Ceil', 'Cos', 'Cosh', 'Elu', 'Erf', 'Exp', 'Floor', 'Log', 'Neg', 'Reciprocal',
     'Relu', 'Round', 'Selu', 'Sigmoid', 'Sign', 'Sin', 'Sinh', 'Softplus', 'Softsign', 'Sqrt', 'Tan', 'Tanh', 'Asinh', 'Acosh',
     'Atanh'].map((name) => [name, operator(name)]),
  ),
  Inv: operator('Reciprocal'),
  Relu6: (x, graph) => graph.like(x, 'Clip', { operands: [scalarLike(x, graph, 'min', 0), scalarLike(x, graph, 'max', 6)] }),
  LeakyRelu: (x, graph, op) => graph.like(x, 'LeakyRelu', { attributes: { alpha: float(op.number('alpha', 0.2)) } }),
  Rsqrt: rsqrt,
  Square: (x, graph) => graph.like(x, 'Mul', { operands: [x.value] }),
  Erfc: erfc,
  Expm1: expm1,
  Log1p: log1p,
  IsNan: truth('IsNaN'),
  IsInf: truth('IsInf'),
  IsFinite: isFinite,
  LogicalNot: operator('Not'),
  ClipByValue: clipByValue,
  Softmax: (x, graph) => softmax(x, graph),
  LogSoftmax: (x, graph) => softmax(x, graph, undefined, 'LogSoftmax'),
}; // prettier-ignore

/**
 * TensorFlow's functions of one tensor, element by element, and `Softmax` along the last axis; the layout stays.
 *
 * Defaults: `alpha` of LeakyRelu 0.2. Round is to the nearest even number, in both worlds.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops
 */
export const unary: OperatorLowering = {
  ops: Object.keys(FUNCTIONS),
  lower: (op, graph) => FUNCTIONS[op.className]!(op.handle(0), graph, op),
};

/** By the numbers of ONNX's TensorProto. */
const ONNX_TYPES: Readonly<Record<Element, number>> = { float32: 1, int32: 6, bool: 9 };

/** A tensor as another type; floats are cut towards 0. */
export function castTo(x: Handle, dtype: Element, graph: GraphWriter, suffix?: string): Handle {
  if (x.value.dtype === dtype) return x;
  const output = {
    shape: physicalShape(x.shape, x.layout),
    dtype,
    attributes: { to: int(ONNX_TYPES[dtype]) },
    ...(suffix !== undefined && { suffix }),
  };
  return { ...x, value: graph.node('Cast', [x.value], output) };
}

/**
 * TensorFlow `Cast`. 64-bit types are their 32-bit counterparts, as in TF.js.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Cast
 */
export const cast: OperatorLowering = {
  ops: ['Cast'],
  lower(op, graph) {
    const dtype = op.element('DstT', 'float32');
    return op.input(0).dtype === dtype ? op.input(0) : castTo(op.handle(0), dtype, graph);
  },
};

/**
 * Operators that give what they are given: what trains, checks or copies only.
 * `PlaceholderWithDefault` gives its default when it is no input of the model.
 * Source: tfjs-converter/src/operations/executors/graph_executor.ts
 */
export const identity: OperatorLowering = {
  ops: ['Identity', 'IdentityN', 'StopGradient', 'Snapshot', 'PreventGradient', 'CheckNumerics', 'EnsureShape', 'PlaceholderWithDefault'],
  lower: (op) => (op.className === 'IdentityN' ? op.inputs : op.input(0)),
}; // prettier-ignore
