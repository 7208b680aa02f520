import { int } from '../../onnx/attribute.ts';
import type { LayerLowering } from '../lowering.ts';
import { slidingWindow, spatialInput, spatialOutput, spatialRank, spatialShape } from '../spatial.ts';

/**
 * Keras `MaxPooling1D/2D/3D` and `AveragePooling1D/2D/3D`.
 *
 * Shapes: x `[N, …i, C]`, y `[N, …o, C]`; padding as for convolutions, {@link slidingWindow}. The points that
 * padding adds take no part: they are below every maximum, and no average counts them (`count_include_pad` 0).
 * Defaults: `pool_size` 2, `strides` the pool size, `padding` valid.
 * Source: https://keras.io/api/layers/pooling_layers/ · https://onnx.ai/onnx/operators/onnx__AveragePool.html
 */
export const pooling: LayerLowering = {
  classNames: [
    ...['MaxPooling1D', 'MaxPooling2D', 'MaxPooling3D'],
    ...['AveragePooling1D', 'AveragePooling2D', 'AveragePooling3D'],
  ],
  note: 'valid and same padding, both data formats',

  lower(layer, [x], graph) {
    const rank = spatialRank(layer);
    const input = spatialInput(layer, graph.float(x), graph);
    const kernel = layer.sizes('pool_size', rank, 2);
    const strides = layer.sizes('strides', rank, kernel);
    const padding = layer.choice('padding', ['valid', 'same'], 'valid');
    const window = { kernel, strides, dilations: kernel.map(() => 1), padding };
    const { attributes, sizes } = slidingWindow(layer, window, input.sizes, graph);
    const average = layer.className.startsWith('Average');
    const output = { ...input, sizes };
    const value = graph.node(average ? 'AveragePool' : 'MaxPool', [input.value], {
      shape: spatialShape(output),
      attributes: { ...attributes, ...(average ? { count_include_pad: int(0) } : {}) },
    });
    return spatialOutput({ ...output, value });
  },
};
