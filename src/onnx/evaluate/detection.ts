import { text, type Call, type Rule } from './call.ts';
import { checkWork, zeros, type NumericReal } from './real.ts';
import { steps } from './take.ts';

/** Corners in order, whatever the diagonal that is given: [y, x] of the least and the greatest. */
type Box = readonly [number, number, number, number];

function boxesOf(call: Call, { data, shape }: NumericReal): Box[][] {
  const [B = 0, N = 0, four] = shape;
  if (shape.length !== 3 || four !== 4) call.fault('boxes are four numbers each', '[batches, boxes, 4]', text(shape));
  const isCentred = call.node.int('center_point_box', 0) === 1;
  return steps(B, 1).map((b) => {
    return steps(N, 1).map((n): Box => {
      const [p, q, r, s] = data.subarray((b * N + n) * 4) as unknown as Box;
      if (isCentred) return [q - s / 2, p - r / 2, q + s / 2, p + r / 2];
      return [Math.min(p, r), Math.min(q, s), Math.max(p, r), Math.max(q, s)];
    });
  });
}

function overlap(a: Box, b: Box): number {
  const span = (axis: 0 | 1) => Math.max(0, Math.min(a[axis + 2]!, b[axis + 2]!) - Math.max(a[axis], b[axis]));
  const area = (box: Box) => (box[2] - box[0]) * (box[3] - box[1]);
  const shared = span(0) * span(1);
  return shared === 0 ? 0 : shared / (area(a) + area(b) - shared);
}

/**
 * The best boxes of each class, best first, that overlap none chosen before by more than a threshold.
 * Boxes `[B, N, 4]`, scores `[B, C, N]`; the result lists (batch, class, box).
 */
const nonMaxSuppression: Rule = (call) => {
  const boxes = boxesOf(call, call.input(0));
  const scores = call.input(1);
  const [B = 0, C = 0, N = 0] = scores.shape;
  if (boxes.length !== B || boxes.some((list) => list.length !== N)) call.fault('scores do not fit the boxes', text(call.input(0).shape), text(scores.shape)); // prettier-ignore
  const [most, threshold, least] = [call.scalar(2, 0), call.scalar(3, 0), call.scalar(4, -Infinity)];
  const rows: number[] = [];
  for (let b = 0; b < B; b++) {
    for (let c = 0; c < C; c++) {
      const score = (n: number) => scores.data[(b * C + c) * N + n]!;
      const order = steps(N, 1).filter((n) => score(n) > least).sort((m, n) => score(n) - score(m) || m - n); // prettier-ignore
      const kept: number[] = [];
      for (const n of order) {
        if (kept.length >= most) break;
        if (kept.every((m) => overlap(boxes[b]![m]!, boxes[b]![n]!) <= threshold)) kept.push(n);
      }
      rows.push(...kept.flatMap((n) => [b, c, n]));
    }
  }
  return call.one([rows.length / 3, 3], Float64Array.from(rows), 'int64');
};

/** One axis of a region: bins of equal size, each sampled at points between which the input is interpolated. */
interface Bins {
  readonly start: number;
  readonly size: number;
  readonly points: number;
}

/**
 * Regions `[R, 4]` (x and y of two corners) of the samples `batch[R]`, each brought to the same size by averaging, or
 * taking the largest of, points in each bin. Source: https://onnx.ai/onnx/operators/onnx__RoiAlign.html
 */
const roiAlign: Rule = (call) => {
  const { node } = call;
  const [x, rois, batch] = [call.input(0), call.input(1), call.input(2)];
  const [, C = 0, H = 0, W = 0] = x.shape;
  const isHalf = call.opset >= 16 && node.string('coordinate_transformation_mode', 'half_pixel') === 'half_pixel';
  const sizes = [node.int('output_height', 1), node.int('output_width', 1)] as const;
  const shape = [rois.shape[0] ?? 0, C, ...sizes];
  const isMax = node.string('mode', 'avg') === 'max';
  const data = zeros(shape).map((_, i) => {
    const [px, py] = [i % sizes[1], Math.floor(i / sizes[1]) % sizes[0]];
    const [c, r] = [Math.floor(i / (sizes[0] * sizes[1])) % C, Math.floor(i / (sizes[0] * sizes[1] * C))];
    const [across, down] = [binsOf(call, rois, r, 0, sizes[1], isHalf), binsOf(call, rois, r, 1, sizes[0], isHalf)];
    checkWork(shape[0]! * across.points * down.points);
    const channel = x.data.subarray((batch.data[r]! * C + c) * H * W, (batch.data[r]! * C + c + 1) * H * W);
    const values = samples(down, py).flatMap((y) => samples(across, px).map((at) => corners(channel, [H, W], y, at)));
    if (isMax) return values.flat().reduce((a, b) => Math.max(a, b), -Infinity);
    return values.flat().reduce((a, b) => a + b, 0) / Math.max(values.length, 1);
  });
  return call.one(shape, data);
};

function binsOf(call: Call, rois: NumericReal, r: number, axis: 0 | 1, count: number, isHalf: boolean): Bins {
  const scale = call.node.float('spatial_scale', 1);
  const shift = isHalf ? 0.5 : 0;
  const [start, end] = [0, 2].map((corner) => rois.data[r * 4 + corner + axis]! * scale - shift) as [number, number];
  const size = (isHalf ? end - start : Math.max(end - start, 1)) / count;
  const ratio = call.node.int('sampling_ratio', 0);
  return { start, size, points: ratio > 0 ? ratio : Math.ceil(size) };
}

const samples = ({ start, size, points }: Bins, bin: number): number[] => {
  return steps(points, 1).map((k) => start + bin * size + ((k + 0.5) * size) / points);
};

/** The four neighbours of a point by their weights; nothing beyond one element outside. */
function corners(x: Float64Array, [H, W]: readonly [number, number], y: number, at: number): number[] {
  if (y < -1 || y > H || at < -1 || at > W) return [0];
  const side = (place: number, size: number) => {
    const inside = Math.min(Math.max(place, 0), size - 1);
    const low = Math.min(Math.floor(inside), size - 1);
    return { low, high: Math.min(low + 1, size - 1), rest: inside - low };
  };
  const [v, h] = [side(y, H), side(at, W)];
  return [
    (1 - v.rest) * (1 - h.rest) * x[v.low * W + h.low]!,
    (1 - v.rest) * h.rest * x[v.low * W + h.high]!,
    v.rest * (1 - h.rest) * x[v.high * W + h.low]!,
    v.rest * h.rest * x[v.high * W + h.high]!,
  ];
}

export const DETECTION: Readonly<Record<string, Rule>> = { NonMaxSuppression: nonMaxSuppression, RoiAlign: roiAlign };
