import { string, type Attribute } from '../../../onnx/attribute.ts';
import { interpolated, picked } from '../../layers/resizing.ts';
import { spatialOutput } from '../../spatial.ts';
import { imageInput } from '../image.ts';
import type { OperatorLowering } from '../lowering.ts';
import type { Operator } from '../operator.ts';

/**
 * TensorFlow `ResizeBilinear` and `ResizeNearestNeighbor` to a known size. With i points becoming o, point p samples the
 * input at
 *
 *   align_corners        p · (i − 1)/(o − 1)
 *   half_pixel_centers   (p + ½) · i/o − ½
 *   neither              p · i/o
 *
 * and nearest takes the point ⌊p · i/o⌋, ⌊(p + ½) · i/o⌋, or with align_corners the nearest, halves up. Whole factors
 * repeat every point, which ONNX Resize says too; other sizes are one Gather an axis, in float32 as TensorFlow counts.
 *
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/ResizeBilinear
 *         tensorflow/core/kernels/image/resize_nearest_neighbor_op.cc
 */
export const resize: OperatorLowering = {
  ops: ['ResizeBilinear', 'ResizeNearestNeighbor'],

  lower(op, graph) {
    const input = imageInput(op, op.handle(0), graph);
    const sizes = op.numbers(1);
    if (sizes.length !== 2 || sizes.some((size) => !(size > 0))) op.broken('its size makes no sense');
    const how = sampling(op);
    if (op.className === 'ResizeBilinear') {
      return spatialOutput(interpolated(input, sizes, graph, attributes('linear', how)));
    }
    const isRepeated = how !== 'align_corners' && sizes.every((size, i) => size % Number(input.sizes[i]) === 0);
    if (isRepeated) return spatialOutput(interpolated(input, sizes, graph, attributes('nearest', 'asymmetric')));
    return spatialOutput(picked(op, input, sizes, graph, NEAREST[how]));
  },
};

type Sampling = 'align_corners' | 'half_pixel' | 'asymmetric';

function sampling(op: Operator): Sampling {
  const [corners, centers] = [op.flag('align_corners', false), op.flag('half_pixel_centers', false)];
  if (corners && centers) op.unsupported('it aligns corners and centers at once');
  return corners ? 'align_corners' : centers ? 'half_pixel' : 'asymmetric';
}

function attributes(mode: 'linear' | 'nearest', how: Sampling): Record<string, Attribute> {
  return {
    mode: string(mode),
    coordinate_transformation_mode: string(how),
    ...(mode === 'nearest' && { nearest_mode: string('floor') }),
  };
}

/** The point that becomes point p. */
const NEAREST: Readonly<Record<Sampling, (p: number, given: number, size: number) => number>> = {
  asymmetric: (p, given, size) => Math.floor(Math.fround(p * Math.fround(given / size))),
  half_pixel: (p, given, size) => Math.floor(Math.fround((p + 0.5) * Math.fround(given / size))),
  align_corners: (p, given, size) => {
    const scale = Math.fround(size > 1 ? (given - 1) / (size - 1) : given / size);
    return Math.floor(Math.fround(p * scale) + 0.5);
  },
};
