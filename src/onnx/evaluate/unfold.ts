import { sizeOf } from '../../tensor.ts';
import { text, type Rule } from './call.ts';
import { checkedSize, zeros } from './real.ts';
import { spaceOf, tapSources, volume } from './space.ts';
import { placesOf, steps, takeAlong } from './take.ts';

/** Columns `[N, C · taps, windows]` added back to where the windows of an image take them from. */
const col2Im: Rule = (call) => {
  const x = call.input(0);
  const [image, block] = [call.numbers(1), call.numbers(2)];
  const space = spaceOf(call, block, image);
  const [taps, windows, size] = [volume(space, 'kernel'), volume(space, 'output'), volume(space, 'input')];
  const [N = 0, rows = 0, columns] = x.shape;
  if (rows % taps !== 0 || columns !== windows) call.fault('the columns do not fit the image', `${String(windows)} windows of ${String(taps)}`, text(x.shape)); // prettier-ignore
  const shape = [N, rows / taps, ...image];
  const data = zeros(shape);
  const sources = tapSources(space, 0, windows);
  for (let channel = 0; channel < N * (rows / taps); channel++) {
    sources.forEach((at, i) => {
      if (at >= 0) data[channel * size + at]! += x.data[channel * taps * windows + i]!;
    });
  }
  return call.one(shape, data);
};

/** Elements back to where a MaxPool took them from, zeros elsewhere. */
const maxUnpool: Rule = (call) => {
  const { node } = call;
  const [x, indices] = [call.input(0), call.input(1)];
  const kernel = node.ints('kernel_shape') ?? call.fault('it has no kernel_shape');
  const [strides, pads] = [node.ints('strides'), node.ints('pads')];
  const inferred = x.shape.map((size, axis) => {
    const k = axis - 2;
    if (k < 0) return size;
    return (size - 1) * (strides?.[k] ?? 1) + kernel[k]! - (pads?.[k] ?? 0) - (pads?.[k + kernel.length] ?? 0);
  });
  const flat = zeros(inferred);
  indices.data.forEach((at, i) => {
    if (!(at >= 0 && at < flat.length)) call.fault('an index is out of range', `below ${String(flat.length)}`, String(at)); // prettier-ignore
    flat[at] = x.data[i]!;
  });
  if (!call.has(2)) return call.one(inferred, flat);
  const shape = call.numbers(2);
  checkedSize(shape);
  const places = placesOf(inferred).map((along, axis) => steps(shape[axis]!, 1).map((i) => along[i] ?? -1));
  return [takeAlong({ dtype: x.dtype, shape: inferred, data: flat }, places)];
};

/** The middle of some axes, or zeros around them, until they have a size; an odd one is cut or filled at the end. */
const centerCropPad: Rule = (call) => {
  const x = call.any(0);
  const target = call.numbers(1);
  const axes = (call.node.ints('axes') ?? steps(x.shape.length, 1)).map((axis) => call.axis(axis, x.shape.length));
  const shape = x.shape.map((size, axis) => (axes.includes(axis) ? (target[axes.indexOf(axis)] ?? size) : size));
  checkedSize(shape);
  const places = placesOf(x.shape).map((along, axis) => {
    const [size, wanted] = [along.length, shape[axis]!];
    const start = wanted > size ? -Math.floor((wanted - size) / 2) : Math.floor((size - wanted) / 2);
    return steps(wanted, 1, start).map((i) => along[i] ?? -1);
  });
  return [takeAlong(x, places, x.dtype === 'string' ? '' : 0)];
};

/** Determinants of the matrices in the last two axes, by elimination with the largest pivot. */
const determinant: Rule = (call) => {
  const { shape, data } = call.input(0);
  const n = shape.at(-1) ?? call.fault('it takes matrices');
  if (shape.at(-2) !== n) call.fault('the matrix is not square', undefined, text(shape));
  const outer = shape.slice(0, -2);
  const results = steps(sizeOf(outer), 1).map((k) => eliminated(data.slice(k * n * n, (k + 1) * n * n), n));
  return call.one(outer, Float64Array.from(results));
};

function eliminated(a: Float64Array, n: number): number {
  let result = 1;
  for (let k = 0; k < n; k++) {
    const pivot = steps(n - k, 1, k).reduce((best, row) => (Math.abs(a[row * n + k]!) > Math.abs(a[best * n + k]!) ? row : best), k); // prettier-ignore
    if (pivot !== k) result = -result;
    for (let j = k; j < n; j++) [a[k * n + j], a[pivot * n + j]] = [a[pivot * n + j]!, a[k * n + j]!];
    result *= a[k * n + k]!;
    if (result === 0) return 0;
    for (let row = k + 1; row < n; row++) {
      const factor = a[row * n + k]! / a[k * n + k]!;
      for (let j = k; j < n; j++) a[row * n + j]! -= factor * a[k * n + j]!;
    }
  }
  return result;
}

export const UNFOLD: Readonly<Record<string, Rule>> = {
  Col2Im: col2Im,
  MaxUnpool: maxUnpool,
  CenterCropPad: centerCropPad,
  Det: determinant,
};
