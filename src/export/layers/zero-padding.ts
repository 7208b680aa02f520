import { string } from '../../onnx/attribute.ts';
import type { LayerLowering } from '../lowering.ts';
import { pairs } from '../pairs.ts';
import { spatialInput, spatialOutput, spatialRank, spatialShape } from '../spatial.ts';

/**
 * Keras `ZeroPadding1D/2D/3D`: ONNX Pad with zeros.
 *
 * Shapes: x `[N, …i, C]`, y `[N, …begin + i + end, C]`.
 * Defaults: `padding` 1; one number for all, one for each axis, or a pair (begin, end) for each.
 * Source: https://keras.io/api/layers/reshaping_layers/zero_padding2d/
 */
export const zeroPadding: LayerLowering = {
  classNames: ['ZeroPadding1D', 'ZeroPadding2D', 'ZeroPadding3D'],
  note: 'symmetric and asymmetric',

  lower(layer, [x], graph) {
    const rank = spatialRank(layer);
    const input = spatialInput(layer, x.value.dtype === 'int32' ? x : graph.float(x), graph);
    const padding = pairs(layer, 'padding', rank, 1);
    const sizes = input.sizes.map((size, i) => {
      const added = padding[i]![0] + padding[i]![1];
      return typeof size === 'number' ? size + added : added === 0 ? size : graph.symbol(i + 1);
    });
    const pads = [0, 0, ...padding.map(([begin]) => begin), 0, 0, ...padding.map(([, end]) => end)];
    const output = { ...input, sizes };
    const { dtype } = input.value;
    const zero =
      dtype === 'int32'
        ? graph.constant('zero', { dtype, shape: [], data: Int32Array.of(0) })
        : graph.scalar('zero', 0);
    const value = graph.node('Pad', [input.value, graph.integers('pads', pads), zero], {
      shape: spatialShape(output),
      dtype,
      attributes: { mode: string('constant') },
    });
    return spatialOutput({ ...output, value });
  },
};
