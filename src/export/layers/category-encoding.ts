import { checkedDepth, encodedPlaces, outputMode } from '../categories.ts';
import type { LayerLowering } from '../lowering.ts';
import { inType } from '../operations/broadcast.ts';
import { asKeras } from '../reorder.ts';

/**
 * Keras `CategoryEncoding`: places of categories marked or counted, as `encodedPlaces` says.
 *
 * Shapes: x integers `[N]`, `[N, k]`; y `[N, num_tokens]`, float32, or `[N, k, num_tokens]` for one_hot.
 * Defaults: `output_mode` multi_hot.
 * Source: https://keras.io/api/layers/preprocessing_layers/categorical/category_encoding/
 * @throws {EdgefoldError} UNSUPPORTED with count_weights, which are a second input.
 */
export const categoryEncoding: LayerLowering = {
  classNames: ['CategoryEncoding'],
  note: 'one_hot, multi_hot and count, without weights',

  lower(layer, [given], graph) {
    const depth = checkedDepth(
      layer,
      layer.size(layer.value('num_tokens') === undefined ? 'max_tokens' : 'num_tokens'),
    );
    const mode = outputMode(layer, ['one_hot', 'multi_hot', 'count'], 'multi_hot');
    const places = inType(asKeras(graph, given), 'int64', graph.part('places'));
    return encodedPlaces(layer, places, { mode, depth }, graph);
  },
};
