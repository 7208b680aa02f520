import { sizeOf, stridesOf } from '../../tensor.ts';
import { greatest, least } from './arithmetic.ts';
import { text, type Call, type Rule } from './call.ts';
import { inRange } from './integer.ts';
import type { NumericReal, Real } from './real.ts';
import { sourceIndices, steps, take } from './take.ts';

/** Where element i of `indices` points: its own place in x, but along `axis` the place that it says. */
function pointed(call: Call, x: Real, indices: NumericReal, given: number): Int32Array {
  const axis = call.axis(given, x.shape.length);
  const strides = stridesOf(x.shape);
  const isSound = indices.shape.length === x.shape.length && indices.shape.every((size, a) => a === axis || size <= x.shape[a]!); // prettier-ignore
  if (!isSound) call.fault('the indices do not fit the input', text(x.shape), text(indices.shape));
  const base = sourceIndices(indices.shape.map((size, a) => steps(size, a === axis ? 0 : strides[a]!)));
  return base.map((at, i) => at + wrappedIndex(call, indices.data[i]!, x.shape[axis]!) * strides[axis]!);
}

/** Negative ones count from the end. */
function wrappedIndex(call: Call, index: number, size: number): number {
  const at = index < 0 ? index + size : index;
  return at >= 0 && at < size ? at : call.fault('an index is out of range', `below ${String(size)}`, String(index));
}

const gatherElements: Rule = (call) => {
  const [x, indices] = [call.any(0), call.input(1)];
  return [take(x, indices.shape, pointed(call, x, indices, call.node.int('axis', 0)))];
};

/** Starts of the slices that rows of indices point to; `batch` leading axes belong to both. */
function slices(
  call: Call,
  x: Real,
  indices: NumericReal,
  batch: number,
): { starts: number[]; size: number; depth: number } {
  const depth = indices.shape.at(-1) ?? call.fault('the indices are a scalar');
  if (batch + depth > x.shape.length)
    call.fault('the indices do not fit the input', text(x.shape), text(indices.shape));
  const strides = stridesOf(x.shape);
  const rows = depth === 0 ? sizeOf(indices.shape.slice(0, -1)) : indices.data.length / depth;
  const perBatch = rows / Math.max(sizeOf(indices.shape.slice(0, batch)), 1);
  const batchSize = sizeOf(x.shape.slice(batch));
  const starts = steps(rows, 1).map((row) => {
    let at = Math.floor(row / perBatch) * batchSize;
    for (let k = 0; k < depth; k++) at += wrappedIndex(call, indices.data[row * depth + k]!, x.shape[batch + k]!) * strides[batch + k]!; // prettier-ignore
    return at;
  });
  return { starts, size: sizeOf(x.shape.slice(batch + depth)), depth };
}

const gatherND: Rule = (call) => {
  const [x, indices] = [call.any(0), call.input(1)];
  const batch = call.node.int('batch_dims', 0);
  const { starts, size, depth } = slices(call, x, indices, batch);
  const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(batch + depth)];
  const map = new Int32Array(starts.length * size);
  starts.forEach((start, row) => {
    for (let i = 0; i < size; i++) map[row * size + i] = start + i;
  });
  return [take(x, shape, map)];
};

type Join = (old: number, update: number) => number;

const JOIN: Readonly<Record<string, Join>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: greatest,
  min: least,
};

/** A copy of x in which updates have gone, in order, to the places they point to. */
const scatterElements: Rule = (call) => {
  const [x, indices, updates] = [call.input(0), call.input(1), call.input(2)];
  const join = call.chosen('reduction', 'none', JOIN);
  const data = x.data.slice();
  pointed(call, x, indices, call.node.int('axis', 0)).forEach((at, i) => {
    data[at] = join(data[at]!, updates.data[i]!);
  });
  return call.one(x.shape, inRange(call, data, x.dtype));
};

const scatterND: Rule = (call) => {
  const [x, indices, updates] = [call.input(0), call.input(1), call.input(2)];
  const join = call.chosen('reduction', 'none', JOIN);
  const { starts, size } = slices(call, x, indices, 0);
  if (updates.data.length !== starts.length * size) call.fault('the updates do not fit the indices', String(starts.length * size), text(updates.shape)); // prettier-ignore
  const data = x.data.slice();
  starts.forEach((start, row) => {
    for (let i = 0; i < size; i++) data[start + i] = join(data[start + i]!, updates.data[row * size + i]!);
  });
  return call.one(x.shape, inRange(call, data, x.dtype));
};

export const SCATTER: Readonly<Record<string, Rule>> = {
  GatherElements: gatherElements,
  GatherND: gatherND,
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
};
