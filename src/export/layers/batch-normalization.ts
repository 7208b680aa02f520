import { float } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import { float32 } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import { gatherRows, laidOut, layoutId, type Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { asChannelsFirst, asKeras } from '../reorder.ts';
import type { SourceWeight } from '../source-model.ts';
import { staticChannels } from '../spatial.ts';

/**
 * Keras `BatchNormalization` at inference:
 *
 *   y = gamma · (x − moving_mean) / √(moving_variance + epsilon) + beta
 *
 * Shapes: x and y `[N, …, C]`, each parameter `[C]`; C is axis `axis`.
 *
 *   C is last, rank 2           ONNX BatchNormalization; a reordered x reorders the parameters
 *   C is last, rank 3 and more  channels first, ONNX BatchNormalization; back again behind a Dense and for sequences
 *   C is axis 1 in Keras too    ONNX BatchNormalization on the tensor as it is
 *   any other axis or axes      Mul and Add, scale and shift computed in float64
 *
 * Keras and TF.js default epsilon to 1e-3, ONNX to 1e-5, so it is always written out. `scale: false` and
 * `center: false` save no gamma or beta; ONNX requires both. Renormalisation and virtual batches differ in training
 * only. Opset 14 and later have a `training_mode`, whose default is inference, as opset 9's one output is.
 *
 * Source: https://keras.io/api/layers/normalization_layers/batch_normalization/
 *         https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
 */
export const batchNormalization: LayerLowering = {
  classNames: ['BatchNormalization', 'SyncBatchNormalization'],
  note: 'any axis or axes, with and without scale and center',
  traps: 'epsilon is 1e-3, where ONNX has 1e-5; renorm and virtual batches matter in training only',
  inTraining: 'normalises with the statistics of the batch',
  mask: 'keeps',

  lower(layer, [given], graph) {
    const x = graph.float(given);
    const rank = x.shape.length;
    const axes = layer.axes('axis', rank, [-1]);
    if (axes.length === 1 && rank >= 2) {
      if (axes[0] === rank - 1) return normalizeLast(layer, x, axes[0], graph);
      if (axes[0] === 1) return normalize(layer, asKeras(graph, x), 1, graph);
    }
    return scaleAndShift(layer, x, axes, graph);
  },
};

const EPSILON = 1e-3;

/**
 * Behind a Dense, and on sequences, readers want the channels behind again: the result is moved back, and stays
 * channels first for those who ask. Folding leaves the two Transposes facing each other, and takes them out.
 */
function normalizeLast(layer: Layer, x: Handle, axis: number, graph: GraphWriter): Handle {
  const rank = x.shape.length;
  if (rank === 2) return normalize(layer, x, axis, graph);
  const y = normalize(layer, asChannelsFirst(graph, x), axis, graph);
  return x.layout.kind === 'keras' && (rank === 3 || isProduct(x.value)) ? asKeras(graph, y) : y;
}

/** Whether a Dense of rank 3 or more made it. */
function isProduct({ producer }: Value): boolean {
  if (producer?.opType === 'Add') return producer.inputs[0]?.producer?.opType === 'MatMul';
  return producer?.opType === 'MatMul';
}

function normalize(layer: Layer, x: Handle, axis: number, graph: GraphWriter): Handle {
  const { mean, variance, gamma, beta } = statistics(layer, [staticChannels(layer, x.shape[axis]!)]);
  const { layout } = x;
  const parameter = (weight: SourceWeight) =>
    layout.kind === 'reordered'
      ? graph.parameter(weight, layoutId(layout), (tensor) => gatherRows(tensor, layout.order()))
      : graph.parameter(weight);
  const filled = (name: string, value: number) =>
    graph.constant(name, float32(mean.shape, new Float32Array(mean.shape[0]!).fill(value)));
  const operands: Value[] = [
    gamma ? parameter(gamma) : filled('gamma', 1),
    beta ? parameter(beta) : filled('beta', 0),
    parameter(mean),
    parameter(variance),
  ];
  const attributes = { epsilon: float(layer.number('epsilon', EPSILON)) };
  return graph.like(x, 'BatchNormalization', { operands, attributes });
}

/** scale = gamma / √(variance + epsilon), shift = beta − mean · scale. */
function scaleAndShift(layer: Layer, x: Handle, axes: readonly number[], graph: GraphWriter): Handle {
  const sizes = x.shape.map((dim, axis) => (axes.includes(axis) ? staticChannels(layer, dim) : 1));
  const shape = axes.length === 1 ? [sizes[axes[0]!]!] : sizes;
  const { mean, variance, gamma, beta } = statistics(layer, shape);
  const [m, v, g, b] = [mean, variance, gamma, beta].map((weight) => weight?.tensor().data);
  const epsilon = layer.number('epsilon', EPSILON);
  const scale = Float64Array.from(v!, (variance, i) => (g?.[i] ?? 1) / Math.sqrt(variance + epsilon));
  const shift = scale.map((s, i) => (b?.[i] ?? 0) - m![i]! * s);
  const constant = (name: string, values: Float64Array) =>
    graph.constant(name, laidOut(float32(sizes, values), x.layout));
  const scaled = graph.like(x, 'Mul', { operands: [constant('scale', scale)], suffix: 'scaled' });
  return graph.like(scaled, 'Add', { operands: [constant('shift', shift)] });
}

function statistics(layer: Layer, shape: readonly number[]) {
  return {
    mean: layer.weight('moving_mean', shape),
    variance: layer.weight('moving_variance', shape),
    gamma: layer.flag('scale', true) ? layer.weight('gamma', shape) : undefined,
    beta: layer.flag('center', true) ? layer.weight('beta', shape) : undefined,
  };
}
