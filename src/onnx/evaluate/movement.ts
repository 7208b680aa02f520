import { sizeOf } from '../../tensor.ts';
import { sliceOf } from '../shapes/dims.ts';
import { broadcastIndices, broadcastShape } from './broadcast.ts';
import { text, type Call, type Rule } from './call.ts';
import { checkedSize, reshaped, zeros, type Real } from './real.ts';
import { placesOf, sourceIndices, steps, take, takeAlong } from './take.ts';

const passOn: Rule = (call) => [call.any(0)];

/** 0 copies the input's dimension (unless `allowzero`), −1 is what is left over. */
const reshape: Rule = (call) => {
  const x = call.any(0);
  const target = call.node.ints('shape') ?? call.numbers(1);
  const copies = call.node.int('allowzero', 0) === 0;
  const shape = target.map((dim, axis) => (dim === 0 && copies ? (x.shape[axis] ?? 0) : dim));
  const open = shape.indexOf(-1);
  if (open >= 0) shape[open] = x.data.length / sizeOf(shape.toSpliced(open, 1));
  return [fitted(call, x, shape)];
};

function fitted(call: Call, x: Real, shape: readonly number[]): Real {
  const isSound = shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0) && sizeOf(shape) === x.data.length;
  return isSound ? reshaped(x, shape) : call.fault('the shape does not fit the input', text(x.shape), text(shape));
}

const flatten: Rule = (call) => {
  const x = call.any(0);
  const axis = call.node.int('axis', 1);
  const at = axis < 0 ? axis + x.shape.length : axis;
  return [fitted(call, x, [sizeOf(x.shape.slice(0, at)), sizeOf(x.shape.slice(at))])];
};

const squeeze: Rule = (call) => {
  const x = call.any(0);
  const gone = call.ints('axes', 1)?.map((axis) => call.axis(axis, x.shape.length));
  return [fitted(call, x, x.shape.filter((dim, axis) => (gone ? !gone.includes(axis) : dim !== 1)))]; // prettier-ignore
};

const unsqueeze: Rule = (call) => {
  const x = call.any(0);
  const axes = call.ints('axes', 1) ?? call.fault('it has no axes');
  const rank = x.shape.length + axes.length;
  const fresh = axes.map((axis) => call.axis(axis, rank));
  const rest = [...x.shape];
  return [fitted(call, x, steps(rank, 1).map((axis) => (fresh.includes(axis) ? 1 : (rest.shift() ?? 1))))]; // prettier-ignore
};

const transpose: Rule = (call) => {
  const x = call.any(0);
  const order = call.node.ints('perm') ?? x.shape.map((_, axis) => x.shape.length - 1 - axis);
  const isSound = order.length === x.shape.length && new Set(order).size === order.length;
  if (!isSound || order.some((axis) => x.shape[axis] === undefined)) call.fault('perm does not fit the input', text(x.shape), text(order)); // prettier-ignore
  const places = placesOf(x.shape);
  return [takeAlong(x, order.map((axis) => places[axis]!))]; // prettier-ignore
};

/** Until opset 3 the axis is 1 unless given. */
const concat: Rule = (call) => {
  const parts = call.inputs.map((_, index) => call.any(index));
  const first = call.any(0);
  const axis = call.axis(call.node.int('axis', 1), first.shape.length);
  const total = parts.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0);
  const shape = first.shape.with(axis, total);
  const odd = parts.find((part) => part.shape.length !== shape.length || part.shape.some((dim, a) => a !== axis && dim !== shape[a])); // prettier-ignore
  if (odd) call.fault('the inputs do not fit together', text(first.shape), text(odd.shape));
  return [joined(parts, shape, axis)];
};

export function joined(parts: readonly Real[], shape: readonly number[], axis: number): Real {
  const outer = sizeOf(shape.slice(0, axis));
  const inner = sizeOf(shape.slice(axis + 1));
  const data = parts[0]!.dtype === 'string' ? new Array<string>(checkedSize(shape)) : zeros(shape);
  let offset = 0;
  for (const part of parts) {
    const run = part.shape[axis]! * inner;
    for (let o = 0; o < outer; o++) {
      const to = o * shape[axis]! * inner + offset;
      for (let i = 0; i < run; i++) data[to + i] = part.data[o * run + i]!;
    }
    offset += run;
  }
  return { ...parts[0]!, shape, data } as Real;
}

/** Without sizes all parts are equal, the last one smaller if it does not come out even (opset 18). */
const split: Rule = (call) => {
  const x = call.any(0);
  const axis = call.axis(call.node.int('axis', 0), x.shape.length);
  const count = call.node.int('num_outputs', call.node.outputs.length);
  const size = x.shape[axis]!;
  const each = Math.ceil(size / count);
  const sizes = call.ints('split', 1) ?? steps(count, 1).map((part) => Math.max(Math.min(each, size - part * each), 0));
  if (sizes.reduce((sum, part) => sum + part, 0) !== size || sizes.some((part) => part < 0)) call.fault('the parts do not add up', String(size), text(sizes)); // prettier-ignore
  let from = 0;
  return sizes.map((part) => {
    const places = placesOf(x.shape);
    places[axis] = places[axis]!.slice(from, (from += part));
    return takeAlong(x, places);
  });
};

/** Along each axis from `start` towards `end`; negative ones count from the end, and what lies outside is cut off. */
const slice: Rule = (call) => {
  const x = call.any(0);
  const isOld = call.opset < 10;
  const starts = isOld ? (call.node.ints('starts') ?? []) : call.numbers(1);
  const ends = isOld ? endsOf(call) : call.numbers(2);
  const axes = (isOld ? call.node.ints('axes') : call.has(3) ? call.numbers(3) : undefined) ?? steps(starts.length, 1);
  const strides = !isOld && call.has(4) ? call.numbers(4) : starts.map(() => 1);
  const places = placesOf(x.shape);
  axes.forEach((given, i) => {
    const axis = call.axis(given, x.shape.length);
    const [start, end, step] = [starts[i]!, ends[i]!, strides[i]!];
    if (!step) call.fault('a slice has no step');
    places[axis] = sliced(placesOf(x.shape)[axis]!, start, end, step);
  });
  return [takeAlong(x, places)];
};

/** "Until the end" is often written as the largest int64, which an attribute holds as a bigint. */
function endsOf({ node }: Call): number[] {
  const ends = node.attributes.get('ends');
  return ends?.kind === 'ints' ? ends.value.map(Number) : [];
}

function sliced(places: readonly number[], start: number, end: number, step: number): number[] {
  const { first, count } = sliceOf(places.length, start, end, step);
  return Array.from({ length: count }, (_, i) => places[first + (i === 0 ? 0 : i * step)]!);
}

const expand: Rule = (call) => {
  const x = call.any(0);
  const target = broadcastShape([x.shape, call.numbers(1)], call.node.label);
  checkedSize(target);
  return [take(x, target, broadcastIndices(x.shape, target))];
};

/** Until opset 5 `tiles` times along one `axis`; since 6 `repeats` for every axis. */
const tile: Rule = (call) => {
  const x = call.any(0);
  const repeats = call.opset < 6 ? x.shape.map((_, axis) => (axis === call.scalar(2, 0) ? call.scalar(1, 1) : 1)) : call.numbers(1); // prettier-ignore
  if (repeats.length !== x.shape.length || repeats.some((times) => !Number.isSafeInteger(times) || times < 0)) call.fault('the repeats do not fit the input', text(x.shape), text(repeats)); // prettier-ignore
  checkedSize(x.shape.map((dim, axis) => dim * repeats[axis]!));
  return [takeAlong(x, placesOf(x.shape).map((places, axis) => steps(repeats[axis]!, 1).flatMap(() => places)))]; // prettier-ignore
};

/** A block of channels becomes a block of pixels: `[N, C·b², H, W]` → `[N, C, H·b, W·b]`. */
const depthToSpace: Rule = (call) => {
  const x = call.any(0);
  const b = call.node.int('blocksize', 1);
  const [N, channels, H, W] = image(call, x);
  const C = channels / (b * b);
  const isColumnFirst = call.node.string('mode', 'DCR') === 'CRD';
  const six = fitted(call, x, isColumnFirst ? [N, C, b, b, H, W] : [N, b, b, C, H, W]);
  const order = isColumnFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  return [fitted(call, permuted(six, order), [N, C, H * b, W * b])];
};

const spaceToDepth: Rule = (call) => {
  const x = call.any(0);
  const b = call.node.int('blocksize', 1);
  const [N, C, H, W] = image(call, x);
  const six = fitted(call, x, [N, C, H / b, b, W / b, b]);
  return [fitted(call, permuted(six, [0, 3, 5, 1, 2, 4]), [N, C * b * b, H / b, W / b])];
};

function image(call: Call, { shape }: Real): [number, number, number, number] {
  return shape.length === 4 ? (shape as [number, number, number, number]) : call.fault('it takes images', 'rank 4', text(shape)); // prettier-ignore
}

function permuted(x: Real, order: readonly number[]): Real {
  const places = placesOf(x.shape);
  return takeAlong(x, order.map((axis) => places[axis]!)); // prettier-ignore
}

/** Elements along one axis by index; negative ones count from the end. */
const gather: Rule = (call) => {
  const [x, indices] = [call.any(0), call.input(1)];
  const axis = call.axis(call.node.int('axis', 0), x.shape.length);
  const places = placesOf(x.shape);
  const along = places[axis]!;
  const chosen = Array.from(indices.data, (index) => along[index < 0 ? index + along.length : index] ?? call.fault('an index is out of range', `below ${String(along.length)}`, String(index))); // prettier-ignore
  const map = sourceIndices(places.with(axis, chosen));
  return [take(x, [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], map)];
};

export const MOVEMENT: Readonly<Record<string, Rule>> = {
  Identity: passOn,
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Expand: expand,
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Gather: gather,
};
