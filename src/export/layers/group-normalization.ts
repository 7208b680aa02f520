import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import { KERAS, type Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { float } from '../../onnx/attribute.ts';
import { float32 } from '../../tensor.ts';
import { asChannelsFirst, asKeras } from '../reorder.ts';
import { staticChannels } from '../spatial.ts';
import { permuted } from '../target-shape.ts';
import { computed } from '../computed.ts';

/**
 * Keras `GroupNormalization`: the channels in groups, each sample and group normalised over its channels and points:
 *
 *   y = gamma · (x − mean) / √(variance + epsilon) + beta
 *
 * Shapes: x and y `[N, …, C]`, gamma and beta `[C]`; C is axis `axis`. Written channels first as
 * Reshape `[N, groups, …]`, InstanceNormalization, Reshape back, Mul, Add, whose statistics are the same;
 * one InstanceNormalization where each channel is a group (`groups` −1, and TensorFlow Addons' InstanceNormalization).
 * Channels on an axis in the middle are moved to the front and back.
 * ONNX's GroupNormalization is exact from opset 21 on only, and onnxruntime expands it to more nodes than these.
 * Defaults: `groups` 32, `axis` −1, `epsilon` 1e-3, `center` and `scale` true.
 * Source: https://keras.io/api/layers/normalization_layers/group_normalization/
 *         https://onnx.ai/onnx/operators/onnx__InstanceNormalization.html
 */
export const groupNormalization: LayerLowering = {
  classNames: ['GroupNormalization', 'InstanceNormalization'],
  note: 'any number of groups, −1 among them, any axis, with and without scale and center; InstanceNormalization of TensorFlow Addons',
  traps: 'in Keras 2 refused over a mask, which weighs its statistics there',
  mask: 'keeps',

  lower(layer, [given], graph) {
    const x = graph.float(given);
    const rank = x.shape.length;
    if (x.mask && layer.kerasMajor === 2) layer.unsupported('it weighs its statistics with a mask');
    const axis = layer.axis('axis', rank, -1);
    if (axis === 0) layer.malformed('axis', 'an axis of each sample');
    if (rank === 2) return unflattened(layer, asKeras(graph, x), graph);
    if (axis === rank - 1) return normalized(layer, asChannelsFirst(graph, x), x.shape.at(-1)!, graph);
    if (axis === 1) return normalized(layer, asKeras(graph, x), x.shape[1]!, graph);
    const perm = [0, axis, ...x.shape.flatMap((_, i) => (i === 0 || i === axis ? [] : [i]))];
    const moved = permuted(graph, asKeras(graph, x), perm, 'channels_first');
    const y = normalized(layer, moved, moved.shape[1]!, graph.part('of_channels'));
    return permuted(graph, y, perm.map((_, i) => perm.indexOf(i))); // prettier-ignore
  },
};

/** x with its channels on axis 1 in memory. */
function normalized(layer: Layer, x: Handle, C: Dim, graph: GraphWriter): Handle {
  const channels = staticChannels(layer, C);
  const groups = groupsOf(layer, channels);
  const [gamma, beta] = (['gamma', 'beta'] as const).map((name) => values(layer, name, channels));
  const physical = x.value.shape!;
  const attributes = { epsilon: float(layer.number('epsilon', 1e-3)) };
  if (groups === channels) {
    const operands = [graph.constant('gamma', float32([channels], gamma!)), graph.constant('beta', float32([channels], beta!))]; // prettier-ignore
    return graph.like(x, 'InstanceNormalization', { operands, attributes });
  }
  const inGroups = [physical[0]!, groups, graph.symbol(2)];
  const split = graph.node('Reshape', [x.value, graph.integers('groups_shape', [0, groups, -1])], { shape: inGroups, suffix: 'groups' }); // prettier-ignore
  const [one, zero] = [1, 0].map((value, i) => graph.constant(i === 0 ? 'one' : 'zero', float32([groups], new Float32Array(computed(groups)).fill(value)))); // prettier-ignore
  const inner = graph.node('InstanceNormalization', [split, one, zero], { shape: inGroups, attributes, suffix: 'normalized' }); // prettier-ignore
  const whole = graph.node('Reshape', [inner, backTo(physical, x, graph)], { shape: physical, suffix: 'joined' });
  return affine(layer, { ...x, value: whole }, [channels, ...physical.slice(2).map(() => 1)], gamma!, beta!, graph);
}

function affine(
  layer: Layer,
  x: Handle,
  shape: readonly number[],
  gamma: Float32Array,
  beta: Float32Array,
  graph: GraphWriter,
) {
  const [scales, shifts] = [layer.flag('scale', true), layer.flag('center', true)];
  const scaled = scales ? graph.like(x, 'Mul', { operands: [graph.constant('gamma', float32(shape, gamma))], ...(shifts ? { suffix: 'scaled' } : {}) }) : x; // prettier-ignore
  return shifts ? graph.like(scaled, 'Add', { operands: [graph.constant('beta', float32(shape, beta))] }) : scaled;
}

/** The shape to go back to, of which only the running model may know some. */
function backTo(physical: readonly Dim[], x: Handle, graph: GraphWriter) {
  const open = physical.slice(1).filter((dim) => typeof dim !== 'number').length;
  if (open <= 1) return graph.integers('shape', physical.map((dim, i) => (i === 0 ? 0 : typeof dim === 'number' ? dim : -1))); // prettier-ignore
  return graph.node('Shape', [x.value], { shape: [physical.length], dtype: 'int64', suffix: 'sizes' });
}

/** `[N, C]` as a sequence of one point. */
function unflattened(layer: Layer, x: Handle, graph: GraphWriter): Handle {
  const [N, C] = x.shape as [Dim, Dim];
  const shape = [N, C, 1];
  const points = graph.node('Unsqueeze', [x.value, graph.integers('point_axis', [2])], { shape, suffix: 'points' });
  const y = normalized(layer, { value: points, shape, layout: KERAS }, C, graph.part('of_points'));
  return graph.handle(graph.node('Squeeze', [y.value, graph.integers('axis', [2])], { shape: [N, C] }), [N, C]);
}

function groupsOf(layer: Layer, channels: number): number {
  if (layer.className === 'InstanceNormalization') return channels;
  const groups = layer.integer('groups', 32);
  if (groups === -1) return channels;
  return groups > 0 && channels % groups === 0
    ? groups
    : layer.malformed('groups', `a divisor of the ${channels} channels`);
}

/** Parameters that are not saved do nothing. */
function values(layer: Layer, name: 'gamma' | 'beta', channels: number): Float32Array {
  if (layer.flag(name === 'gamma' ? 'scale' : 'center', true)) return layer.weight(name, [channels]).tensor().data;
  return new Float32Array(computed(channels)).fill(name === 'gamma' ? 1 : 0);
}
