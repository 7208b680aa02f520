import { float, int } from '../onnx/attribute.ts';
import { physicalAxis, type Handle } from './layout.ts';
import type { GraphWriter } from './graph-writer.ts';
import type { Layer } from './layer.ts';
import { float32, int64 } from '../tensor.ts';
import { reducedOver } from './moments.ts';
import { asKeras } from './reorder.ts';
import { slice } from './slice.ts';
import { computed } from './computed.ts';

/** One activation function; writes under the names of `graph`. */
export type Activation = (x: Handle, graph: GraphWriter, layer: Layer) => Handle;

/** Those that are one ONNX operator. */
const operator =
  (opType: string, attributes: Record<string, number> = {}): Activation =>
  (x, graph) => {
    const floats = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, float(value)]));
    return graph.like(x, opType, { attributes: floats });
  };

/** y = min(max(x, low), high); a bound left out is none. */
export function clip(x: Handle, graph: GraphWriter, low: number, high?: number): Handle {
  const operands = [graph.scalar('min', low), ...(high === undefined ? [] : [graph.scalar('max', high)])];
  return graph.like(x, 'Clip', { operands });
}

/** y_i = exp(x_i) / Σ exp(x) along one axis of the Keras tensor. Order plays no part in a reordered one. */
export function softmax(x: Handle, graph: GraphWriter, axis = x.shape.length - 1, opType = 'Softmax'): Handle {
  return graph.like(x, opType, { attributes: { axis: int(physicalAxis(x, axis)) } });
}

/** y = x · gate(x). */
const gated =
  (gate: Activation): Activation =>
  (x, graph, layer) => {
    const { value } = gate(x, graph.part('gate'), layer);
    return graph.like(x, 'Mul', { operands: [value] });
  };

/**
 * Keras 2 and TF.js: clip(0.2·x + 0.5, 0, 1). Keras 3: relu6(x + 3) / 6 = clip(x/6 + 0.5, 0, 1).
 * Source: tf_keras/src/backend.py, keras/src/backend/tensorflow/nn.py.
 */
const hardSigmoid: Activation = (x, graph, layer) =>
  operator('HardSigmoid', { alpha: layer.kerasMajor === 2 ? 0.2 : 1 / 6, beta: 0.5 })(x, graph, layer);

/** x · relu6(x + 3) / 6, in every generation. Source: keras/src/backend/tensorflow/nn.py; ONNX opset 14. */
const hardSwish: Activation = (x, graph, layer) =>
  graph.opset >= 14
    ? graph.like(x, 'HardSwish')
    : gated(operator('HardSigmoid', { alpha: 1 / 6, beta: 0.5 }))(x, graph, layer);

/** x · Φ(x) = x/2 · (1 + erf(x/√2)), the exact form, which is the default as an activation. ONNX opset 20. */
const gelu: Activation = (x, graph) => {
  if (graph.opset >= 20) return graph.like(x, 'Gelu');
  const scaled = graph.like(x, 'Mul', { operands: [graph.scalar('sqrt_half', Math.SQRT1_2)], suffix: 'scaled' });
  const erf = graph.like(scaled, 'Erf', { suffix: 'erf' });
  const sum = graph.like(erf, 'Add', { operands: [graph.scalar('one', 1)], suffix: 'sum' });
  const half = graph.like(x, 'Mul', { operands: [graph.scalar('half', 0.5)], suffix: 'half' });
  return graph.like(half, 'Mul', { operands: [sum.value] });
};

/** x · tanh(softplus(x)). ONNX opset 18. */
const mish: Activation = (x, graph) => {
  if (graph.opset >= 18) return graph.like(x, 'Mish');
  const softplus = graph.like(x, 'Softplus', { suffix: 'softplus' });
  const tanh = graph.like(softplus, 'Tanh', { suffix: 'tanh' });
  return graph.like(x, 'Mul', { operands: [tanh.value] });
};

/** (x + √(x² + 4)) / 2 */
const squareplus: Activation = (x, graph) => {
  const square = graph.like(x, 'Mul', { operands: [x.value], suffix: 'square' });
  const sum = graph.like(square, 'Add', { operands: [graph.scalar('b', 4)], suffix: 'sum' });
  const root = graph.like(sum, 'Sqrt', { suffix: 'root' });
  const total = graph.like(x, 'Add', { operands: [root.value], suffix: 'total' });
  return graph.like(total, 'Mul', { operands: [graph.scalar('half', 0.5)] });
};

/** 0 below −1, (x + 1)²/4 up to 1, x above; written as (clip(x, −1, 1) + 1)²/4 + relu(x − 1). */
const sparsePlus: Activation = (x, graph) => {
  const one = graph.scalar('one', 1);
  const middle = clip(x, graph.part('clipped'), -1, 1);
  const raised = graph.like(middle, 'Add', { operands: [one], suffix: 'raised' });
  const square = graph.like(raised, 'Mul', { operands: [raised.value], suffix: 'square' });
  const quarter = graph.like(square, 'Mul', { operands: [graph.scalar('quarter', 0.25)], suffix: 'quarter' });
  const beyond = graph.like(x, 'Sub', { operands: [one], suffix: 'beyond' });
  const linear = graph.like(beyond, 'Relu', { suffix: 'linear' });
  return graph.like(quarter, 'Add', { operands: [linear.value] });
};

/** −softplus(−x) */
const logSigmoid: Activation = (x, graph) => {
  const negative = graph.like(x, 'Neg', { suffix: 'negative' });
  const softplus = graph.like(negative, 'Softplus', { suffix: 'softplus' });
  return graph.like(softplus, 'Neg');
};

/** x − tanh(x) */
const tanhShrink: Activation = (x, graph) => {
  const { value } = graph.like(x, 'Tanh', { suffix: 'tanh' });
  return graph.like(x, 'Sub', { operands: [value] });
};

/** a · sigmoid(b), where a and b are the halves of x along the last axis. */
const glu: Activation = (given, graph, layer) => {
  const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : given;
  const width = x.shape.at(-1);
  if (typeof width !== 'number' || width % 2 !== 0) return layer.unsupported('glu needs an even, known last axis');
  const axis = x.shape.length - 1;
  const a = slice(graph, x, [{ axis, start: 0, end: width / 2, size: width / 2 }], 'linear');
  const b = slice(graph, x, [{ axis, start: width / 2, end: width, size: width / 2 }], 'gated');
  const gate = graph.like(b, 'Sigmoid', { suffix: 'gate' });
  return graph.like(a, 'Mul', { operands: [gate.value] });
};

/**
 * max(x − τ, 0), where the largest k of x_1 ≥ x_2 ≥ … support it, those with x_k > (c_k − 1) / k for the sums
 * c_k = x_1 + … + x_k, and τ = (Σ c_k − 1) / k over all of them, as Keras has it. Source: backend/tensorflow/nn.py.
 */
const sparsemax: Activation = (given, graph, layer) => {
  const x = asKeras(graph, given);
  const width = x.shape.at(-1);
  if (typeof width !== 'number') return layer.unsupported('sparsemax needs a known last axis');
  const axis = x.shape.length - 1;
  const order = { ...int64([axis]), shape: [] };
  const outputs = [
    { shape: x.shape, suffix: 'sorted' },
    { shape: x.shape, dtype: 'int64' as const, suffix: 'order' },
  ];
  const [largest] = graph.nodes('TopK', [x.value, graph.integers('width', [width])], outputs, { axis: int(axis) });
  const sorted = { ...x, value: largest! };
  const sums = graph.like(sorted, 'CumSum', { operands: [graph.constant('axis', order)], suffix: 'sums' });
  const one = graph.scalar('one', 1);
  const ranks = graph.constant(
    'ranks',
    float32(
      [width],
      Array.from({ length: computed(width) }, (_, i) => i + 1),
    ),
  );
  const less = graph.like(sums, 'Sub', { operands: [one], suffix: 'less' });
  const means = graph.like(less, 'Div', { operands: [ranks], suffix: 'means' });
  const support = graph.node('Greater', [sorted.value, means.value], {
    shape: x.shape,
    dtype: 'bool',
    suffix: 'support',
  });
  const counted = graph.node('Cast', [support], { shape: x.shape, attributes: { to: int(1) }, suffix: 'counted' });
  const kept = graph.like(sums, 'Mul', { operands: [counted], suffix: 'kept' });
  const total = reducedOver(graph.part('total'), 'ReduceSum', kept, [axis], 13);
  const count = reducedOver(graph.part('count'), 'ReduceSum', { ...x, value: counted }, [axis], 13);
  const excess = graph.like(total, 'Sub', { operands: [one], suffix: 'excess' });
  const tau = graph.like(excess, 'Div', { operands: [count.value], suffix: 'tau' });
  const above = graph.like(x, 'Sub', { operands: [tau.value], suffix: 'above' });
  return graph.like(above, 'Relu');
};

/**
 * Every activation that Keras knows by name.
 * Source: keras/src/activations/__init__.py and keras/src/backend/tensorflow/nn.py; tf_keras/src/activations.py.
 */
export const ACTIVATIONS: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ['linear', (x) => x],
  ['relu', operator('Relu')],
  ['relu6', (x, graph) => clip(x, graph, 0, 6)],
  ['leaky_relu', operator('LeakyRelu', { alpha: 0.2 })],
  ['elu', operator('Elu', { alpha: 1 })],
  ['selu', operator('Selu')],
  ['celu', operator('Celu', { alpha: 1 })],
  ['softmax', (x, graph) => softmax(x, graph)],
  ['log_softmax', (x, graph) => softmax(x, graph, undefined, 'LogSoftmax')],
  ['softplus', operator('Softplus')],
  ['softsign', operator('Softsign')],
  ['tanh', operator('Tanh')],
  ['sigmoid', operator('Sigmoid')],
  ['hard_sigmoid', hardSigmoid],
  ['exponential', operator('Exp')],
  ['silu', gated(operator('Sigmoid'))],
  ['swish', gated(operator('Sigmoid'))],
  ['hard_silu', hardSwish],
  ['hard_swish', hardSwish],
  ['gelu', gelu],
  ['mish', mish],
  ['squareplus', squareplus],
  ['sparse_plus', sparsePlus],
  ['sparse_sigmoid', operator('HardSigmoid', { alpha: 0.5, beta: 0.5 })],
  ['log_sigmoid', logSigmoid],
  ['hard_tanh', (x, graph) => clip(x, graph, -1, 1)],
  ['tanh_shrink', tanhShrink],
  ['soft_shrink', operator('Shrink', { lambd: 0.5, bias: 0.5 })],
  ['hard_shrink', operator('Shrink', { lambd: 0.5, bias: 0 })],
  ['glu', glu],
  ['sparsemax', sparsemax],
]);
