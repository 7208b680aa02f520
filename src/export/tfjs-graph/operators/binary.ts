import { int } from '../../../onnx/attribute.ts';
import type { GraphWriter } from '../../graph-writer.ts';
import type { Handle } from '../../layout.ts';
import { elementwise } from '../broadcast.ts';
import { channelsLast } from '../image.ts';
import type { OperatorLowering } from '../lowering.ts';
import { Constant, constantOperand, handleOperand, type Operand } from '../operand.ts';
import type { Operator } from '../operator.ts';

type Function = (op: Operator, graph: GraphWriter) => Handle;

const operator =
  (opType: string): Function =>
  (op, graph) =>
    elementwise(op, opType, op.inputs.slice(0, 2), graph);

const comparison =
  (opType: string): Function =>
  (op, graph) =>
    elementwise(op, opType, op.inputs.slice(0, 2), graph, 'bool');

const notEqual: Function = (op, graph) =>
  graph.like(elementwise(op, 'Equal', op.inputs, graph.part('equal'), 'bool'), 'Not');

/** y = (a − b)² */
const squaredDifference: Function = (op, graph) => {
  const difference = elementwise(op, 'Sub', op.inputs, graph.part('difference'));
  return graph.like(difference, 'Mul', { operands: [difference.value] });
};

/** y = ⌊a / b⌋; integers, which ONNX cuts towards 0, by way of the remainder: (a − a mod b) / b. */
const floorDiv: Function = (op, graph) => {
  const [a, b] = [op.input(0), op.input(1)];
  if (a.dtype !== 'int32') return graph.like(elementwise(op, 'Div', [a, b], graph.part('quotient')), 'Floor');
  const remainder = elementwise(op, 'Mod', [a, b], graph.part('remainder'));
  const multiple = elementwise(op, 'Sub', [a, handleOperand(remainder)], graph.part('multiple'));
  return elementwise(op, 'Div', [handleOperand(multiple), b], graph);
};

/** The remainder with the sign of b; for floats, whose remainder in ONNX has that of a: mod(mod(a, b) + b, b). */
const floorMod: Function = (op, graph) => {
  const [a, b] = [op.input(0), op.input(1)];
  if (a.dtype === 'int32') return elementwise(op, 'Mod', [a, b], graph);
  const remainder = fmod(elementwise(op, 'Mod', [a, b], graph.part('remainder')));
  const raised = elementwise(op, 'Add', [handleOperand(remainder), b], graph.part('raised'));
  return fmod(elementwise(op, 'Mod', [handleOperand(raised), b], graph));
};

function fmod(y: Handle): Handle {
  y.value.producer!.attributes.set('fmod', int(1));
  return y;
}

/** y = a / b, and 0 where b is 0. */
const divNoNan: Function = (op, graph) => {
  const [a, b] = [op.input(0), op.input(1)];
  const zero = scalarOperand(op, 0, graph);
  const quotient = elementwise(op, 'Div', [a, b], graph.part('quotient'));
  const isZero = elementwise(op, 'Equal', [b, zero], graph.part('is_zero'), 'bool');
  return elementwise(op, 'Where', [handleOperand(isZero), zero, handleOperand(quotient)], graph, 'float32');
};

/** A float constant of rank 0. */
export function scalarOperand(op: Operator, value: number, { workshop }: GraphWriter): Operand {
  const tensor = { dtype: 'float32', shape: [], data: Float32Array.of(value) } as const;
  return constantOperand(new Constant(`${op.name}/${value}`, [], 'float32', () => tensor), workshop);
}

/** Along the last axis, or along axis 1 where the data format says so. */
const biasAdd: Function = (op, graph) => {
  const [x, bias] = [op.input(0), op.input(1)];
  if (channelsLast(op) || x.shape.length < 3) return elementwise(op, 'Add', [x, bias], graph);
  const constant = op.constant(1);
  const shape = [...constant.shape, ...new Array<number>(x.shape.length - 2).fill(1)];
  const upright = new Constant(op.name, shape, 'float32', () => ({ ...constant.floats(), shape }));
  return elementwise(op, 'Add', [x, constantOperand(upright, graph.workshop)], graph);
};

const addN: Function = (op, graph) => {
  const [first, ...rest] = op.inputs;
  const last = rest.length - 1;
  return rest.reduce((sum, x, i) => {
    return handleOperand(elementwise(op, 'Add', [sum, x], i === last ? graph : graph.part(`of_${i + 2}`)));
  }, first ?? op.broken('it adds nothing')).handle();
}; // prettier-ignore

const bitwiseAnd: Function = (op, graph) => {
  if (graph.opset < 18) op.unsupported('ONNX has it from opset 18 on', 'Export with --opset 18.');
  return operator('BitwiseAnd')(op, graph);
};

const FUNCTIONS: Readonly<Record<string, Function>> = {
  Add: operator('Add'),
  AddV2: operator('Add'),
  AddN: addN,
  BiasAdd: biasAdd,
  Sub: operator('Sub'),
  Mul: operator('Mul'),
  RealDiv: operator('Div'),
  Div: (op, graph) => (op.input(0).dtype === 'int32' ? floorDiv(op, graph) : operator('Div')(op, graph)),
  DivNoNan: divNoNan,
  FloorDiv: floorDiv,
  FloorMod: floorMod,
  Maximum: operator('Max'),
  Minimum: operator('Min'),
  Pow: operator('Pow'),
  SquaredDifference: squaredDifference,
  Prelu: operator('PRelu'),
  Equal: comparison('Equal'),
  NotEqual: notEqual,
  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  LogicalAnd: comparison('And'),
  LogicalOr: comparison('Or'),
  BitwiseAnd: bitwiseAnd,
};

/**
 * TensorFlow's functions of two tensors, element by element, with numpy's broadcasting. `Prelu` is the TF.js converter's:
 * y = x, or alpha · x below 0.
 *
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops
 */
export const binary: OperatorLowering = {
  ops: Object.keys(FUNCTIONS),
  lower: (op, graph) => FUNCTIONS[op.className]!(op, graph),
};

/**
 * TensorFlow `Select` and `SelectV2`: y = a where the condition holds, else b. A condition of rank 1 chooses whole
 * samples in `Select`, and broadcasts in `SelectV2`.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Select
 */
export const select: OperatorLowering = {
  ops: ['Select', 'SelectV2'],

  lower(op, graph) {
    const [condition, a, b] = [op.input(0), op.input(1), op.input(2)];
    const missing = a.shape.length - condition.shape.length;
    const chooses = op.className === 'Select' && condition.shape.length === 1 && missing > 0;
    const upright = chooses ? handleOperand(behind(op, missing, graph)) : condition;
    return elementwise(op, 'Where', [upright, a, b], graph, a.dtype);
  },
};

function behind(op: Operator, count: number, graph: GraphWriter): Handle {
  const { value, shape } = op.handle(0);
  const raised = [...shape, ...new Array<number>(count).fill(1)];
  const axes = graph.integers('axes', Array.from({ length: count }, (_, i) => i + 1));
  return graph.handle(graph.node('Unsqueeze', [value, axes], { shape: raised, dtype: 'bool', suffix: 'condition' }), raised);
} // prettier-ignore
