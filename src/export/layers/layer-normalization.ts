import { float, int } from '../../onnx/attribute.ts';
import { float32, sizeOf } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { centred, meanOver } from '../moments.ts';
import { asKeras } from '../reorder.ts';
import { staticChannels } from '../spatial.ts';
import { computed } from '../computed.ts';

/**
 * Keras `LayerNormalization`, over the axes A:
 *
 *   y = gamma · (x − mean) / √(variance + epsilon) + beta          rms_scaling: y = gamma · x / √(variance + epsilon)
 *
 * Shapes: x and y `[N, …]`; gamma and beta the sizes of the axes in A. `rms_scaling` divides by the deviation, not by
 * the root of the mean square, and has no beta.
 *
 *   A are the last axes, opset 17    ONNX LayerNormalization
 *   any others, channels first too   the formula: no Transpose
 *
 * Defaults: `axis` −1, `epsilon` 1e-3, `center` and `scale` true, `rms_scaling` false.
 * Source: https://keras.io/api/layers/normalization_layers/layer_normalization/ · keras/src/ops/nn.py
 *         https://onnx.ai/onnx/operators/onnx__LayerNormalization.html (opset 17)
 */
export const layerNormalization: LayerLowering = {
  classNames: ['LayerNormalization'],
  note: 'any axis or axes, with and without scale and center, rms_scaling',
  traps: 'rms_scaling divides by the deviation, not by the root of the mean square',
  mask: 'keeps',

  lower(layer, [given], graph) {
    const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : graph.float(given);
    const rank = x.shape.length;
    const axes = layer.axes('axis', rank, [-1]);
    const epsilon = layer.number('epsilon', 1e-3);
    const rms = layer.flag('rms_scaling', false);
    const gamma = rms || layer.flag('scale', true);
    const beta = !rms && layer.flag('center', true);
    if (!rms && areLast(axes, rank) && x.layout.kind === 'keras' && graph.opset >= 17) {
      const scale = gamma ? parameter(layer, 'gamma', x, axes, false, graph) : ones(layer, x, axes, graph);
      const bias = beta ? [parameter(layer, 'beta', x, axes, false, graph)] : [];
      const attributes = { axis: int(axes[0]!), epsilon: float(epsilon) };
      return graph.like(x, 'LayerNormalization', { operands: [scale, ...bias], attributes });
    }
    const centre = centred(graph, x, axes);
    const square = graph.like(centre, 'Mul', { operands: [centre.value], suffix: 'square' });
    const root = rootOf(graph, meanOver(graph.part('variance'), square, axes), epsilon);
    const factors = [gamma && parameter(layer, 'gamma', x, axes, true, graph), beta && parameter(layer, 'beta', x, axes, true, graph)]; // prettier-ignore
    return scaledAndShifted(graph, rms ? x : centre, root, factors);
  },
};

/**
 * Keras `RMSNormalization`, over the axes A:
 *
 *   y = scale · x / √(mean(x²) + epsilon)
 *
 * Shapes: scale the sizes of the axes in A.
 * Defaults: `axis` −1, `epsilon` 1e-6.
 * Source: https://keras.io/api/layers/normalization_layers/rms_normalization/ · keras/src/ops/nn.py
 */
export const rmsNormalization: LayerLowering = {
  classNames: ['RMSNormalization'],
  note: 'the last axis or axes',
  traps: 'other axes are refused: Keras multiplies with its scale along the last ones',

  lower(layer, [given], graph) {
    const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : graph.float(given);
    const axes = layer.axes('axis', x.shape.length, [-1]);
    if (!areLast(axes, x.shape.length))
      layer.unsupported('its axes are not the last, to which Keras applies its scale');
    const square = graph.like(x, 'Mul', { operands: [x.value], suffix: 'square' });
    const root = rootOf(graph, meanOver(graph.part('mean_square'), square, axes), layer.number('epsilon', 1e-6));
    return scaledAndShifted(graph, x, root, [parameter(layer, 'scale', x, axes, true, graph), false]);
  },
};

function areLast(axes: readonly number[], rank: number): boolean {
  return axes.every((axis, i) => axis === rank - axes.length + i);
}

/** √(variance + epsilon) */
export function rootOf(graph: GraphWriter, variance: Handle, epsilon: number): Handle {
  const sum = graph.like(variance, 'Add', { operands: [graph.scalar('epsilon', epsilon)], suffix: 'with_epsilon' });
  return graph.like(sum, 'Sqrt', { suffix: 'root' });
}

type Factor = ReturnType<GraphWriter['constant']> | false;

/** x / root · gamma + beta, without what is not there. */
export function scaledAndShifted(
  graph: GraphWriter,
  x: Handle,
  root: Handle,
  [gamma, beta]: readonly Factor[],
): Handle {
  const steps = [['Div', root.value], ...(gamma ? [['Mul', gamma] as const] : []), ...(beta ? [['Add', beta] as const] : [])] as const; // prettier-ignore
  return steps.reduce<Handle>((y, [opType, operand], i) => {
    const suffix = i === steps.length - 1 ? {} : { suffix: opType === 'Div' ? 'normalized' : 'scaled' };
    return graph.like(y, opType, { operands: [operand], ...suffix });
  }, x);
}

function sizes(layer: Layer, x: Handle, axes: readonly number[]): number[] {
  return axes.map((axis) => staticChannels(layer, x.shape[axis]!));
}

/** A weight over some axes: with ones for the others, so that it broadcasts, or of those alone. */
function parameter(
  layer: Layer,
  name: string,
  x: Handle,
  axes: readonly number[],
  spread: boolean,
  graph: GraphWriter,
) {
  const weight = layer.weight(name, sizes(layer, x, axesOfWeight(layer, x, axes)));
  if (!spread) return graph.parameter(weight, 'over the last axes', (tensor) => ({ ...tensor, shape: sizes(layer, x, axes) })); // prettier-ignore
  const shape = x.shape.map((dim, axis) => (axes.includes(axis) ? staticChannels(layer, dim) : 1));
  return graph.broadcastParameter(weight, shape, x.layout);
}

/** Keras 2 stores the weight by the axes as they are written, and reads it as if they were sorted. */
function axesOfWeight(layer: Layer, x: Handle, axes: readonly number[]): readonly number[] {
  if (layer.kerasMajor === 3) return axes;
  return (layer.integers('axis') ?? [-1]).map((axis) => (axis < 0 ? axis + x.shape.length : axis));
}

function ones(layer: Layer, x: Handle, axes: readonly number[], graph: GraphWriter) {
  const shape = sizes(layer, x, axes);
  return graph.constant('gamma', float32(shape, new Float32Array(computed(sizeOf(shape))).fill(1)));
}
