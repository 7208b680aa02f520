import { int } from '../../../onnx/attribute.ts';
import type { Dim } from '../../../tensor.ts';
import type { GraphWriter } from '../../graph-writer.ts';
import { physicalShape, type Handle } from '../../layout.ts';
import { asKeras } from '../../reorder.ts';
import { TO_THE_END } from '../../slice.ts';
import { withoutAxes } from '../broadcast.ts';
import type { OperatorLowering } from '../lowering.ts';
import { physicalAxes, type Operator } from '../operator.ts';
import { squeezed, unsqueezed } from './reshape.ts';

/** A part of one axis. */
interface Cut {
  readonly axis: number;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly step: number;
  readonly size: Dim;
}

/**
 * TensorFlow `Slice`: `size` elements of each axis from `begin` on; −1 is all that are left.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Slice
 */
export const slicing: OperatorLowering = {
  ops: ['Slice'],

  lower(op, graph) {
    const x = op.handle(0);
    const begins = op.numbers(1);
    const sizes = op.input(2).contents ?? op.constant(2).numbers();
    const cuts = x.shape.flatMap((dim, axis): Cut[] => {
      const [start, size] = [begins[axis] ?? op.broken('it says too little'), sizes[axis]!];
      if (start === 0 && (size === -1 || size === dim)) return [];
      const left = typeof dim === 'number' ? dim - start : graph.symbol(axis);
      if (size === -1) return [{ axis, start, end: TO_THE_END, step: 1, size: left }];
      if (typeof size !== 'number') return op.unsupported('the size of its result is computed at run time');
      return [{ axis, start, end: start + size, step: 1, size }];
    });
    return cutOut(x, cuts, graph);
  },
};

/**
 * TensorFlow `ReverseV2`, and `Reverse`, which has a truth value for each axis.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/ReverseV2
 */
export const reverse: OperatorLowering = {
  ops: ['ReverseV2', 'Reverse'],

  lower(op, graph) {
    const x = op.handle(0);
    const flags = op.className === 'Reverse' ? op.constant(1).numbers() : undefined;
    const axes = flags ? flags.flatMap((flag, axis) => (flag ? [axis] : [])) : op.axesAt(1, x.shape.length);
    const cuts = axes.map((axis) => ({ axis, start: -1, end: -TO_THE_END, step: -1, size: x.shape[axis]! }));
    return cutOut(x, cuts, graph);
  },
};

function cutOut(given: Handle, cuts: readonly Cut[], graph: GraphWriter): Handle {
  if (cuts.length === 0) return given;
  const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : given;
  const shape = x.shape.map((dim, axis) => cuts.find((cut) => cut.axis === axis)?.size ?? dim);
  const list = (name: string, values: readonly number[]) => graph.integers(name, values);
  const axes = physicalAxes(x, cuts.map(({ axis }) => axis)); // prettier-ignore
  const inputs = [
    x.value,
    list('starts', cuts.map(({ start }) => start)),
    list('ends', cuts.map(({ end }) => end)),
    list('axes', axes),
    ...(cuts.some(({ step }) => step !== 1) ? [list('steps', cuts.map(({ step }) => step))] : []),
  ]; // prettier-ignore
  const output = { shape: physicalShape(shape, x.layout), dtype: x.value.dtype };
  return graph.handle(graph.node('Slice', inputs, output), shape, x.layout);
}

/** What an entry of the specification is for; bit i of a mask is about entry i. */
const MASKS = ['begin_mask', 'end_mask', 'ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'] as const;

interface Specification {
  readonly cuts: readonly Cut[];
  /** Axes of x that go. */
  readonly shrunk: readonly number[];
  /** Places in the result, counted with all the axes of the result, where an axis of size 1 comes in. */
  readonly added: readonly number[];
}

/**
 * TensorFlow `StridedSlice`: Python's `x[a:b:c, …]`, with its five masks. Entry i of begin, end and strides is for the
 * next axis of x, unless a mask says that it stands for all axes that are left (ellipsis) or for an axis that comes in
 * (new axis). An entry that shrinks its axis takes one element, and the axis goes.
 *
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/StridedSlice
 */
export const stridedSlice: OperatorLowering = {
  ops: ['StridedSlice'],

  lower(op, graph) {
    const given = op.handle(0);
    const { cuts, shrunk, added } = specification(op, given.shape, graph);
    const single = shrunk.length === 1 && cuts.length === 1 && added.length === 0;
    if (single) return taken(given, cuts[0]!, graph);
    const parts = [shrunk.length > 0, added.length > 0];
    const y = cutOut(given, cuts, parts.some(Boolean) ? graph.part('cut') : graph);
    const less = shrunk.length > 0 ? squeezed(y, shrunk, parts[1] ? graph.part('shrunk') : graph) : y;
    return added.reduce((x, axis) => unsqueezed(x, axis, graph), less);
  },
};

/** One element of one axis. */
function taken(given: Handle, { axis, start }: Cut, graph: GraphWriter): Handle {
  const { x, layout } = withoutAxes(given, [axis], graph);
  const shape = x.shape.filter((_, i) => i !== axis);
  const index = graph.constant('index', { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(start)) });
  const attributes = { axis: int(physicalAxes(x, [axis])[0]!) };
  const output = { shape: physicalShape(shape, layout), dtype: x.value.dtype, attributes };
  return graph.handle(graph.node('Gather', [x.value, index], output), shape, layout);
}

function specification(op: Operator, shape: readonly Dim[], graph: GraphWriter): Specification {
  const [begin, end] = [op.input(1), op.input(2)].map((input, i) => input.contents ?? op.constant(i + 1).numbers());
  const strides = op.numbers(3);
  const masks = Object.fromEntries(MASKS.map((mask) => [mask, op.integer(mask, 0)])) as Record<(typeof MASKS)[number], number>;
  const has = (mask: (typeof MASKS)[number], i: number) => i < 31 && (masks[mask] >> i) % 2 !== 0;
  const entries = strides.map((_, i) => i);
  const used = entries.filter((i) => !has('ellipsis_mask', i) && !has('new_axis_mask', i)).length;
  if (used > shape.length || entries.filter((i) => has('ellipsis_mask', i)).length > 1) op.broken('it slices more axes than there are');
  const [cuts, shrunk, added]: [Cut[], number[], number[]] = [[], [], []];
  let [axis, place] = [0, 0];
  for (const i of entries) {
    if (has('ellipsis_mask', i)) {
      axis += shape.length - used;
      place += shape.length - used;
    } else if (has('new_axis_mask', i)) added.push(place++);
    else {
      const bounds = {
        begin: has('begin_mask', i) ? undefined : begin![i]!,
        end: has('end_mask', i) ? undefined : end![i]!,
        step: strides[i]!,
      };
      const shrinks = has('shrink_axis_mask', i);
      cuts.push(...cutFor(op, { axis, dim: shape[axis]!, shrinks }, { ...bounds, begin: shrinks ? begin![i]! : bounds.begin }, graph));
      if (shrinks) shrunk.push(axis);
      else place++;
      axis++;
    }
  }
  return { cuts, shrunk, added };
} // prettier-ignore

interface Bounds {
  readonly begin: Dim | undefined;
  readonly end: Dim | undefined;
  readonly step: number;
}

interface Axis {
  readonly axis: number;
  readonly dim: Dim;
  readonly shrinks: boolean;
}

function cutFor(op: Operator, { axis, dim, shrinks }: Axis, { begin, end, step }: Bounds, graph: GraphWriter): Cut[] {
  if (step === 0) op.broken('it goes in steps of 0');
  const back = step < 0;
  const start = begin ?? (back ? -1 : 0);
  if (typeof start !== 'number') return op.unsupported('where it begins is computed at run time');
  if (shrinks) return [{ axis, start, end: start === -1 ? TO_THE_END : start + 1, step: 1, size: 1 }];
  const open = end === undefined || end === dim;
  if (!open && typeof end !== 'number') return op.unsupported('where it ends is computed at run time');
  if (start === 0 && open && step === 1) return [];
  const last = open && !back ? TO_THE_END : end === undefined ? -TO_THE_END : Number(end);
  return [{ axis, start, end: last, step, size: sizeOfCut(dim, start, last, step) ?? graph.symbol(axis) }];
} // prettier-ignore

/** As Python counts: negative bounds from the end, all bounds cut to the axis. */
function sizeOfCut(dim: Dim, start: number, end: number, step: number): number | undefined {
  if (typeof dim !== 'number') return undefined;
  const [least, most] = step > 0 ? [0, dim] : [-1, dim - 1];
  const place = (bound: number) => Math.min(Math.max(bound < 0 && bound > -TO_THE_END ? bound + dim : bound, least), most);
  return Math.max(0, Math.ceil((place(end) - place(start)) / step));
} // prettier-ignore
