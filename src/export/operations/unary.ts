import type { DType } from '../../tensor.ts';
import { clip } from '../activations.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { physicalShape, type Handle } from '../layout.ts';
import { elementwise, inType } from './broadcast.ts';
import { plain } from './arithmetic.ts';
import type { Operand, OperationCall } from './operation-call.ts';
import type { Operation } from './operation.ts';

const X = 'x features input logits tensor';

/**
 * Operations on one tensor, element by element.
 *
 * Those of real numbers take integers as float32, as Keras does. `Round` rounds halves to even, in ONNX too.
 * Source: https://keras.io/api/ops/numpy/ · https://keras.io/api/ops/nn/ · https://www.tensorflow.org/api_docs/python/tf/nn
 */
export const UNARY: readonly Operation[] = [
  ...real('Exp', 'exp'),
  ...real('Log', 'log'),
  ...real('Sqrt', 'sqrt'),
  ...real('Sin', 'sin'),
  ...real('Cos', 'cos'),
  ...real('Tan', 'tan'),
  ...real('Sinh', 'sinh'),
  ...real('Cosh', 'cosh'),
  ...real('Tanh', 'tanh'),
  ...real('Erf', 'erf'),
  ...real('Floor', 'floor'),
  ...real('Ceil', 'ceil'),
  ...real('Reciprocal', 'reciprocal', 'raw.Inv'),
  ...real('Round', 'round', 'rint'),
  one('Asin', 'Arcsin', 'asin'),
  one('Acos', 'Arccos', 'acos'),
  one('Atan', 'Arctan', 'atan'),
  one('Asinh', 'Arcsinh', 'asinh'),
  one('Acosh', 'Arccosh', 'acosh'),
  one('Atanh', 'Arctanh', 'atanh'),
  unary(['Absolute', 'Fabs', 'abs', '__abs__', 'raw.Abs'], (_, x, graph) => graph.like(x, 'Abs')),
  unary(['Negative', 'negative', 'neg', 'raw.Neg'], (_, x, graph) => graph.like(x, 'Neg')),
  unary(['Sign', 'sign', 'raw.Sign'], (_, x, graph) => graph.like(x, 'Sign')),
  unary(['Square', 'square', 'raw.Square'], (_, x, graph) => graph.like(x, 'Mul', { operands: [x.value] })),
  unary(['LogicalNot', 'logical_not', 'raw.LogicalNot'], (_, x, graph) => graph.like(inType(x, 'bool', graph), 'Not')),
  unary(['Rsqrt', 'rsqrt', 'raw.Rsqrt'], (_, x, graph) =>
    graph.like(graph.like(graph.float(x), 'Sqrt', { suffix: 'sqrt' }), 'Reciprocal'),
  ),
  unary(['Log1p', 'log1p', 'raw.Log1p'], (call, x, graph) =>
    graph.like(elementwise(call, 'Add', [graph.float(x), plain(1)], graph, { suffix: 'sum' }), 'Log'),
  ),
  unary(['Expm1', 'expm1', 'raw.Expm1'], (call, x, graph) =>
    elementwise(call, 'Sub', [graph.like(graph.float(x), 'Exp', { suffix: 'exp' }), plain(1)], graph),
  ),
  unary(['Log2'], (call, x, graph) => logarithm(call, x, Math.LN2, graph)),
  unary(['Log10'], (call, x, graph) => logarithm(call, x, Math.LN10, graph)),
  unary(['Exp2'], (call, x, graph) =>
    graph.like(elementwise(call, 'Mul', [graph.float(x), plain(Math.LN2)], graph, { suffix: 'scaled' }), 'Exp'),
  ),
  unary(['Isnan', 'is_nan', 'raw.IsNan'], (_, x, graph) => flagged(graph.float(x), 'IsNaN', graph)),
  unary(['Isinf', 'is_inf', 'raw.IsInf'], (_, x, graph) => flagged(graph.float(x), 'IsInf', graph)),
  unary(
    ['Copy', 'StopGradient', 'identity', 'stop_gradient', 'convert_to_tensor', 'raw.Identity', 'raw.StopGradient', 'ensure_shape', 'check_numerics'],
    (_, x) => x,
  ), // prettier-ignore
  {
    names: ['Cast', 'SaturateCast', 'ConvertToTensor', 'cast', 'saturate_cast', 'raw.Cast'],
    parameters: [X, 'dtype DstT'],
    lower: (call, graph) => cast(call, call.tensor('x'), graph),
  },
  ...['float32', 'int32', 'int64', 'bool'].map((dtype): Operation => ({
    names: [`to_${dtype === 'float32' ? 'float' : dtype}`],
    parameters: [X],
    lower: (call, graph) => inType(call.tensor('x'), dtype as DType, graph, ''),
  })),
  {
    names: ['Clip', 'clip_by_value', 'clip', 'raw.ClipByValue'],
    parameters: [X, 'min x_min clip_value_min min_value', 'max x_max clip_value_max max_value'],
    lower: bounded,
  },
];

/** Keras's class, TensorFlow's function and its node, of one ONNX operator of the same name. */
function real(opType: string, name: string, ...others: readonly string[]): readonly Operation[] {
  return [one(opType, opType, name, ...others)];
}

function one(opType: string, ...names: readonly string[]): Operation {
  const raw = names
    .filter((name) => /^[a-z]\w*$/.test(name))
    .map((name) => `raw.${name[0]!.toUpperCase()}${name.slice(1)}`);
  return unary([...names, ...raw], (_, x, graph) => graph.like(graph.float(x), opType));
}

export function unary(
  names: readonly string[],
  lower: (call: OperationCall, x: Handle, graph: GraphWriter) => Handle,
): Operation {
  return { names, parameters: [X], lower: (call, graph) => lower(call, call.tensor('x'), graph) };
}

function logarithm(call: OperationCall, x: Handle, of: number, graph: GraphWriter): Handle {
  return elementwise(call, 'Div', [graph.like(graph.float(x), 'Log', { suffix: 'log' }), plain(of)], graph);
}

function flagged(x: Handle, opType: string, graph: GraphWriter): Handle {
  const value = graph.node(opType, [x.value], { shape: physicalShape(x.shape, x.layout), dtype: 'bool' });
  return graph.handle(value, x.shape, x.layout);
}

function cast(call: OperationCall, x: Handle, graph: GraphWriter): Handle {
  return call.has('dtype') ? inType(x, call.dtype('dtype', 'float32'), graph, '') : x;
}

/** min(max(x, low), high); Clip takes plain numbers, and either bound may be a tensor. */
function bounded(call: OperationCall, graph: GraphWriter): Handle {
  const x = call.tensor('x');
  const [low, high] = ['min', 'max'].map((name) => (call.has(name) ? call.operand(name) : undefined));
  const [least, most] = [low, high].map((bound) => bound && numberIn(bound));
  const isPlain = least !== undefined && (most !== undefined || !high);
  if (isPlain && x.value.dtype === 'float32') return clip(x, graph, least, most);
  const raised = low ? elementwise(call, 'Max', [x, low], high ? graph.part('raised') : graph) : x;
  return high ? elementwise(call, 'Min', [raised, high], graph) : raised;
}

function numberIn(operand: Operand): number | undefined {
  return 'data' in operand && operand.data.length === 1 ? operand.data[0] : undefined;
}
