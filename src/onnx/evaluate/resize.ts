import { stridesOf } from '../../tensor.ts';
import { text, type Call, type Rule } from './call.ts';
import { linesAlong, type Lines } from './lines.ts';
import { checkedSize, zeros, type NumericReal } from './real.ts';
import { sourceIndices, steps } from './take.ts';

/** How one axis is resized. */
interface AxisScale {
  readonly input: number;
  readonly output: number;
  readonly scale: number;
  /** x / scale; where sizes are given, x · input / output, which hits the whole numbers that it should. */
  readonly unscaled: (x: number) => number;
  /** Region of interest, as shares of the axis. */
  readonly from: number;
  readonly to: number;
}

/** Where output i lies on the input axis. Source: https://onnx.ai/onnx/operators/onnx__Resize.html */
const COORDINATE: Readonly<Record<string, (i: number, axis: AxisScale) => number>> = {
  half_pixel: (i, { unscaled }) => unscaled(i + 0.5) - 0.5,
  half_pixel_symmetric: (i, { input, output, scale, unscaled }) =>
    (input / 2) * (1 - output / (scale * input)) + unscaled(i + 0.5) - 0.5,
  pytorch_half_pixel: (i, { output, unscaled }) => (output > 1 ? unscaled(i + 0.5) - 0.5 : 0),
  align_corners: (i, { input, output }) => (output > 1 ? (i * (input - 1)) / (output - 1) : 0),
  asymmetric: (i, { unscaled }) => unscaled(i),
  tf_half_pixel_for_nn: (i, { unscaled }) => unscaled(i + 0.5),
  tf_crop_and_resize: (i, { input, output, from, to }) =>
    output > 1 ? (from + (i * (to - from)) / (output - 1)) * (input - 1) : 0.5 * (from + to) * (input - 1),
};

const NEAREST: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** The taps of one output: input positions from `first` on, which may lie outside, and their weights. */
interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

interface Filter {
  readonly reach: number;
  readonly weight: (distance: number) => number;
}

const LINEAR: Filter = { reach: 1, weight: (distance) => Math.max(1 - distance, 0) };

/** Keys' cubic convolution with parameter a. */
function cubic(a: number): Filter {
  const weight = (d: number) => {
    if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
  };
  return { reach: 2, weight };
}

/**
 * Neighbours of x weighted by their distance; the one to the left is preferred. With antialiasing a filter that
 * shrinks the axis reaches as many times further.
 */
function filtered(x: number, { reach, weight }: Filter, scale: number): Taps {
  const left = Math.ceil(x) - 1;
  const start = Math.floor(-reach / scale) + 1;
  const weights = steps(2 - 2 * start, 1, start).map((k) => weight(Math.abs((left + k - x) * scale)));
  const sum = weights.reduce((a, b) => a + b, 0);
  return { first: left + start, weights: weights.map((each) => each / sum) };
}

/** Without what lies outside of the axis, the rest scaled up to 1. */
function inside({ first, weights }: Taps, size: number): Taps {
  const kept = weights.map((weight, k) => (first + k < 0 || first + k >= size ? 0 : weight));
  const sum = kept.reduce((a, b) => a + b, 0);
  return { first, weights: kept.map((weight) => weight / sum) };
}

const resize: Rule = (call) => {
  const { node } = call;
  const isOld = call.opset < 11 || node.opType === 'Upsample';
  const x = call.input(0);
  const axes = axesOf(call, x.shape);
  const mode = node.string('mode', 'nearest');
  const system = isOld ? 'asymmetric' : node.string('coordinate_transformation_mode', 'half_pixel');
  const coordinate = isOld ? COORDINATE.asymmetric! : call.chosen('coordinate_transformation_mode', system, COORDINATE);
  const tapsOf = chosen(call, mode, isOld);
  checkedSize(axes.map(({ output }) => output));
  const isCropping = system === 'tf_crop_and_resize';
  let result = x;
  const outside: boolean[][] = [];
  axes.forEach((axis, at) => {
    const places = steps(axis.output, 1).map((i) => coordinate(i, axis));
    outside.push(places.map((place) => isCropping && (place < 0 || place > axis.input - 1)));
    const isSame = axis.input === axis.output && axis.scale === 1 && !isCropping;
    if (!isSame) result = along(result, at, places.map((place) => tapsOf(place, axis))); // prettier-ignore
  });
  return [isCropping ? extrapolated(result, outside, node.float('extrapolation_value', 0)) : result];
};

function chosen(call: Call, mode: string, isOld: boolean): (x: number, axis: AxisScale) => Taps {
  const { node } = call;
  if (mode === 'nearest') {
    const nearest = isOld ? Math.floor : call.chosen('nearest_mode', 'round_prefer_floor', NEAREST);
    return (x) => ({ first: nearest(x), weights: [1] });
  }
  const filter = mode.endsWith('linear') ? LINEAR : mode === 'cubic' ? cubic(node.float('cubic_coeff_a', -0.75)) : call.unsupported('this mode is unknown', mode); // prettier-ignore
  const isSmooth = node.int('antialias', 0) === 1;
  const excludes = node.int('exclude_outside', 0) === 1;
  return (x, { scale, input }) => {
    const taps = filtered(x, filter, isSmooth ? Math.min(scale, 1) : 1);
    return excludes ? inside(taps, input) : taps;
  };
}

/** Every output along one axis from its taps; positions outside take the element at the border. */
function along(x: NumericReal, axis: number, taps: readonly Taps[]): NumericReal {
  const shape = x.shape.with(axis, taps.length);
  const data = zeros(shape);
  const [from, to] = [linesAlong(x.shape, axis), linesAlong(shape, axis)];
  for (let line = 0; line < from.outer * from.step; line++) {
    const [outer, inner] = [Math.floor(line / from.step), line % from.step];
    const base = outer * from.length * from.step + inner;
    let at = outer * to.length * to.step + inner;
    for (let i = 0; i < taps.length; i++, at += to.step) data[at] = tapped(x.data, base, from, taps[i]!);
  }
  return { dtype: x.dtype, shape, data };
}

function tapped(x: Float64Array, base: number, { length, step }: Lines, { first, weights }: Taps): number {
  let sum = 0;
  for (let k = 0; k < weights.length; k++) {
    const weight = weights[k]!;
    if (weight !== 0) sum += weight * x[base + Math.min(Math.max(first + k, 0), length - 1) * step]!;
  }
  return sum;
}

function extrapolated(x: NumericReal, outside: readonly (readonly boolean[])[], value: number): NumericReal {
  const strides = stridesOf(x.shape);
  const map = sourceIndices(outside.map((list, axis) => list.map((isOut, i) => (isOut ? -1 : i * strides[axis]!))));
  return { ...x, data: x.data.map((each, i) => (map[i]! < 0 ? value : each)) };
}

/** Scales or sizes of all axes, or since opset 18 of some; `roi` holds the starts of all of them, then the ends. */
function axesOf(call: Call, shape: readonly number[]): AxisScale[] {
  const { node } = call;
  const listed = node.ints('axes')?.map((axis) => call.axis(axis, shape.length)) ?? steps(shape.length, 1);
  const [scales, sizes] = targets(call);
  const count = (scales ?? sizes ?? call.fault('it has neither scales nor sizes')).length;
  if (count !== listed.length) call.fault('scales or sizes do not fit the input', text(shape), String(count));
  const roi = call.opset >= 11 && call.optional(1)?.data.length === 2 * count ? call.numbers(1) : undefined;
  const policy = node.string('keep_aspect_ratio_policy', 'stretch');
  const ratios = sizes?.map((size, i) => size / shape[listed[i]!]!);
  const common = policy === 'stretch' ? undefined : policy === 'not_larger' ? Math.min(...ratios ?? []) : Math.max(...ratios ?? []); // prettier-ignore
  return shape.map((input, axis) => {
    const i = listed.indexOf(axis);
    const region = { from: roi?.[i] ?? 0, to: roi?.[i + count] ?? 1 };
    const by = (scale: number) => ({ input, scale, unscaled: (x: number) => x / scale, ...region });
    if (i < 0) return { ...by(1), output: input };
    if (scales) return { ...by(scales[i]!), output: scaledSize(input, scales[i]!) };
    if (common !== undefined) return { ...by(common), output: Math.floor(common * input + 0.5) };
    const output = sizes![i]!;
    return { ...by(output / input), output, unscaled: (x) => (x * input) / output };
  });
}

/** The product is taken in float32, as runtimes do: the size that they hand on is the one that counts. */
const scaledSize = (input: number, scale: number): number => Math.floor(Math.fround(input * scale));

function targets(call: Call): [scales: readonly number[] | undefined, sizes: readonly number[] | undefined] {
  if (call.node.opType === 'Upsample') return [call.floats('scales') ?? call.numbers(1), undefined];
  if (call.opset < 11) return [call.numbers(1), undefined];
  const given = (index: number) => ((call.optional(index)?.data.length ?? 0) > 0 ? call.numbers(index) : undefined);
  return [given(2), given(3)];
}

export const RESIZE: Readonly<Record<string, Rule>> = { Resize: resize, Upsample: resize };
