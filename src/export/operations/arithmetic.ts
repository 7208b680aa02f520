import { int } from '../../onnx/attribute.ts';
import type { DType } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { physicalShape, type Handle } from '../layout.ts';
import { broadcasted, commonType, elementwise, inType } from './broadcast.ts';
import type { Operand, OperationCall } from './operation-call.ts';
import type { Operation } from './operation.ts';

/**
 * Operations on two tensors, element by element; shapes broadcast as in numpy.
 *
 *   Add … Minimum      in the common type of both, truth values as integers
 *   Divide             in float32, whatever their types
 *   FloorDivide, Mod   ⌊x/y⌋ and x − ⌊x/y⌋·y, which has the sign of y
 *   comparisons, logic give bool
 *
 * Source: https://keras.io/api/ops/numpy/ · https://www.tensorflow.org/api_docs/python/tf/math
 */
export const ARITHMETIC: readonly Operation[] = [
  binary('Add', 'Add', 'add', 'bias_add', 'raw.Add', 'raw.AddV2', 'raw.BiasAdd'),
  binary('Sub', 'Subtract', 'subtract', 'sub', 'raw.Sub'),
  binary('Mul', 'Multiply', 'multiply', 'mul', 'scalar_mul', 'raw.Mul'),
  binary('Max', 'Maximum', 'Fmax', 'maximum', 'raw.Maximum'),
  binary('Min', 'Minimum', 'Fmin', 'minimum', 'raw.Minimum'),
  binary('Pow', 'Power', 'pow', 'raw.Pow'),
  binary('Div', 'raw.Div', 'div'),
  real('Div', 'Divide', 'TrueDivide', 'divide', 'truediv', 'realdiv', 'raw.RealDiv'),
  comparison('Equal', 'Equal', 'equal', '__eq__', 'raw.Equal'),
  comparison('Greater', 'Greater', 'greater', 'raw.Greater'),
  comparison('GreaterOrEqual', 'GreaterEqual', 'greater_equal', 'raw.GreaterEqual'),
  comparison('Less', 'Less', 'less', 'raw.Less'),
  comparison('LessOrEqual', 'LessEqual', 'less_equal', 'raw.LessEqual'),
  logic('And', 'LogicalAnd', 'logical_and', 'raw.LogicalAnd'),
  logic('Or', 'LogicalOr', 'logical_or', 'raw.LogicalOr'),
  logic('Xor', 'LogicalXor', 'logical_xor'),
  composed(['NotEqual', 'not_equal', '__ne__', 'raw.NotEqual'], notEqual),
  composed(['DivideNoNan', 'divide_no_nan', 'raw.DivNoNan'], divideNoNan),
  composed(['FloorDivide', 'floordiv', 'floor_div', 'raw.FloorDiv'], floorDivide),
  composed(['Mod', 'floormod', 'mod', 'raw.FloorMod', 'raw.Mod'], floorMod),
  composed(['squared_difference', 'raw.SquaredDifference'], squaredDifference),
  {
    names: ['add_n', 'accumulate_n', 'raw.AddN'],
    parameters: ['inputs'],
    lower: (call, graph) => sum(call, call.tensors('inputs'), graph),
  },
  {
    names: ['Where', 'where', 'where_v2', 'raw.SelectV2', 'raw.Select'],
    parameters: ['condition', 'x x1 t', 'y x2 e'],
    lower: (call, graph) => choose(call, call.operand('condition'), call.operand('x'), call.operand('y'), graph),
  },
];

type Pair = readonly [Operand, Operand];

function composed(
  names: readonly string[],
  lower: (call: OperationCall, pair: Pair, graph: GraphWriter) => Handle,
): Operation {
  return {
    names,
    parameters: ['x x1 a input value', 'y x2 b other bias'],
    lower: (call, graph) => lower(call, [call.operand('x'), call.operand('y')], graph),
  };
}

function binary(opType: string, ...names: readonly string[]): Operation {
  return composed(names, (call, pair, graph) => elementwise(call, opType, pair, graph, { dtype: numeric(pair) }));
}

function real(opType: string, ...names: readonly string[]): Operation {
  return composed(names, (call, pair, graph) => {
    if (call.layer.kerasMajor === 2 && numeric(pair) !== 'float32') {
      graph.warn('A quotient of integers, which TensorFlow computes in float64, is computed in float32.');
    }
    return elementwise(call, opType, pair, graph, { dtype: 'float32' });
  });
}

function comparison(opType: string, ...names: readonly string[]): Operation {
  return composed(names, (call, pair, graph) =>
    elementwise(call, opType, pair, graph, { dtype: numeric(pair), result: 'bool' }),
  );
}

function logic(opType: string, ...names: readonly string[]): Operation {
  return composed(names, (call, pair, graph) => elementwise(call, opType, pair, graph, { dtype: 'bool' }));
}

function numeric(operands: readonly Operand[]): DType {
  const dtype = commonType(operands);
  return dtype === 'bool' ? 'int32' : dtype;
}

/** A number as an operand, which takes the type of the other. */
export function plain(value: number): Operand {
  return { shape: [], data: [value], dtype: undefined };
}

function notEqual(call: OperationCall, pair: Pair, graph: GraphWriter): Handle {
  const equal = elementwise(call, 'Equal', pair, graph, { dtype: numeric(pair), result: 'bool', suffix: 'equal' });
  return graph.like(equal, 'Not');
}

/** x / y, and 0 where y is 0. */
export function divideNoNan(call: OperationCall, [x, y]: Pair, graph: GraphWriter): Handle {
  const quotient = elementwise(call, 'Div', [x, y], graph, { dtype: 'float32', suffix: 'quotient' });
  const isZero = elementwise(call, 'Equal', [y, plain(0)], graph, {
    dtype: 'float32',
    result: 'bool',
    suffix: 'is_zero',
  });
  return choose(call, isZero, plain(0), quotient, graph);
}

/** Of integers (x − mod) / y, which leaves no remainder; ONNX rounds an integer quotient towards 0. */
function floorDivide(call: OperationCall, [x, y]: Pair, graph: GraphWriter): Handle {
  if (numeric([x, y]) === 'float32') {
    const quotient = elementwise(call, 'Div', [x, y], graph, { dtype: 'float32', suffix: 'quotient' });
    return graph.like(quotient, 'Floor');
  }
  const rest = floorMod(call, [x, y], graph.part('rest'));
  const whole = elementwise(call, 'Sub', [x, rest], graph, { suffix: 'whole' });
  return elementwise(call, 'Div', [whole, y], graph);
}

/** ONNX's Mod of integers has the sign of y, that of floats the sign of x: there y is added and the rest taken again. */
function floorMod(call: OperationCall, [x, y]: Pair, graph: GraphWriter): Handle {
  const dtype = numeric([x, y]);
  if (dtype !== 'float32') return elementwise(call, 'Mod', [x, y], graph, { dtype });
  const rest = remainder(call, [x, y], graph.part('rest'));
  const shifted = elementwise(call, 'Add', [rest, y], graph, { suffix: 'shifted' });
  return remainder(call, [shifted, y], graph);
}

function remainder(call: OperationCall, pair: Pair, graph: GraphWriter): Handle {
  const { values, shape, layout } = broadcasted(call, pair, graph, 'float32');
  const output = { shape: physicalShape(shape, layout), attributes: { fmod: int(1) } };
  return graph.handle(graph.node('Mod', values, output), shape, layout);
}

/** (x − y)² */
function squaredDifference(call: OperationCall, pair: Pair, graph: GraphWriter): Handle {
  const difference = elementwise(call, 'Sub', pair, graph, { suffix: 'difference' });
  return graph.like(difference, 'Mul', { operands: [difference.value] });
}

function sum(call: OperationCall, terms: readonly Handle[], graph: GraphWriter): Handle {
  const [first, ...rest] = terms as [Handle, ...Handle[]];
  return rest.reduce((total, x, i) => {
    const part = i === rest.length - 1 ? graph : graph.part(`of_${i + 2}`);
    return elementwise(call, 'Add', [total, x], part);
  }, first);
}

/** `x` where the condition holds, else `y`. Keras 3 and TensorFlow make two plain numbers float32. */
export function choose(call: OperationCall, condition: Operand, x: Operand, y: Operand, graph: GraphWriter): Handle {
  const isPlain = [x, y].every((operand) => !('value' in operand) && operand.dtype === undefined);
  const common = isPlain ? 'float32' : commonType([x, y]);
  const dtype = common === 'bool' ? 'int32' : common;
  const { values, shape, layout } = broadcasted(call, [condition, x, y], graph, ['bool', dtype, dtype]);
  const chosen = graph.handle(
    graph.node('Where', values, { shape: physicalShape(shape, layout), dtype }),
    shape,
    layout,
  );
  return common === 'bool' ? inType(chosen, 'bool', graph) : chosen;
}
