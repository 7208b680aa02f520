import type { Dim } from '../../tensor.ts';
import type { LayerLowering } from '../lowering.ts';
import { slice } from '../slice.ts';

/**
 * Keras `CenterCrop`: the part of height · width points that begins at ⌊(h − height)/2⌋, ⌊(w − width)/2⌋.
 *
 * Shapes: x `[N, h, w, C]`, y `[N, height, width, C]`; a data_format of channels_first counts otherwise.
 * Source: keras/src/layers/preprocessing/image_preprocessing/center_crop.py
 * @throws {EdgefoldError} UNSUPPORTED for images of unknown size, and for smaller ones, which Keras scales.
 */
export const centerCrop: LayerLowering = {
  classNames: ['CenterCrop'],
  note: 'from images of a known size that is not smaller',

  lower(layer, [given], graph) {
    const x = graph.float(given);
    if (x.shape.length !== 4) return layer.unsupported(`its input has rank ${x.shape.length} in place of 4`);
    const format = layer.choice('data_format', ['channels_last', 'channels_first'], 'channels_last');
    const first = format === 'channels_last' ? 1 : 2;
    const cuts = ['height', 'width'].flatMap((key, i) => {
      const [size, given] = [layer.size(key), known(x.shape[first + i])];
      if (given === undefined) return layer.unsupported('it crops images of unknown size');
      if (given < size) return layer.unsupported(`it is larger than its input, which Keras scales`);
      const start = Math.floor((given - size) / 2);
      return given === size ? [] : [{ axis: first + i, start, end: start + size, size }];
    });
    return cuts.length === 0 ? x : slice(graph, x, cuts);
  },
};

function known(dim: Dim | undefined): number | undefined {
  return typeof dim === 'number' ? dim : undefined;
}
