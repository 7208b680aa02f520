import { ints } from '../../onnx/attribute.ts';
import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { isList, type Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { reducedOver } from '../moments.ts';
import { asKeras } from '../reorder.ts';
import { staticChannels } from '../spatial.ts';
import { permuted, reshapedTo } from '../target-shape.ts';

/**
 * Keras `Dot`: per sample, the sum of products of a and b along one axis of each.
 *
 * Shapes: a `[N, …]` and b `[N, …]` of rank 2 and more; y has a's other axes, then b's, and `[N, 1]` if there are none.
 * With `normalize`, a and b are divided by max(‖·‖₂, 1e-7) (Keras 2: 1e-6) along their axes first.
 * Written as MatMul of a `[N, rows, K]` and b `[N, K, columns]`.
 * Source: https://keras.io/api/layers/merging_layers/dot/ · keras/src/layers/merging/dot.py
 */
export const dot: LayerLowering = {
  classNames: ['Dot'],
  note: 'inputs of any rank, normalized or not; of rank 4 and more with sizes that are known',
  traps: 'normalizing divides by at least 1e-7, in Keras 2 by 1e-6',
  merges: true,

  lower(layer, inputs, graph) {
    const [left, right] = inputs.map((x, i) => asKeras(graph, graph.part(`input_${i}`).float(x)));
    if (!left || !right || inputs.length !== 2) return layer.unsupported('it takes two tensors');
    const [i, j] = axesOf(layer, [left.shape.length, right.shape.length]);
    const normalized = layer.flag('normalize', false);
    const smallest = layer.kerasMajor === 2 ? 1e-6 : 1e-7;
    const a = normalized ? unit(graph.part('a'), left, i, smallest) : left;
    const b = normalized ? unit(graph.part('b'), right, j, smallest) : right;
    return a.shape.length > 3 || b.shape.length > 3
      ? ofMore(layer, [a, b], [i, j], graph)
      : product([a, b], [i, j], graph);
  },
};

type Pair<T> = readonly [T, T];

function product([left, right]: Pair<Handle>, [i, j]: Pair<number>, graph: GraphWriter): Handle {
  const a = matrix(graph.part('a'), left, i, 'last');
  const b = matrix(graph.part('b'), right, j, 'first');
  const rows = left.shape.filter((_, axis) => axis > 0 && axis !== i);
  const columns = right.shape.filter((_, axis) => axis > 0 && axis !== j);
  const full = [left.shape[0]!, rows[0] ?? 1, columns[0] ?? 1];
  const spare = [...(rows.length === 0 && columns.length > 0 ? [1] : []), ...(columns.length === 0 ? [2] : [])];
  const shape = full.filter((_, axis) => !spare.includes(axis));
  if (spare.length === 0) return graph.handle(graph.node('MatMul', [a, b], { shape }), shape);
  const whole = graph.node('MatMul', [a, b], { shape: full, suffix: 'product' });
  return graph.handle(graph.node('Squeeze', [whole, graph.integers('spare', spare)], { shape }), shape);
}

/** Of rank 4 and more: [N, rows, K] times [N, K, columns], whose rows and columns are several axes. */
function ofMore(layer: Layer, [left, right]: Pair<Handle>, [i, j]: Pair<number>, graph: GraphWriter): Handle {
  const a = flatMatrix(layer, left, i, 'last', graph.part('a'));
  const b = flatMatrix(layer, right, j, 'first', graph.part('b'));
  const shape = [left.shape[0]!, a.shape[1]!, b.shape[2]!];
  const y = graph.handle(graph.node('MatMul', [a.value, b.value], { shape, suffix: 'product' }), shape);
  const others = [...a.others, ...b.others];
  return reshapedTo(graph, y, [left.shape[0]!, ...others], [graph.integers('shape', [-1, ...others])]);
}

function flatMatrix(layer: Layer, x: Handle, axis: number, place: 'first' | 'last', graph: GraphWriter) {
  const rest = x.shape.flatMap((_, at) => (at === 0 || at === axis ? [] : [at]));
  const [K, ...others] = [axis, ...rest].map((at) => staticChannels(layer, x.shape[at]!));
  const flat = others.reduce((all, size) => all * size, 1);
  const moved = permuted(graph, x, place === 'last' ? [0, ...rest, axis] : [0, axis, ...rest], 'moved');
  const inner = place === 'last' ? [flat, K!] : [K!, flat];
  const target = graph.integers('matrix_shape', [-1, ...inner]);
  return { ...reshapedTo(graph, moved, [x.shape[0]!, ...inner], [target], 'matrix'), others };
}

function axesOf(layer: Layer, ranks: readonly [number, number]): [number, number] {
  const value = layer.value('axes');
  const given = isList(value) ? value : [value, value];
  const [i, j] = given.map((axis, side) => (typeof axis === 'number' && axis < 0 ? axis + ranks[side]! : axis));
  const valid = (axis: unknown, rank: number) => Number.isInteger(axis) && Number(axis) > 0 && Number(axis) < rank;
  if (given.length !== 2 || !valid(i, ranks[0]) || !valid(j, ranks[1]))
    layer.malformed('axes', 'an axis of each input');
  return [Number(i), Number(j)];
}

/** x as `[N, rows, K]` (K last) or `[N, K, columns]` (K first), where K is axis `axis`. */
function matrix(graph: GraphWriter, { value, shape }: Handle, axis: number, place: 'first' | 'last') {
  const [batch, ...rest] = shape as [Dim, ...Dim[]];
  if (rest.length === 1) {
    const axes = graph.integers('axes', [place === 'last' ? 1 : 2]);
    const full = place === 'last' ? [batch, 1, rest[0]!] : [batch, rest[0]!, 1];
    return graph.node('Unsqueeze', [value, axes], { shape: full, suffix: 'matrix' });
  }
  if (axis === (place === 'last' ? 2 : 1)) return value;
  const output = { shape: [batch, rest[1]!, rest[0]!], attributes: { perm: ints([0, 2, 1]) }, suffix: 'matrix' };
  return graph.node('Transpose', [value], output);
}

/** x / max(‖x‖₂, smallest) along one axis. */
function unit(graph: GraphWriter, x: Handle, axis: number, smallest: number): Handle {
  const norm = reducedOver(graph.part('norm'), 'ReduceL2', x, [axis]);
  const safe = graph.like(norm, 'Max', { operands: [graph.scalar('smallest', smallest)], suffix: 'safe_norm' });
  return graph.like(x, 'Div', { operands: [safe.value], suffix: 'unit' });
}
