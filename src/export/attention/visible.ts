import { int } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import { int64, type Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Handle } from '../layout.ts';
import { computed } from '../computed.ts';

/** Of two masks both; either may be none. */
export function both(graph: GraphWriter, a: Value | undefined, b: Value | undefined): Value | undefined {
  if (!a || !b) return a ?? b;
  const [longer, shorter] = a.shape!.length >= b.shape!.length ? [a.shape!, b.shape!] : [b.shape!, a.shape!];
  const missing = longer.length - shorter.length;
  const shape = longer.map((dim, axis) => (dim === 1 ? (shorter[axis - missing] ?? dim) : dim));
  return graph.node('And', [a, b], { shape, dtype: 'bool' });
}

/** A mask with axes of size 1 put in. */
export function widened(graph: GraphWriter, mask: Value, axes: readonly number[], suffix: string): Value {
  const shape: Dim[] = [...mask.shape!];
  for (const axis of axes) shape.splice(axis, 0, 1);
  const places = graph.integers(`${suffix}_axes`, axes);
  return graph.node('Unsqueeze', [mask, places], { shape, dtype: mask.dtype ?? 'bool', suffix });
}

/** Any mask that is given as numbers. */
export function asBool(graph: GraphWriter, { value }: Handle, suffix: string): Value {
  if (value.dtype === 'bool') return value;
  return graph.node('Cast', [value], { shape: value.shape!, dtype: 'bool', attributes: { to: int(9) }, suffix });
}

/**
 * What Keras 2 adds to the scores for a mask given as numbers m, (1 − m) · −10⁹, of whatever size m is.
 * Source: `Softmax.call` of tf_keras/src/layers/activation/softmax.py.
 */
export function adder(graph: GraphWriter, given: Handle): Handle {
  const m = graph.float(given);
  const { shape } = m;
  const rest = graph.node('Sub', [graph.scalar('one', 1), m.value], { shape, suffix: 'rest' });
  return { ...m, value: graph.node('Mul', [rest, graph.scalar('unseen', UNSEEN)], { shape, suffix: 'adder' }) };
}

/** Row t sees column s if s ≤ t: bool [T, S]. */
export function causal(graph: GraphWriter, query: Handle, value: Handle): Value {
  const [rows, columns] = places(graph, query, value);
  return graph.node('GreaterOrEqual', [rows, columns], { shape: band(query, value), dtype: 'bool' });
}

/** Row t sees column s if |t − s| < width: bool [T, S]. */
export function sliding(graph: GraphWriter, query: Handle, value: Handle, width: number): Value {
  const [rows, columns] = places(graph, query, value);
  const shape = band(query, value);
  const distance = graph.node('Sub', [rows, columns], { shape, dtype: 'int64', suffix: 'offset' });
  const absolute = graph.node('Abs', [distance], { shape, dtype: 'int64', suffix: 'distance' });
  const limit = graph.constant('width', { ...int64([width]), shape: [] });
  return graph.node('Less', [absolute, limit], { shape, dtype: 'bool' });
}

function band(query: Handle, value: Handle): Dim[] {
  return [query.shape[1]!, value.shape[1]!];
}

/** The places along axis 1 of both: int64 [T, 1] and [1, S]. */
function places(graph: GraphWriter, query: Handle, value: Handle): readonly [Value, Value] {
  const rows = placesOf(graph.part('rows'), query, 1);
  return [rows, placesOf(graph.part('columns'), value, 0)];
}

function placesOf(graph: GraphWriter, { value, shape }: Handle, spare: 0 | 1): Value {
  const size = shape[1]!;
  const wide = spare === 1 ? [size, 1] : [1, size];
  if (typeof size === 'number') {
    const data = BigInt64Array.from({ length: computed(size) }, (_, i) => BigInt(i));
    return graph.constant('places', { dtype: 'int64', shape: wide as number[], data });
  }
  const scalar = (name: string, number: number) => graph.constant(name, { ...int64([number]), shape: [] });
  const sizes = graph.node('Shape', [value], { shape: [shape.length], dtype: 'int64', suffix: 'sizes' });
  const count = graph.node('Gather', [sizes, scalar('axis', 1)], { shape: [], dtype: 'int64', suffix: 'count' });
  const inputs = [scalar('zero', 0), count, scalar('one', 1)];
  const all = graph.node('Range', inputs, { shape: [size], dtype: 'int64', suffix: 'all' });
  return graph.node('Unsqueeze', [all, graph.integers('spare', [spare])], {
    shape: wide,
    dtype: 'int64',
    suffix: 'places',
  });
}

/** What is not seen is far below everything else. */
const UNSEEN = -1e9;

/**
 * scores, or −10⁹ where the mask is false; of an {@link adder} the sum. A row of which nothing is seen becomes uniform
 * in a softmax.
 */
export function hidden(graph: GraphWriter, scores: Handle, mask: Value | undefined): Handle {
  if (!mask) return scores;
  if (mask.dtype === 'float32') return graph.like(scores, 'Add', { operands: [mask], suffix: 'seen' });
  const inputs = [mask, scores.value, graph.scalar('unseen', UNSEEN)];
  return { ...scores, value: graph.node('Where', inputs, { shape: scores.shape, suffix: 'seen' }) };
}
