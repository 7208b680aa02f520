import { float32, int64, type Tensor } from '../../tensor.ts';
import { int } from '../../onnx/attribute.ts';
import { applyActivation } from '../activation.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { asKeras } from '../reorder.ts';
import { spatialRank } from '../spatial.ts';

/**
 * Keras 2 `LocallyConnected1D`, `LocallyConnected2D`: a convolution with weights of its own at each of its P places.
 *
 *   implementation 1    kernel `[P, K, F]`: the K points of each window are gathered, y[p] = window[p] · kernel[p]
 *   implementation 2    kernel `[…i, C, …o, F]`, of which only the windows count: one product of all points
 *   implementation 3    the same, of which only the windows are saved
 *
 * Shapes: x `[N, …i, C]`, bias `[…o, F]`, y `[N, …o, F]`; with `data_format` channels_first the channels are in front,
 * in all of them but the bias. `padding` same exists for 2 and 3.
 * Source: tf_keras/src/layers/locally_connected/
 */
export const locallyConnected: LayerLowering = {
  classNames: ['LocallyConnected1D', 'LocallyConnected2D'],
  note: 'Keras 2; every implementation, valid and same padding, both data formats',
  traps: 'channels_first reads the numbers of the bias as [F, …o]',

  lower(layer, [given], graph) {
    const x = asKeras(graph, graph.float(given));
    const plan = planOf(layer, x);
    const flat = graph.handle(graph.node('Flatten', [x.value], { shape: [x.shape[0]!, count([...plan.sizes, plan.C])], attributes: { axis: int(1) }, suffix: 'flat' }), [x.shape[0]!, count([...plan.sizes, plan.C])]); // prettier-ignore
    const product =
      layer.integer('implementation', 1) === 1
        ? byWindow(layer, flat, plan, graph)
        : byMatrix(layer, flat, plan, graph);
    const shape = [x.shape[0]!, ...(plan.first ? [plan.F, ...plan.outputs] : [...plan.outputs, plan.F])];
    const useBias = layer.flag('use_bias', true);
    const reshaped = { shape, ...(useBias ? { suffix: 'product' } : {}) };
    const y = graph.handle(graph.node('Reshape', [product, graph.integers('shape', [0, ...shape.slice(1).map(Number)])], reshaped), shape); // prettier-ignore
    const biased = useBias ? graph.like(y, 'Add', { operands: [bias(layer, plan, graph)] }) : y;
    return applyActivation(layer, biased, graph.part('activation'));
  },
};

interface Plan {
  readonly first: boolean;
  readonly sizes: readonly number[];
  readonly C: number;
  readonly F: number;
  readonly outputs: readonly number[];
  /** First and last + 1 of the window at a place, on each axis; what is beyond the border is left out. */
  readonly window: (place: readonly number[]) => readonly (readonly [number, number])[];
}

function planOf(layer: Layer, { shape }: Handle): Plan {
  const rank = spatialRank(layer);
  if (shape.length !== rank + 2) layer.unsupported(`its input has rank ${shape.length} in place of ${rank + 2}`);
  const first = layer.choice('data_format', ['channels_last', 'channels_first'], 'channels_last') === 'channels_first';
  const all = shape.slice(1).map((dim) => (typeof dim === 'number' ? dim : layer.unsupported('the sizes of its input are unknown'))); // prettier-ignore
  const [sizes, C] = first ? [all.slice(1), all[0]!] : [all.slice(0, -1), all.at(-1)!];
  const kernel = layer.sizes('kernel_size', rank);
  const strides = layer.sizes('strides', rank, 1);
  const same = layer.choice('padding', ['valid', 'same'], 'valid') === 'same';
  const outputs = sizes.map((size, i) => same ? Math.ceil(size / strides[i]!) : Math.floor((size - kernel[i]!) / strides[i]!) + 1); // prettier-ignore
  if (C < 1 || outputs.some((size) => size < 1) || count([...sizes, C]) * count(outputs) > MOST) layer.unsupported('its window does not fit, or its kernel is too large'); // prettier-ignore
  const window = (place: readonly number[]) =>
    place.map((index, i) => {
      const start = index * strides[i]! - (same ? Math.floor(kernel[i]! / 2) : 0);
      return [Math.max(0, start), Math.max(0, Math.min(sizes[i]!, start + kernel[i]!))] as const;
    });
  return { first, sizes, C, F: layer.size('filters'), outputs, window };
}

/** Entries of the matrix of implementation 2; far more than any real model has. */
const MOST = 2 ** 28;

/** [N, …i·C] → [N, P, F] (channels first: [N, F, P]) */
function byWindow(layer: Layer, x: Handle, plan: Plan, graph: GraphWriter) {
  const { outputs, F, first } = plan;
  const [N, P] = [x.shape[0]!, count(outputs)];
  const K = count(plan.window(outputs.map(() => 0)).map(([from, to]) => to - from)) * plan.C;
  const kernel = graph.parameter(layer.weight('kernel', [P, K, F]));
  const places = grid(outputs).map((place) => points(plan, place));
  const indices = graph.constant('points', { ...int64(places.flat()), shape: [P, 1, K] });
  const windows = graph.node('Gather', [x.value, indices], {
    shape: [N, P, 1, K],
    attributes: { axis: int(1) },
    suffix: 'windows',
  });
  const y = graph.node('MatMul', [windows, kernel], { shape: [N, P, 1, F], suffix: 'places' });
  if (!first) return y;
  return graph.node('Transpose', [y], {
    shape: [N, F, 1, P],
    attributes: { perm: { kind: 'ints', value: [0, 3, 2, 1] } },
    suffix: 'in_front',
  });
}

/** Where the window at a place lies in the flattened input, in the order of the kernel's rows. */
function points({ first, sizes, C, window }: Plan, place: readonly number[]): number[] {
  const spans = window(place);
  const offsets = grid(spans.map(([from, to]) => to - from));
  const at = offsets.map((offset) => offset.reduce((sum, index, i) => sum * sizes[i]! + spans[i]![0] + index, 0));
  const channels = Array.from({ length: C }, (_, c) => c);
  const area = count(sizes);
  return first ? channels.flatMap((c) => at.map((point) => c * area + point)) : at.flatMap((point) => channels.map((c) => point * C + c)); // prettier-ignore
}

/** [N, …i·C] → [N, …o·F] by one matrix, which is zero outside of the windows. */
function byMatrix(layer: Layer, x: Handle, plan: Plan, graph: GraphWriter) {
  const { first, sizes, C, F, outputs } = plan;
  const [rows, columns] = [count([...sizes, C]), count([...outputs, F])];
  const inner = (list: readonly number[], channels: number) => (first ? [channels, ...list] : [...list, channels]);
  const sparse = layer.integer('implementation', 1) === 3;
  const weight = layer.weight('kernel', sparse ? [connections(plan)] : [...inner(sizes, C), ...inner(outputs, F)]);
  const pairs = connected(plan);
  const kernel = graph.parameter(weight, 'windows only', ({ data }) => onlyWindows(data, pairs, sparse, rows, columns));
  return graph.node('MatMul', [x.value, kernel], { shape: [x.shape[0]!, columns], suffix: 'all' });
}

/** How many pairs there are, each axis for itself: a file may claim more than can be listed. */
function connections({ outputs, window, C, F }: Plan): number {
  const points = outputs.map((size, axis) => {
    let sum = 0;
    for (let index = 0; index < size; index++) {
      const [from, to] = window(outputs.map(() => index))[axis]!;
      sum += Math.max(0, to - from);
    }
    return sum;
  });
  return count(points) * C * F;
}

/** Every pair of an output and an input that are connected, in order. */
function connected(plan: Plan): (readonly [number, number])[] {
  const { first, C, F, outputs } = plan;
  const area = count(outputs);
  const filters = Array.from({ length: F }, (_, f) => f);
  const of = grid(outputs).flatMap((place, p) => filters.flatMap((f) => points(plan, place).map((i) => [first ? f * area + p : p * F + f, i] as const))); // prettier-ignore
  return C === 0 ? [] : of.sort(([a, i], [b, j]) => a - b || i - j);
}

function onlyWindows(
  data: Float32Array,
  pairs: readonly (readonly [number, number])[],
  sparse: boolean,
  rows: number,
  columns: number,
): Tensor<'float32'> {
  const matrix = new Float32Array(rows * columns);
  pairs.forEach(([output, input], n) => {
    const at = input * columns + output;
    matrix[at] = data[sparse ? n : at]!;
  });
  return float32([rows, columns], matrix);
}

/** The bias `[…o, F]`; with the channels in front, its numbers in their order are read as `[F, …o]`. */
function bias(layer: Layer, { first, outputs, F }: Plan, graph: GraphWriter) {
  const weight = layer.weight('bias', [...outputs, F]);
  const shape = first ? [F, ...outputs] : [...outputs, F];
  return graph.parameter(weight, 'for its places', (tensor) => ({ ...tensor, shape }));
}

function count(sizes: readonly number[]): number {
  return sizes.reduce((product, size) => product * size, 1);
}

/** Every index of a grid, the last axis fastest. */
function grid(sizes: readonly number[]): number[][] {
  return sizes.reduce<number[][]>((all, size) => all.flatMap((index) => Array.from({ length: size }, (_, i) => [...index, i])), [[]]); // prettier-ignore
}
