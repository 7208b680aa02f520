import { int } from '../../onnx/attribute.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { physicalShape, type Handle } from '../layout.ts';
import { asKeras } from '../reorder.ts';
import { slice, TO_THE_END } from '../slice.ts';
import { choose, divideNoNan, plain } from './arithmetic.ts';
import { commonType, elementwise } from './broadcast.ts';
import { constantHandle } from './constant-handle.ts';
import type { Operand, OperationCall } from './operation-call.ts';
import type { Operation } from './operation.ts';
import { reduce } from './reductions.ts';

/**
 * Functions that are several ONNX operators.
 *
 *   Trunc        sign(x)·⌊|x|⌋
 *   Arctan2      atan(y/x), π further where x < 0 or −0; of two infinities atan(±1), of two zeros 0
 *   Logaddexp    max(x, y) + log(1 + exp(−|x − y|)), and x + y where x − y is none
 *   Hypot        max·√(1 + (min/max)²) of |x| and |y|, which no square overflows
 *   Diff         x[1:] − x[:−1] along an axis, n times
 *   Average      Σ w·x / Σ w along an axis
 *   FullLike     a number, or 0, or 1, at every place
 *   NanToNum     numbers in the place of NaN and the infinities; by default 0 and the largest of float32
 *
 * Source: https://keras.io/api/ops/numpy/
 */
export const COMPOSED: readonly Operation[] = [
  { names: ['Isfinite', 'is_finite', 'raw.IsFinite'], parameters: ['x'], lower: isFinite },
  { names: ['NanToNum'], parameters: ['x', 'nan', 'posinf', 'neginf'], lower: nanToNum },
  { names: ['Trunc'], parameters: ['x'], lower: trunc },
  { names: ['ZerosLike', 'zeros_like', 'raw.ZerosLike'], parameters: ['x input', 'dtype'], lower: (call, graph) => filled(call, 0, graph) },
  { names: ['OnesLike', 'ones_like', 'raw.OnesLike'], parameters: ['x input', 'dtype'], lower: (call, graph) => filled(call, 1, graph) },
  {
    names: ['FullLike'],
    parameters: ['x', 'fill_value', 'dtype'],
    lower: (call, graph) => filled(call, call.number('fill_value', 0), graph),
  },
  { names: ['Arctan2', 'atan2', 'raw.Atan2'], parameters: ['x1 y', 'x2 x'], lower: arctan2 },
  pair(['Logaddexp'], logAddExp),
  pair(['Hypot'], hypot),
  { names: ['Diff'], parameters: ['a x', 'n', 'axis'], lower: diff },
  { names: ['Average'], parameters: ['x', 'weights', 'axis'], lower: average },
]; // prettier-ignore

/** One number at every place that x has, whatever x holds there. */
function filled(call: OperationCall, number: number, graph: GraphWriter): Handle {
  const x = call.tensor('x');
  const dtype = call.has('dtype') ? call.dtype('dtype', 'float32') : commonType([x]);
  const { value } = constantHandle({ shape: [], data: [number], dtype }, graph, 'number', dtype);
  const sizes = graph.node('Shape', [x.value], { shape: [x.shape.length], dtype: 'int64', suffix: 'sizes' });
  const output = { shape: physicalShape(x.shape, x.layout), dtype: value.dtype };
  return { ...x, value: graph.node('Expand', [value, sizes], output), mask: undefined };
}

function pair(
  names: readonly string[],
  lower: (call: OperationCall, x: Operand, y: Operand, graph: GraphWriter) => Handle,
): Operation {
  return {
    names,
    parameters: ['x1 y', 'x2 x'],
    lower: (call, graph) => lower(call, call.operand('x1'), call.operand('x2'), graph),
  };
}

const REAL = { dtype: 'float32' } as const;

function test(opType: 'IsNaN' | 'IsInf', x: Handle, graph: GraphWriter, sign?: 'positive' | 'negative'): Handle {
  const output = { shape: physicalShape(x.shape, x.layout), dtype: 'bool' as const };
  const attributes = sign
    ? { detect_positive: int(sign === 'positive' ? 1 : 0), detect_negative: int(sign === 'negative' ? 1 : 0) }
    : {};
  const value = graph.node(opType, [x.value], { ...output, attributes, suffix: `${opType}${sign ?? ''}` });
  return graph.handle(value, x.shape, x.layout);
}

function isFinite(call: OperationCall, graph: GraphWriter): Handle {
  const x = graph.float(call.tensor('x'));
  const either = [test('IsNaN', x, graph), test('IsInf', x, graph)];
  return graph.like(elementwise(call, 'Or', either, graph, { dtype: 'bool', suffix: 'either' }), 'Not');
}

const LARGEST = 3.4028234663852886e38;

function nanToNum(call: OperationCall, graph: GraphWriter): Handle {
  const x = graph.float(call.tensor('x'));
  const some = choose(call, test('IsNaN', x, graph), plain(call.number('nan', 0)), x, graph.part('nan'));
  const above = test('IsInf', x, graph, 'positive');
  const below = test('IsInf', x, graph, 'negative');
  const high = choose(call, above, plain(call.number('posinf', LARGEST)), some, graph.part('posinf'));
  return choose(call, below, plain(call.number('neginf', -LARGEST)), high, graph);
}

function trunc(call: OperationCall, graph: GraphWriter): Handle {
  const x = call.tensor('x');
  if (x.value.dtype !== 'float32') return x;
  const size = graph.like(graph.like(x, 'Abs', { suffix: 'size' }), 'Floor', { suffix: 'whole' });
  return graph.like(size, 'Mul', { operands: [graph.like(x, 'Sign', { suffix: 'sign' }).value] });
}

function arctan2(call: OperationCall, graph: GraphWriter): Handle {
  const [y, x] = ['x1', 'x2'].map((name) => graph.part(name).float(call.tensor(name))) as [Handle, Handle];
  const ratio = elementwise(call, 'Div', [y, x], graph, { ...REAL, suffix: 'ratio' });
  const signs = [y, x].map((side, i) => graph.like(side, 'Sign', { suffix: `sign_${i}` }));
  const quadrant = elementwise(call, 'Mul', signs, graph, { ...REAL, suffix: 'quadrant' });
  const slope = choose(call, test('IsNaN', ratio, graph), quadrant, ratio, graph.part('slope'));
  const turn = choose(call, below(call, y, graph.part('below')), plain(-Math.PI), plain(Math.PI), graph.part('turn'));
  const shift = choose(call, below(call, x, graph.part('behind')), turn, plain(0), graph.part('shift'));
  return elementwise(call, 'Add', [graph.like(slope, 'Atan', { suffix: 'atan' }), shift], graph, REAL);
}

/** x < 0, or x is the zero that is: its reciprocal tells. */
function below(call: OperationCall, x: Handle, graph: GraphWriter): Handle {
  const less = (side: Handle, suffix: string) =>
    elementwise(call, 'Less', [side, plain(0)], graph, { ...REAL, result: 'bool', suffix });
  const either = [less(x, 'less'), less(graph.like(x, 'Reciprocal', { suffix: 'reciprocal' }), 'reciprocal_less')];
  return elementwise(call, 'Or', either, graph, { dtype: 'bool', suffix: 'is_below' });
}

function logAddExp(call: OperationCall, x: Operand, y: Operand, graph: GraphWriter): Handle {
  const difference = elementwise(call, 'Sub', [x, y], graph, { ...REAL, suffix: 'difference' });
  const size = graph.like(difference, 'Abs', { suffix: 'distance' });
  const small = graph.like(graph.like(size, 'Neg', { suffix: 'negated' }), 'Exp', { suffix: 'exp' });
  const sum = elementwise(call, 'Add', [small, plain(1)], graph, { ...REAL, suffix: 'sum' });
  const most = elementwise(call, 'Max', [x, y], graph, { ...REAL, suffix: 'most' });
  const log = graph.like(sum, 'Log', { suffix: 'log' });
  const usual = elementwise(call, 'Add', [most, log], graph, { ...REAL, suffix: 'usual' });
  const both = elementwise(call, 'Add', [x, y], graph, { ...REAL, suffix: 'both' });
  return choose(call, test('IsNaN', difference, graph), both, usual, graph);
}

function hypot(call: OperationCall, x: Operand, y: Operand, graph: GraphWriter): Handle {
  const sizes = [x, y].map((side, i) => {
    const real = elementwise(call, 'Mul', [side, plain(1)], graph, { ...REAL, suffix: `side_${i}` });
    return graph.like(real, 'Abs', { suffix: `size_${i}` });
  });
  const most = elementwise(call, 'Max', sizes, graph, { ...REAL, suffix: 'most' });
  const least = elementwise(call, 'Min', sizes, graph, { ...REAL, suffix: 'least' });
  const ratio = divideNoNan(call, [least, most], graph.part('ratio'));
  const square = graph.like(ratio, 'Mul', { operands: [ratio.value], suffix: 'square' });
  const sum = graph.like(square, 'Add', { operands: [graph.scalar('one', 1)], suffix: 'sum' });
  return graph.like(most, 'Mul', { operands: [graph.like(sum, 'Sqrt', { suffix: 'root' }).value] });
}

/** More than a few differences of differences are a mistake of the file. */
const MAX_DIFFERENCES = 64;

function diff(call: OperationCall, graph: GraphWriter): Handle {
  const times = call.integer('n', 1);
  if (times < 1 || times > MAX_DIFFERENCES) return call.malformed('n', `a number from 1 to ${MAX_DIFFERENCES}`);
  let x = asKeras(graph, call.tensor('a'));
  const axis = call.axis('axis', x.shape.length, -1);
  for (let i = 0; i < times; i++) x = differences(call, x, axis, i === times - 1 ? graph : graph.part(`step_${i}`));
  return x;
}

function differences(call: OperationCall, x: Handle, axis: number, graph: GraphWriter): Handle {
  const dim = x.shape[axis]!;
  if (dim === 0 || dim === 1) return call.unsupported('its result would hold nothing');
  const size = typeof dim === 'number' ? dim - 1 : graph.symbol(axis);
  const later = slice(graph, x, [{ axis, start: 1, end: TO_THE_END, size }], 'later');
  const earlier = slice(graph, x, [{ axis, start: 0, end: -1, size }], 'earlier');
  return elementwise(call, 'Sub', [later, earlier], graph);
}

function average(call: OperationCall, graph: GraphWriter): Handle {
  const x = graph.float(call.tensor('x'));
  if (!call.has('weights')) return reduce(call, 'ReduceMean', x, graph);
  const weights = alongAxis(call, call.operand('weights'), x);
  const ones = elementwise(call, 'Mul', [x, plain(0)], graph, { suffix: 'zeros' });
  const spread = elementwise(call, 'Add', [ones, weights], graph, { ...REAL, suffix: 'weights' });
  const weighted = elementwise(call, 'Mul', [x, weights], graph, { ...REAL, suffix: 'weighted' });
  const total = reduce(call, 'ReduceSum', weighted, graph.part('total'));
  return elementwise(call, 'Div', [total, reduce(call, 'ReduceSum', spread, graph.part('weight'))], graph, REAL);
}

/** A row of weights stands along the axis. */
function alongAxis(call: OperationCall, weights: Operand, { shape }: Handle): Operand {
  if (weights.shape.length === shape.length) return weights;
  if ('value' in weights || weights.shape.length !== 1) return call.unsupported('its weights have another rank');
  const axis = call.axis('axis', shape.length, -1);
  return { ...weights, shape: shape.map((_, i) => (i === axis ? weights.data.length : 1)) };
}
