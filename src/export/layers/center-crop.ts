import type { Dim } from '../../tensor.ts';
import { framed } from '../aspect-ratio.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { slice } from '../slice.ts';
import { spatialInput, spatialOutput } from '../spatial.ts';
import { interpolated } from './resizing.ts';

/**
 * Keras `CenterCrop`: the part of height · width points that begins at ⌊(h − height)/2⌋, ⌊(w − width)/2⌋.
 *
 * Shapes: x `[N, h, w, C]`, y `[N, height, width, C]`; a data_format of channels_first counts otherwise.
 * Source: keras/src/layers/preprocessing/image_preprocessing/center_crop.py
 * @throws {EdgefoldError} UNSUPPORTED for images of unknown size.
 */
export const centerCrop: LayerLowering = {
  classNames: ['CenterCrop'],
  note: 'from images of a known size; smaller ones are scaled up, as Keras does',

  lower(layer, [given], graph) {
    const x = graph.float(given);
    if (x.shape.length !== 4) return layer.unsupported(`its input has rank ${x.shape.length} in place of 4`);
    const format = layer.choice('data_format', ['channels_last', 'channels_first'], 'channels_last');
    const first = format === 'channels_last' ? 1 : 2;
    const sizes = ['height', 'width'].map((key) => layer.size(key));
    const givens = sizes.map(
      (_, i) => known(x.shape[first + i]) ?? layer.unsupported('it crops images of unknown size'),
    );
    if (sizes.some((size, i) => size > givens[i]!)) return scaled(layer, x, sizes, graph);
    const cuts = sizes.flatMap((size, i) => {
      const start = Math.floor((givens[i]! - size) / 2);
      return givens[i] === size ? [] : [{ axis: first + i, start, end: start + size, size }];
    });
    return cuts.length === 0 ? x : slice(graph, x, cuts);
  },
};

/** Where either size is larger than the image's, the image is cropped to the proportions and scaled up. */
function scaled(layer: Layer, x: Handle, sizes: readonly number[], graph: GraphWriter): Handle {
  const proportions = { ...layer.source.config, crop_to_aspect_ratio: true, pad_to_aspect_ratio: false };
  const cropping = new Layer({ ...layer.source, config: proportions }, layer.origin);
  return spatialOutput(interpolated(spatialInput(layer, framed(cropping, x, sizes, graph), graph, 2), sizes, graph));
}

function known(dim: Dim | undefined): number | undefined {
  return typeof dim === 'number' ? dim : undefined;
}
