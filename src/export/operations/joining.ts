import { int, string } from '../../onnx/attribute.ts';
import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { KERAS, physicalAxis, physicalShape, type Handle } from '../layout.ts';
import { asKeras, inOneLayout } from '../reorder.ts';
import { slice, TO_THE_END } from '../slice.ts';
import { squeezed, unsqueezed } from './axes-of-one.ts';
import { commonType, inType } from './broadcast.ts';
import { constantHandle } from './constant-handle.ts';
import type { OperationCall } from './operation-call.ts';
import type { Operation } from './operation.ts';
import { computed } from '../computed.ts';

/**
 * Tensors put together and taken apart along one axis of the Keras tensors.
 * Source: https://keras.io/api/ops/numpy/ · https://www.tensorflow.org/api_docs/python/tf
 */
export const JOINING: readonly Operation[] = [
  {
    names: ['Concatenate', 'concat', 'concatenate'],
    parameters: ['values xs inputs tensors', 'axis concat_dim'],
    lower: (call, graph) => concatenate(call, call.tensors('values'), graph),
  },
  {
    names: ['Stack', 'stack'],
    parameters: ['values x arrays', 'axis'],
    lower(call, graph) {
      const axis = call.axis('axis', call.tensors('values')[0]!.shape.length + 1, 0);
      const raised = call.tensors('values').map((x, i) => unsqueezed(graph.part(`input_${i}`), asKeras(graph, x), [axis]));
      return concatenate(call, raised, graph, axis);
    },
  },
  { names: ['Split', 'ArraySplit', 'split'], parameters: ['x value', 'sections indices_or_sections num_or_size_splits', 'axis'], lower: split },
  { names: ['Unstack', 'unstack'], parameters: ['x value', 'num', 'axis'], lower: unstack },
  {
    names: ['Pad', 'pad', 'pad_v2', 'raw.Pad', 'raw.PadV2', 'raw.MirrorPad'],
    parameters: ['x tensor', 'paddings pad_width', 'value constant_values', 'mode'],
    lower: pad,
  },
  {
    names: ['Tile', 'tile', 'raw.Tile'],
    parameters: ['x input', 'multiples repeats'],
    lower(call, graph) {
      const x = asKeras(graph, call.tensor('x'));
      const given = call.integers('multiples') ?? call.malformed('multiples', 'numbers');
      const rank = Math.max(given.length, x.shape.length);
      const raised = rank === x.shape.length ? x : unsqueezed(graph, x, range(rank - x.shape.length), 'raised');
      const times = [...new Array<number>(rank - given.length).fill(1), ...given];
      const shape = raised.shape.map((dim, axis) => multiplied(dim, times[axis]!, graph.symbol(axis)));
      const inputs = [raised.value, graph.integers('multiples', times)];
      return graph.handle(graph.node('Tile', inputs, { shape, dtype: x.value.dtype }), shape);
    },
  },
  { names: ['Repeat', 'repeat'], parameters: ['x input', 'repeats', 'axis'], lower: repeat },
  {
    names: ['Roll', 'roll'],
    parameters: ['x input', 'shift', 'axis'],
    lower: roll,
  },
]; // prettier-ignore

function range(count: number): number[] {
  return Array.from({ length: computed(count) }, (_, i) => i);
}

function multiplied(dim: Dim, times: number, symbol: Dim): Dim {
  return times === 1 ? dim : typeof dim === 'number' ? dim * times : symbol;
}

export function concatenate(call: OperationCall, given: readonly Handle[], graph: GraphWriter, at?: number): Handle {
  const dtype = commonType(given);
  const ordered = given.map((x) => (x.layout.kind === 'reordered' ? asKeras(graph, x) : x));
  const handles = inOneLayout(graph, ordered.map((x, i) => inType(x, dtype, graph.part(`input_${i}`))));
  const [first] = handles as [Handle, ...Handle[]];
  const axis = at ?? call.axis('axis', first.shape.length, call.name === 'Concatenate' ? -1 : 0);
  const shape = first.shape.map((dim, i) => (i === axis ? total(handles, axis, graph.symbol(axis)) : knownOf(handles, i, dim)));
  const output = { shape: physicalShape(shape, first.layout), dtype, attributes: { axis: int(physicalAxis(first, axis)) } };
  return graph.handle(graph.node('Concat', handles.map(({ value }) => value), output), shape, first.layout);
} // prettier-ignore

function total(handles: readonly Handle[], axis: number, symbol: Dim): Dim {
  const sizes = handles.map(({ shape }) => shape[axis]!);
  return sizes.every((size) => typeof size === 'number') ? sizes.reduce((a, b) => a + b, 0) : symbol;
}

function knownOf(handles: readonly Handle[], axis: number, otherwise: Dim): Dim {
  return handles.map(({ shape }) => shape[axis]!).find((dim) => typeof dim === 'number') ?? otherwise;
}

/** Into parts of one size, of given sizes (TensorFlow) or at given places (Keras 3). */
function split(call: OperationCall, graph: GraphWriter): readonly Handle[] {
  const given = call.tensor('x');
  const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : given;
  const axis = call.axis('axis', x.shape.length, 0);
  const size = call.known(x.shape[axis], 'the size of the axis that it splits');
  const sections = call.value('sections');
  const list = call.integers('sections') ?? call.malformed('sections', 'numbers');
  const bounds = typeof sections === 'number' ? evenly(call, size, sections) : boundsOf(call, list, size);
  return bounds.slice(1).map((end, i) => {
    const start = bounds[i]!;
    if (end <= start) return call.unsupported('it splits off a part that holds nothing');
    return slice(graph.part(String(i)), x, [{ axis, start, end, size: end - start }]);
  });
}

function evenly(call: OperationCall, size: number, parts: number): readonly number[] {
  if (parts < 1 || (size % parts !== 0 && call.name !== 'ArraySplit'))
    call.malformed('sections', `a divisor of ${size}`);
  const longer = size % parts;
  return Array.from({ length: parts + 1 }, (_, i) => i * Math.floor(size / parts) + Math.min(i, longer));
}

function boundsOf(call: OperationCall, list: readonly number[], size: number): readonly number[] {
  if (call.name !== 'split') return [0, ...list.map((at) => (at < 0 ? at + size : at)), size];
  const known = list.reduce((sum, part) => sum + Math.max(0, part), 0);
  const bounds = [0];
  for (const part of list) bounds.push(bounds.at(-1)! + (part === -1 ? size - known : part));
  return bounds.at(-1) === size ? bounds : call.malformed('sections', `sizes that sum up to ${size}`);
}

function unstack(call: OperationCall, graph: GraphWriter): readonly Handle[] {
  const x = asKeras(graph, call.tensor('x'));
  const axis = call.axis('axis', x.shape.length, 0);
  const count = call.known(x.shape[axis], 'the size of the axis that it takes apart');
  if (count > 10_000) call.unsupported(`it takes ${count} tensors apart`);
  return range(count).map((i) => {
    const part = graph.part(String(i));
    return squeezed(part, slice(part, x, [{ axis, start: i, end: i + 1, size: 1 }], 'part'), [axis]);
  });
}

const PAD_MODES: ReadonlyMap<string, string> = new Map([
  ['constant', 'constant'],
  ['reflect', 'reflect'],
  ['edge', 'edge'],
  ['symmetric', ''],
]);

/** Amounts at the begin and end of each axis; one pair, or one number, stands for all axes in Keras 3. */
function pad(call: OperationCall, graph: GraphWriter): Handle {
  const given = call.tensor('x');
  const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : given;
  const rank = x.shape.length;
  const amounts = amountsOf(call, rank);
  const mode = PAD_MODES.get(call.text('mode', 'constant').toLowerCase());
  if (!mode) return call.unsupported(`its mode ${call.text('mode', '')} has no ONNX form`);
  const shape = x.shape.map((dim, axis) => added(dim, amounts[axis]!, graph.symbol(axis)));
  const places = physicalShape(range(rank), x.layout).map(Number);
  const pads = [...places.map((axis) => amounts[axis]![0]), ...places.map((axis) => amounts[axis]![1])];
  const value = constantHandle({ shape: [], data: [call.number('value', 0)], dtype: commonType([x]) }, graph, 'value');
  const inputs = [x.value, graph.integers('pads', pads), ...(mode === 'constant' ? [value.value] : [])];
  const output = { shape: physicalShape(shape, x.layout), dtype: x.value.dtype, attributes: { mode: string(mode) } };
  return graph.handle(graph.node('Pad', inputs, output), shape, x.layout);
}

function amountsOf(call: OperationCall, rank: number): readonly (readonly [number, number])[] {
  const given = call.value('paddings') ?? call.malformed('paddings', 'amounts');
  const list = Array.isArray(given) ? (given as readonly unknown[]) : [given, given];
  const isPair = list.every((entry) => typeof entry === 'number');
  const entries = isPair && list.length === 2 ? new Array<unknown>(rank).fill(list) : list.length === 1 ? new Array<unknown>(rank).fill(list[0]) : list;
  if (entries.length !== rank || rank === 0) return call.malformed('paddings', `${rank} pairs of amounts`);
  return entries.map((entry): [number, number] => {
    const [begin, end] = Array.isArray(entry) ? (entry as readonly unknown[]) : [entry, entry];
    const valid = [begin, end].every((n) => Number.isSafeInteger(n) && Number(n) >= 0);
    return valid ? [Number(begin), Number(end)] : call.malformed('paddings', `${rank} pairs of amounts`);
  });
} // prettier-ignore

function added(dim: Dim, [begin, end]: readonly [number, number], symbol: Dim): Dim {
  if (begin + end === 0) return dim;
  return typeof dim === 'number' ? dim + begin + end : symbol;
}

/** Each element several times in a row: a new axis behind, repeated, and joined with the one before. */
function repeat(call: OperationCall, graph: GraphWriter): Handle {
  const x = asKeras(graph, call.tensor('x'));
  const times = call.integer('repeats', NaN);
  if (!call.has('axis')) return call.unsupported('it repeats the flattened tensor');
  const axis = call.axis('axis', x.shape.length, 0);
  const size = call.known(x.shape[axis], 'the size of the axis that it repeats');
  if (times < 1 || times * size > 2 ** 22) return call.malformed('repeats', 'a positive number');
  const shape = x.shape.map((dim, i) => (i === axis ? size * times : dim));
  const points = range(size * times).map((i) => Math.floor(i / times));
  const output = { shape, dtype: x.value.dtype, attributes: { axis: int(axis) } };
  return graph.handle(graph.node('Gather', [x.value, graph.integers('points', points)], output), shape, KERAS);
}

/** Along each axis the last `shift` elements come first. */
function roll(call: OperationCall, graph: GraphWriter): Handle {
  const given = call.tensor('x');
  const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : given;
  const axes = call.axes('axis', x.shape.length) ?? call.unsupported('it rolls the flattened tensor');
  const shifts = call.integers('shift') ?? [];
  return axes.reduce((rolled, axis, i) => {
    const size = call.known(x.shape[axis], 'the size of the axis that it rolls');
    const by = (((shifts[i] ?? shifts[0] ?? 0) % size) + size) % size;
    if (by === 0) return rolled;
    const part = graph.part(`axis_${axis}`);
    const last = slice(part, rolled, [{ axis, start: size - by, end: TO_THE_END, size: by }], 'last');
    const rest = slice(part, rolled, [{ axis, start: 0, end: size - by, size: size - by }], 'rest');
    return concatenate(call, [last, rest], i === axes.length - 1 ? graph : part, axis);
  }, x);
}
