import { int } from '../../onnx/attribute.ts';
import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { CHANNELS_FIRST, flattenedOrder, KERAS, orderIsTrivial, type Handle, type Layout } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { asKeras, offerForm } from '../reorder.ts';

/**
 * Keras `Flatten`: `[N, …, C]` → `[N, F]`, in Keras's order, the channel fastest.
 *
 * A channels-first x is flattened as it lies; the result remembers its order, so that a Dense behind it takes the
 * rows of its kernel in that order. Whoever needs Keras's order gets a Transpose before the Flatten instead.
 * With `data_format` channels_first, Keras moves the channels behind before it flattens.
 *
 * Source: https://keras.io/api/layers/reshaping_layers/flatten/ · keras/src/layers/reshaping/flatten.py
 */
export const flatten: LayerLowering = {
  classNames: ['Flatten'],
  note: 'no Transpose between convolutions and a Dense',

  lower(layer, [given], graph) {
    const first = layer.value('data_format') === 'channels_first' && given.shape.length > 2;
    return flattened(graph, first ? asSeenBehind(asKeras(graph, given)) : given);
  },
};

/** `[N, …]` → `[N, F]`, in an order that the result remembers. */
export function flattened(graph: GraphWriter, x: Handle): Handle {
  const sizes = x.shape.slice(1);
  const known = sizes.filter((dim) => typeof dim === 'number');
  const features: Dim = known.length === sizes.length ? known.reduce((a, b) => a * b, 1) : graph.symbol(1);
  const shape = [x.shape[0]!, features];
  if (x.layout.kind === 'channels-first' && !orderIsTrivial(x.shape)) {
    if (known.length < sizes.length) return flat(graph, asKeras(graph, x), shape, KERAS);
    const y = flat(graph, x, shape, flattenedOrder(known));
    offerForm(graph, y, 'keras', () => flat(graph.part('in_order'), asKeras(graph, x), shape, KERAS));
    return y;
  }
  return flat(graph, x, shape, x.layout.kind === 'reordered' ? x.layout : KERAS);
}

function flat(graph: GraphWriter, x: Handle, shape: readonly Dim[], layout: Layout): Handle {
  if (x.shape.length === 2) return x;
  const output = { shape, dtype: x.value.dtype, attributes: { axis: int(1) } };
  return graph.handle(graph.node('Flatten', [x.value], output), shape, layout);
}

/** A Keras tensor [N, C, …spatial] seen as the [N, …spatial, C] that Keras makes of it before it flattens. */
function asSeenBehind({ value, shape: [batch, channels, ...spatial] }: Handle): Handle {
  return { value, shape: [batch!, ...spatial, channels!], layout: CHANNELS_FIRST };
}
