import { ints } from '../../onnx/attribute.ts';
import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { isList, type Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { reducedOver } from '../moments.ts';
import { asKeras } from '../reorder.ts';

/**
 * Keras `Dot`: per sample, the sum of products of a and b along one axis of each.
 *
 * Shapes: a `[N, …]` and b `[N, …]` of rank 2 or 3; y has a's other axes, then b's, and `[N, 1]` if there are none.
 * With `normalize`, a and b are divided by max(‖·‖₂, 1e-7) (Keras 2: 1e-6) along their axes first.
 * Written as MatMul of a `[N, rows, K]` and b `[N, K, columns]`.
 * Source: https://keras.io/api/layers/merging_layers/dot/ · keras/src/layers/merging/dot.py
 */
export const dot: LayerLowering = {
  classNames: ['Dot'],
  note: 'inputs of rank 2 and 3, normalized or not',
  traps: 'normalizing divides by at least 1e-7, in Keras 2 by 1e-6',
  merges: true,

  lower(layer, inputs, graph) {
    const [left, right] = inputs.map((x, i) => asKeras(graph, graph.part(`input_${i}`).float(x)));
    if (!left || !right || inputs.length !== 2) return layer.unsupported('it takes two tensors');
    const [i, j] = axesOf(layer, [left.shape.length, right.shape.length]);
    const normalized = layer.flag('normalize', false);
    const smallest = layer.kerasMajor === 2 ? 1e-6 : 1e-7;
    const a = matrix(graph.part('a'), normalized ? unit(graph.part('a'), left, i, smallest) : left, i, 'last');
    const b = matrix(graph.part('b'), normalized ? unit(graph.part('b'), right, j, smallest) : right, j, 'first');
    const rows = left.shape.filter((_, axis) => axis > 0 && axis !== i);
    const columns = right.shape.filter((_, axis) => axis > 0 && axis !== j);
    const full = [left.shape[0]!, rows[0] ?? 1, columns[0] ?? 1];
    const spare = [...(rows.length === 0 && columns.length > 0 ? [1] : []), ...(columns.length === 0 ? [2] : [])];
    const shape = full.filter((_, axis) => !spare.includes(axis));
    if (spare.length === 0) return graph.handle(graph.node('MatMul', [a, b], { shape }), shape);
    const product = graph.node('MatMul', [a, b], { shape: full, suffix: 'product' });
    return graph.handle(graph.node('Squeeze', [product, graph.integers('spare', spare)], { shape }), shape);
  },
};

function axesOf(layer: Layer, ranks: readonly [number, number]): [number, number] {
  const value = layer.value('axes');
  const given = isList(value) ? value : [value, value];
  const [i, j] = given.map((axis, side) => (typeof axis === 'number' && axis < 0 ? axis + ranks[side]! : axis));
  const valid = (axis: unknown, rank: number) => Number.isInteger(axis) && Number(axis) > 0 && Number(axis) < rank;
  if (given.length !== 2 || !valid(i, ranks[0]) || !valid(j, ranks[1]))
    layer.malformed('axes', 'an axis of each input');
  if (ranks.some((rank) => rank > 3))
    layer.unsupported(`its inputs have ranks ${ranks.join(' and ')}; 2 and 3 are known`);
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
