import type { LayerLowering } from '../lowering.ts';
import { pairs } from '../pairs.ts';
import { TO_THE_END, slice } from '../slice.ts';
import { spatialInput, spatialOutput, spatialRank } from '../spatial.ts';

/**
 * Keras `Cropping1D/2D/3D`: ONNX Slice.
 *
 * Shapes: x `[N, …i, C]`, y `[N, …i − begin − end, C]`.
 * Defaults: `cropping` 1 (1D: a pair); one number for all, one for each axis, or a pair (begin, end) for each.
 * Source: https://keras.io/api/layers/reshaping_layers/cropping2d/
 */
export const cropping: LayerLowering = {
  classNames: ['Cropping1D', 'Cropping2D', 'Cropping3D'],
  note: 'symmetric and asymmetric',

  lower(layer, [x], graph) {
    const input = spatialInput(layer, x, graph);
    const handle = spatialOutput(input);
    const firstAxis = input.dataFormat === 'channels_last' ? 1 : 2;
    const cuts = pairs(layer, 'cropping', spatialRank(layer), 1).map(([begin, end], i) => {
      const size = input.sizes[i]!;
      const left = typeof size === 'number' ? size - begin - end : begin + end === 0 ? size : graph.symbol(i + 1);
      if (typeof left === 'number' && left < 1) layer.unsupported(`it crops ${begin + end} of ${size} points`);
      return { axis: firstAxis + i, start: begin, end: end === 0 ? TO_THE_END : -end, size: left };
    });
    return slice(graph, handle, cuts);
  },
};
