import type { Dim } from '../../tensor.ts';
import type { Layer } from '../layer.ts';
import { CHANNELS_FIRST, KERAS, orderIsTrivial, physicalShape, type Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { inKerasOrder, offerForm, reshaped } from '../reorder.ts';
import { flattened } from './flatten.ts';

/**
 * Keras `Reshape`: the same elements in Keras's order, seen as `[N, …target_shape]`. One size may be −1.
 *
 * To rank 2 it is a Flatten. Where the result has one channel, or one point, a reader that wants channels in front gets
 * it with the same single Reshape; behind the Flatten of a global pooling, the result is what was flattened.
 * Source: https://keras.io/api/layers/reshaping_layers/reshape/
 */
export const reshape: LayerLowering = {
  classNames: ['Reshape'],
  note: 'one size may be left open',

  lower(layer, [given], graph) {
    const shape = targetShape(layer, given, graph.symbol(1));
    if (shape.length === 2) return flattened(graph, given);
    const unflattened = beforeFlatten(given, shape);
    if (unflattened) return unflattened;
    const x = inKerasOrder(graph, given);
    const y = reshaped(graph, x, shape, KERAS);
    if (shape.length > 2 && orderIsTrivial(shape)) {
      offerForm(graph, y, 'channels-first', () => reshaped(graph, x, shape, CHANNELS_FIRST, 'channels_first'));
    }
    return y;
  },
};

/** The tensor that a Flatten made `x` of, if it is the result. */
function beforeFlatten({ value, layout }: Handle, shape: readonly Dim[]): Handle | undefined {
  const source = value.producer?.opType === 'Flatten' ? value.producer.inputs[0] : undefined;
  if (!source || layout.kind !== 'keras' || !orderIsTrivial(shape)) return undefined;
  const wanted = physicalShape(shape, CHANNELS_FIRST);
  const isIt = source.shape?.length === wanted.length && wanted.every((dim, axis) => dim === source.shape![axis]);
  return isIt ? { value: source, shape, layout: CHANNELS_FIRST } : undefined;
}

function targetShape(layer: Layer, x: Handle, symbol: Dim): Dim[] {
  const target = layer.integers('target_shape') ?? layer.malformed('target_shape', 'a list of integers');
  const open = target.filter((size) => size === -1).length;
  if (open > 1 || target.some((size) => size < -1 || size === 0))
    layer.malformed('target_shape', 'sizes, one of them −1');
  const given = x.shape.slice(1);
  const known = given.every((dim) => typeof dim === 'number');
  const total = known ? given.reduce((a, b) => a * b, 1) : undefined;
  const rest = target.reduce((product, size) => (size === -1 ? product : product * size), 1);
  if (total !== undefined && (open === 0 ? rest !== total : total % rest !== 0)) {
    layer.malformed('target_shape', `a shape of ${total} elements`);
  }
  const last = total === undefined ? symbol : total / rest;
  return [x.shape[0]!, ...target.map((size) => (size === -1 ? last : size))];
}
