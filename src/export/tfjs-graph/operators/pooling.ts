import { int } from '../../../onnx/attribute.ts';
import { slidingWindow, spatialOutput, spatialShape, type Spatial } from '../../spatial.ts';
import { imageInput, spatialEntries } from '../image.ts';
import type { OperatorLowering } from '../lowering.ts';
import { explicitPads, padded, windowOf } from './convolution.ts';

/**
 * TensorFlow `MaxPool`, `AvgPool`, `MaxPool3D`, `AvgPool3D`. Points that padding adds take no part.
 *
 * Shapes: x `[N, …i, C]`, y `[N, …o, C]`.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/MaxPool
 */
export const pooling: OperatorLowering = {
  ops: ['MaxPool', 'AvgPool', 'MaxPool3D', 'AvgPool3D'],

  lower(op, graph) {
    const rank = op.className.endsWith('3D') ? 3 : 2;
    const input = imageInput(op, op.handle(0), graph, rank);
    const window = windowOf(op, spatialEntries(op, 'ksize', rank));
    const average = op.className.startsWith('Avg');
    const slide = (x: Spatial) => {
      const { attributes, sizes } = slidingWindow(op, window, x.sizes, graph);
      const output = { ...input, sizes };
      const value = graph.node(average ? 'AveragePool' : 'MaxPool', [x.value], {
        shape: spatialShape(output),
        attributes: { ...attributes, ...(average && { count_include_pad: int(0) }) },
      });
      return spatialOutput({ ...output, value });
    };
    const pads = explicitPads(op, rank);
    return pads ? padded(op, input, pads, slide) : slide(input);
  },
};
