import { sizeOf, stridesOf } from '../../tensor.ts';
import { dtypeOf } from '../proto/dtype.ts';
import { text, type Rule } from './call.ts';
import { castTo } from './cast.ts';
import { inRange } from './integer.ts';
import { forEachLine, linesAlong } from './lines.ts';
import { checkedSize, integers, zeros, type NumericReal, type Real } from './real.ts';
import { placesOf, sourceIndices, steps, take, takeAlong } from './take.ts';

/** The index of the best of each line; of equal ones the first, or the last. */
function argBest(isBetter: (a: number, b: number) => boolean): Rule {
  return (call) => {
    const { shape, data } = call.input(0);
    const axis = call.axis(call.node.int('axis', 0), shape.length);
    const isLast = call.node.int('select_last_index', 0) === 1;
    const lines = linesAlong(shape, axis);
    if (lines.length === 0) call.fault('it has nothing to choose from');
    const kept = shape.with(axis, 1);
    const result: number[] = [];
    forEachLine(lines, (start) => {
      let best = 0;
      for (let i = 1; i < lines.length; i++) {
        const [x, y] = [data[start + i * lines.step]!, data[start + best * lines.step]!];
        if (isBetter(x, y) || (isLast && x === y)) best = i;
      }
      result.push(best);
    });
    const final = call.node.int('keepdims', 1) === 1 ? kept : shape.toSpliced(axis, 1);
    return call.one(final, Float64Array.from(result), 'int64');
  };
}

/** The k largest or smallest of each line, best first; of equal ones the first. */
const topK: Rule = (call) => {
  const { node } = call;
  const { shape, data, dtype } = call.input(0);
  const axis = call.axis(node.int('axis', -1), shape.length);
  const k = call.opset < 10 ? (node.int('k') ?? call.fault('it has no k')) : call.scalar(1, 1);
  const isLargest = node.int('largest', 1) === 1;
  const lines = linesAlong(shape, axis);
  if (!(k >= 0 && k <= lines.length))
    call.fault('k does not fit the axis', `at most ${String(lines.length)}`, String(k));
  const result = shape.with(axis, k);
  const [values, indices] = [zeros(result), zeros(result)];
  const to = linesAlong(result, axis);
  let line = 0;
  forEachLine(lines, (start) => {
    const at = (i: number) => data[start + i * lines.step]!;
    const order = steps(lines.length, 1).sort((a, b) => (isLargest ? at(b) - at(a) : at(a) - at(b)) || a - b);
    const base = Math.floor(line / to.step) * k * to.step + (line % to.step);
    for (let i = 0; i < k; i++) {
      values[base + i * to.step] = at(order[i]!);
      indices[base + i * to.step] = order[i]!;
    }
    line++;
  });
  return [{ dtype, shape: result, data: values }, { dtype: 'int64', shape: result, data: indices }]; // prettier-ignore
};

/** Sums or products of everything up to each element; `exclusive` leaves the element itself out. */
function cumulative(start: number, join: (sum: number, x: number) => number): Rule {
  return (call) => {
    const { shape, data, dtype } = call.input(0);
    const lines = linesAlong(shape, call.axis(call.scalar(1, 0), shape.length));
    const isExclusive = call.node.int('exclusive', 0) === 1;
    const isReverse = call.node.int('reverse', 0) === 1;
    const result = new Float64Array(data.length);
    forEachLine(lines, (first) => {
      let sum = start;
      for (let n = 0; n < lines.length; n++) {
        const at = first + (isReverse ? lines.length - 1 - n : n) * lines.step;
        const next = join(sum, data[at]!);
        result[at] = isExclusive ? sum : next;
        sum = next;
      }
    });
    return call.one(shape, inRange(call, result, dtype));
  };
}

/** `indices` with an axis of `depth` in which their own place holds the on-value; those out of range hold none. */
const oneHot: Rule = (call) => {
  const [indices, values] = [call.input(0), call.any(2)];
  const depth = call.scalar(1, 0);
  const given = call.node.int('axis', -1);
  const axis = call.axis(given, indices.shape.length + 1);
  const shape = indices.shape.toSpliced(axis, 0, depth);
  const places = new Int32Array(checkedSize(shape));
  const inner = sizeOf(shape.slice(axis + 1));
  indices.data.forEach((index, i) => {
    const at = index < 0 ? index + depth : index;
    if (at >= 0 && at < depth) places[(Math.floor(i / inner) * depth + at) * inner + (i % inner)] = 1;
  });
  return [take(values, shape, places)];
};

/** Coordinates of what is not zero, one column each. */
const nonZero: Rule = (call) => {
  const { shape, data } = call.input(0);
  const found = steps(data.length, 1).filter((i) => data[i] !== 0);
  const strides = stridesOf(shape);
  const rows = shape.map((size, axis) => found.map((i) => Math.floor(i / strides[axis]!) % size));
  return call.one([shape.length, found.length], Float64Array.from(rows.flat()), 'int64');
};

/** Slices along an axis, or single elements, where the condition holds. */
const compress: Rule = (call) => {
  const x = call.any(0);
  const condition = call.input(1).data;
  const chosen = (count: number) => steps(Math.min(count, condition.length), 1).filter((i) => condition[i] !== 0);
  const axis = call.node.int('axis');
  if (axis === undefined) {
    const found = chosen(x.data.length);
    return [take(x, [found.length], Int32Array.from(found))];
  }
  const at = call.axis(axis, x.shape.length);
  const places = placesOf(x.shape);
  return [takeAlong(x, places.with(at, chosen(x.shape[at]!).map((i) => places[at]![i]!)))]; // prettier-ignore
};

/** The upper or lower triangle of the last two axes, from the k-th diagonal; zeros elsewhere. */
const triangle: Rule = (call) => {
  const x = call.input(0);
  const k = call.scalar(1, 0);
  const isUpper = call.node.int('upper', 1) === 1;
  const [rows, columns] = [x.shape.at(-2) ?? call.fault('it takes matrices'), x.shape.at(-1)!];
  const data = x.data.map((value, i) => {
    const distance = (i % columns) - (Math.floor(i / columns) % rows);
    return (isUpper ? distance >= k : distance <= k) ? value : 0;
  });
  return call.one(x.shape, data);
};

/** The first lengths[batch] elements along the time axis in reverse. */
const reverseSequence: Rule = (call) => {
  const [x, lengths] = [call.any(0), call.input(1).data];
  const [batch, time] = [call.node.int('batch_axis', 1), call.node.int('time_axis', 0)];
  const strides = stridesOf(x.shape);
  const from = sourceIndices(placesOf(x.shape)).map((at) => {
    const [b, t] = [batch, time].map((axis) => Math.floor(at / strides[axis]!) % x.shape[axis]!) as [number, number];
    const length = lengths[b] ?? 0;
    return t < length ? at + (length - 1 - 2 * t) * strides[time]! : at;
  });
  return [take(x, x.shape, from)];
};

/** Distinct elements, or slices along an axis: sorted, or in the order in which they come. */
const unique: Rule = (call) => {
  const x = call.input(0);
  const given = call.node.int('axis');
  const axis = given === undefined ? 0 : call.axis(given, x.shape.length);
  const whole: NumericReal = given === undefined ? { ...x, shape: [x.data.length] } : x;
  const slices = slicesOf(whole, axis);
  const first = new Map<string, number>();
  slices.forEach((slice, i) => {
    const key = slice.join();
    if (!first.has(key)) first.set(key, i);
  });
  const chosen = [...first.values()];
  const isBefore = (a: readonly number[], b: readonly number[]) => a.map((value, i) => value - b[i]!).find((d) => d !== 0) ?? 0; // prettier-ignore
  if (call.node.int('sorted', 1) === 1) chosen.sort((a, b) => isBefore(slices[a]!, slices[b]!));
  const rank = new Map(chosen.map((i, r) => [slices[i]!.join(), r]));
  const inverse = slices.map((slice) => rank.get(slice.join())!);
  const counts = chosen.map((_, r) => inverse.filter((each) => each === r).length);
  const places = placesOf(whole.shape);
  const values = takeAlong(whole, places.with(axis, chosen.map((i) => places[axis]![i]!))); // prettier-ignore
  return [values, integers(chosen), integers(inverse), integers(counts)];
};

function slicesOf(x: NumericReal, axis: number): number[][] {
  const places = placesOf(x.shape);
  return places[axis]!.map((place) => Array.from(sourceIndices(places.with(axis, [place])), (at) => x.data[at]!));
}

const eyeLike: Rule = (call) => {
  const { shape, dtype } = call.input(0);
  const k = call.node.int('k', 0);
  const [rows, columns] = shape.length === 2 ? (shape as [number, number]) : call.fault('it takes matrices', 'rank 2', text(shape)); // prettier-ignore
  const data = zeros(shape);
  for (let row = 0; row < rows; row++) if (row + k >= 0 && row + k < columns) data[row * columns + row + k] = 1;
  const result: Real = { dtype, shape, data };
  return [call.node.int('dtype') === undefined ? result : castTo(call, result, dtypeOf(call.node.int('dtype', 1)) ?? dtype)]; // prettier-ignore
};

export const SELECT: Readonly<Record<string, Rule>> = {
  ArgMax: argBest((a, b) => a > b),
  ArgMin: argBest((a, b) => a < b),
  TopK: topK,
  CumSum: cumulative(0, (sum, x) => sum + x),
  CumProd: cumulative(1, (product, x) => product * x),
  OneHot: oneHot,
  NonZero: nonZero,
  Compress: compress,
  Trilu: triangle,
  ReverseSequence: reverseSequence,
  Unique: unique,
  EyeLike: eyeLike,
};
