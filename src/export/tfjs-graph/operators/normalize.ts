import { float, int } from '../../../onnx/attribute.ts';
import { spatialOutput, spatialShape } from '../../spatial.ts';
import { imageInput } from '../image.ts';
import type { OperatorLowering } from '../lowering.ts';

/**
 * TensorFlow `FusedBatchNorm` at inference:
 *
 *   y = scale · (x − mean) / √(variance + epsilon) + offset
 *
 * Shapes: x and y `[N, h, w, C]` or NCHW, each parameter `[C]`.
 * Defaults: epsilon 1e-4 where the attribute is absent, which no converter leaves out.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/FusedBatchNormV3
 * @throws {EdgefoldError} UNSUPPORTED in training, where the statistics are those of the batch.
 */
export const batchNormalization: OperatorLowering = {
  ops: ['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'],

  lower(op, graph) {
    if (op.flag('is_training', false)) op.unsupported('it is in training mode');
    const rank = op.input(0).shape.length - 2;
    const input = imageInput(op, op.handle(0), graph, rank);
    const parameters = [1, 2, 3, 4].map((index) => op.constant(index).value(graph));
    const value = graph.node('BatchNormalization', [input.value, ...parameters], {
      shape: spatialShape(input),
      attributes: { epsilon: float(op.number('epsilon', 1e-4)) },
    });
    return spatialOutput({ ...input, value });
  },
};

/**
 * TensorFlow `LRN` over neighbouring channels:
 *
 *   y = x / (bias + alpha · Σ x²)^beta          over the 2r + 1 channels around
 *
 * ONNX divides alpha by the number of channels.
 * Defaults: `depth_radius` 5, `bias` 1, `alpha` 1, `beta` 0.5.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/LRN · https://onnx.ai/onnx/operators/onnx__LRN.html
 */
export const localResponse: OperatorLowering = {
  ops: ['LRN'],

  lower(op, graph) {
    const input = imageInput(op, op.handle(0), graph);
    const size = 2 * op.size('depth_radius', 5) + 1;
    const value = graph.node('LRN', [input.value], {
      shape: spatialShape(input),
      attributes: {
        size: int(size),
        alpha: float(op.number('alpha', 1) * size),
        beta: float(op.number('beta', 0.5)),
        bias: float(op.number('bias', 1)),
      },
    });
    return spatialOutput({ ...input, value });
  },
};
