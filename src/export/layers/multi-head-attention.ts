import type { Value } from '../../onnx/graph.ts';
import type { Dim } from '../../tensor.ts';
import { softmax } from '../activations.ts';
import { dense, inHeads, outOfHeads, projected } from '../attention/heads.ts';
import { adder, asBool, both, causal, hidden, sliding, widened } from '../attention/visible.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { asKeras } from '../reorder.ts';
import { permuted, reshapedTo, sizesAt } from '../target-shape.ts';

/**
 * Keras `MultiHeadAttention` and `GroupedQueryAttention`:
 *
 *   Q, K, V = dense(query), dense(key), dense(value)        in heads of width H; values may have another, E
 *   y = dense(softmax(Q·Kᵀ / √H) · V)                       with `use_gate`: … · V, times sigmoid(dense(query))
 *
 * Shapes: query `[N, …, T, D]`, value and key `[N, …, S, D]`, kernels `[D, heads, H]`, of the output `[heads, E, …out]`,
 * y `[N, …, T, …out]`, softmax `[N, …, heads, T, S]` (behind y with `return_attention_scores`).
 * Several `attention_axes` are one axis for the computation; axes between the batch and them are more batch.
 * In a GroupedQueryAttention several heads of the query share one of keys and values: `[N, shared, each, T, H]`.
 * In Keras 2 an `attention_mask` of numbers that is the only mask is weighed, see {@link adder}; elsewhere 0 hides.
 * Hidden scores: those of `attention_mask`, of masked queries, values and keys, causal, outside of `sliding_window`.
 * Defaults: `use_bias` true, `value_dim` H, `output_shape` D, `attention_axes` all but the batch; dropout does nothing.
 * Source: keras/src/layers/attention/{multi_head,grouped_query}_attention.py · tf_keras, the same
 */
export const multiHeadAttention: LayerLowering = {
  classNames: ['MultiHeadAttention', 'GroupedQueryAttention'],
  note: 'value_dim, output_shape, attention_axes, use_gate, sliding_window, every mask, return_attention_scores',
  traps:
    "Keras 3 takes the masks off the tensors that it reads, for every layer behind; a query that sees nothing gets zero or the mean, by Keras's own rule; with tensors of rank 4 and more only attention_mask",
  merges: true,
  inTraining: 'may drop scores',
  mask: 'own',

  lower(layer, _inputs, graph) {
    const given = argumentsOf(layer);
    const [query, value, key] = [given.query, given.value, given.key].map((x, i) => asKeras(graph, graph.part(NAMES[i]!).float(x))) as [Handle, Handle, Handle]; // prettier-ignore
    const plan = planOf(layer, query);
    const arranged = (x: Handle, name: string) => flattened(graph.part(name), x, plan);
    const q = arranged(query, 'query');
    const K = arranged(key, 'key');
    const V = arranged(value, 'value');
    const mask = seen(layer, given, plan, graph.part('mask'));
    const scores = scoresOf(layer, q, K, plan, graph);
    const soft = softmax(hidden(graph.part('scores'), scores, mask), graph.part('weights'));
    const weights = mask && clearsHidden(layer) ? cleared(graph.part('weights'), soft, mask) : soft;
    const heads = inHeads(graph.part('value'), projected(layer, 'value', V, [...plan.valueHeads, plan.E], graph.part('value')), [...plan.spread, plan.E]); // prettier-ignore
    const shape = [...weights.shape.slice(0, -1), plan.E];
    const mixed = graph.part('mixed');
    const found = mixed.handle(mixed.node('MatMul', [weights.value, heads.value], { shape }), shape);
    const joined = gated(
      layer,
      q,
      outOfHeads(mixed.part('joined'), found, plan.queryHeads.length),
      plan,
      graph.part('gate'),
    );
    const y = { ...restored(layer, joined, query, plan, graph), mask: given.query.mask };
    forgetMasks(layer, given, graph);
    return layer.call.constant(-1, 'return_attention_scores') === true ? [y, scoresAsKeras(weights, query, value, plan, graph)] : [y]; // prettier-ignore
  },
};

const NAMES = ['query', 'value', 'key'] as const;

interface Given {
  readonly query: Handle;
  readonly value: Handle;
  readonly key: Handle;
  /** Whether the key is an argument of its own. */
  readonly hasKey: boolean;
}

function argumentsOf(layer: Layer): Given {
  const { call } = layer;
  const [query, value, key] = NAMES.map((name, place) => call.tensor(place, name));
  if (!query || !value) return layer.unsupported('it is not called with a query and a value');
  return { query, value, key: key ?? value, hasKey: key !== undefined };
}

/** How the tensors of a call are arranged: axes of the batch, then those of the attention as one. */
interface Plan {
  readonly perm: readonly number[];
  readonly batch: number;
  readonly attended: number;
  /** Heads of the query, and those of keys and values as they are stored and as they meet the query's. */
  readonly queryHeads: readonly number[];
  readonly valueHeads: readonly number[];
  readonly spread: readonly number[];
  readonly H: number;
  readonly E: number;
}

function planOf(layer: Layer, { shape }: Handle): Plan {
  const rank = shape.length;
  if (rank < 3) layer.unsupported(`its query has rank ${rank} in place of 3 or more`);
  if (layer.className === 'GroupedQueryAttention') {
    const [all, shared, H] = [layer.size('num_query_heads'), layer.size('num_key_value_heads'), layer.size('head_dim')];
    if (all % shared !== 0) layer.malformed('num_query_heads', `a multiple of ${shared}`);
    const perm = shape.map((_, axis) => axis);
    return {
      perm,
      batch: 1,
      attended: 1,
      queryHeads: [shared, all / shared],
      valueHeads: [shared],
      spread: [shared, 1],
      H,
      E: H,
    };
  }
  const inner = shape.slice(1, -1).map((_, i) => i + 1);
  const axes = (layer.integers('attention_axes') ?? inner).map((axis) => (axis < 0 ? axis + rank : axis));
  // Keras 2 counts from the end of another tensor.
  const negative = (layer.integers('attention_axes') ?? []).some((axis) => axis < 0);
  if (negative && layer.kerasMajor === 2) layer.unsupported('its attention_axes count from the end');
  if (!axes.every((axis) => inner.includes(axis))) layer.malformed('attention_axes', 'axes between batch and features');
  const others = inner.filter((axis) => !axes.includes(axis));
  const [heads, H] = [layer.size('num_heads'), layer.size('key_dim')];
  const E = layer.value('value_dim') === undefined ? H : layer.size('value_dim');
  const perm = [0, ...others, ...axes, rank - 1];
  return {
    perm,
    batch: 1 + others.length,
    attended: axes.length,
    queryHeads: [heads],
    valueHeads: [heads],
    spread: [heads],
    H,
    E,
  };
}

/** [N, …, D] → [N, …batch, T, D] */
function flattened(graph: GraphWriter, x: Handle, { perm, batch, attended }: Plan): Handle {
  const moved = permuted(graph, x, perm, 'arranged');
  if (attended === 1) return moved;
  const sizes = moved.shape.slice(batch, -1);
  const T = sizes.every((dim) => typeof dim === 'number') ? sizes.reduce((a, b) => a * b, 1) : graph.symbol(batch);
  const shape = [...moved.shape.slice(0, batch), T, moved.shape.at(-1)!];
  const target = graph.integers('points', [...shape.slice(0, batch).map(() => 0), -1, Number(shape.at(-1))]);
  return reshapedTo(graph, moved, shape, [target], 'in_a_row');
}

function scoresOf(layer: Layer, query: Handle, key: Handle, plan: Plan, graph: GraphWriter): Handle {
  const { queryHeads, valueHeads, spread, H } = plan;
  const ofQuery = projected(layer, 'query', query, [...queryHeads.length > 1 ? [queryHeads.reduce((a, b) => a * b, 1)] : queryHeads, H], graph.part('query')); // prettier-ignore
  const scale = graph.part('query').scalar('scale', 1 / Math.sqrt(H));
  const scaled = graph.part('query').like(ofQuery, 'Mul', { operands: [scale], suffix: 'scaled' });
  const Q = inHeads(graph.part('query'), scaled, [...queryHeads, H]);
  const K = inHeads(
    graph.part('key'),
    projected(layer, 'key', key, [...valueHeads, H], graph.part('key')),
    [...spread, H],
    true,
  );
  const shape = [...Q.shape.slice(0, -1), K.shape.at(-1)!];
  return graph.handle(graph.part('scores').node('MatMul', [Q.value, K.value], { shape }), shape);
}

/** A mask that broadcasts against the scores [B…, heads…, T, S]. */
function seen(layer: Layer, given: Given, plan: Plan, graph: GraphWriter): Value | undefined {
  const { call } = layer;
  const { query, value, key, hasKey } = given;
  const window = layer.value('sliding_window') === undefined ? undefined : layer.size('sliding_window');
  const valueMask = maskOf(layer, 'value_mask', value);
  const keyMask = hasKey ? maskOf(layer, 'key_mask', key) : undefined;
  const isCausal = call.constant(-1, 'use_causal_mask') === true;
  const own = [
    query.mask && widened(graph, query.mask(), [2], 'query'),
    valueMask && widened(graph, valueMask(), [1], 'value'),
    keyMask && widened(graph, keyMask(), [1], 'key'),
    isCausal ? causal(graph.part('causal'), query, value) : undefined,
    window === undefined ? undefined : sliding(graph.part('window'), query, value, window),
  ];
  const written = call.tensor(3, 'attention_mask') ?? call.tensor(-1, 'attention_mask');
  const isAdded = layer.kerasMajor === 2 && written && written.value.dtype !== 'bool' && own.every((mask) => !mask);
  const numbers = written && asKeras(graph, written);
  const asked = numbers && (isAdded ? adder(graph, numbers).value : asBool(graph, numbers, 'given'));
  if (plan.batch > 1 || plan.attended > 1) {
    if (own.some((mask) => mask))
      layer.unsupported('it has masks besides attention_mask, and tensors of rank 4 or more');
    return asked && flatMask(layer, asked, plan, graph);
  }
  const merged = [asked, ...own].reduce<Value | undefined>(
    (all, mask, i) => both(graph.part(`and_${i}`), all, mask),
    undefined,
  );
  return merged && acrossHeads(merged, plan, graph);
}

/** In Keras 3 the argument counts, if it is given; the mask of the tensor else. */
function maskOf(layer: Layer, name: string, tensor: Handle): Handle['mask'] {
  const written = layer.call.tensor(-1, name);
  return written ? () => written.value : tensor.mask;
}

/** [T, S] broadcasts as it is; [N, T, S] gets axes for the heads; [N, heads, T, S] has them. */
function acrossHeads(mask: Value, { queryHeads }: Plan, graph: GraphWriter): Value {
  if (mask.shape!.length === 2) return mask;
  const missing = 3 + queryHeads.length - mask.shape!.length;
  if (mask.shape!.length === 4 && queryHeads.length === 2) return ofAllHeads(mask, queryHeads, graph);
  return missing > 0 ? widened(graph, mask, queryHeads.map((_, i) => i + 1), 'across_heads') : mask; // prettier-ignore
}

/** [N, heads, T, S] → [N, shared, each, T, S]; one for all heads is one for each group. */
function ofAllHeads(mask: Value, [shared, each]: readonly number[], graph: GraphWriter): Value {
  if (mask.shape![1] === 1) return widened(graph, mask, [1], 'across_groups');
  const [N, , T, S] = mask.shape as [Dim, Dim, Dim, Dim];
  const x = graph.handle(mask, mask.shape!);
  const head = graph.integers('heads', [shared!, each!]);
  const pieces = [sizesAt(graph, x, [0], 'batch'), head, sizesAt(graph, x, [2, 3], 'sizes')];
  return reshapedTo(graph, x, [N, shared!, each!, T, S], pieces, 'in_groups').value;
}

/** [N, …q, …k] → [N, 1…, T, S] */
function flatMask(layer: Layer, mask: Value, { batch, attended, queryHeads }: Plan, graph: GraphWriter): Value {
  const shape = mask.shape!;
  if (shape.length !== 1 + 2 * attended) layer.unsupported(`its attention_mask has rank ${shape.length}`);
  const size = (dims: readonly Dim[]) => dims.reduce<number>((a, b) => (typeof b === 'number' ? a * b : layer.unsupported('the sizes of its attention_mask are not all known')), 1); // prettier-ignore
  const [T, S] = [size(shape.slice(1, 1 + attended)), size(shape.slice(1 + attended))];
  const ones = new Array<number>(batch - 1 + queryHeads.length).fill(1);
  const target = graph.integers('mask_shape', [-1, ...ones, T, S]);
  return reshapedTo(graph, graph.handle(mask, shape), [shape[0]!, ...ones, T, S], [target], 'flat').value;
}

/**
 * Keras 3 makes the weights of a query that sees nothing zero, where it computes them by a Softmax layer: with a
 * dropout, with the scores asked for, and for tensors of rank 4 or more. Elsewhere they are all the same.
 */
function clearsHidden(layer: Layer): boolean {
  if (layer.kerasMajor === 2) return false;
  const asked = layer.call.constant(-1, 'return_attention_scores') === true;
  const rank = layer.call.tensor(0, 'query')?.shape.length ?? 3;
  return layer.number('dropout', 0) > 0 || asked || rank > 3;
}

function cleared(graph: GraphWriter, weights: Handle, mask: Value): Handle {
  const inputs = [mask, weights.value, graph.scalar('zero', 0)];
  return { ...weights, value: graph.node('Where', inputs, { shape: weights.shape, suffix: 'cleared' }) };
}

function gated(layer: Layer, query: Handle, x: Handle, { queryHeads, E }: Plan, graph: GraphWriter): Handle {
  if (!layer.flag('use_gate', false)) return x;
  const heads = queryHeads.reduce((a, b) => a * b, 1);
  const gate = graph.like(projected(layer, 'gate', query, [heads, E], graph), 'Sigmoid', { suffix: 'sigmoid' });
  return graph.like(x, 'Mul', { operands: [gate.value], suffix: 'gated' });
}

/** The last dense layer, and the axes of the query where they were: [N, …, T, …out]. */
function restored(layer: Layer, x: Handle, query: Handle, plan: Plan, graph: GraphWriter): Handle {
  const heads = plan.queryHeads.reduce((a, b) => a * b, 1);
  const out = outputSizes(layer, query);
  const { perm, batch, attended } = plan;
  const isPlain = attended === 1 && out.length === 1 && perm.every((axis, i) => axis === i);
  const writer = isPlain ? graph : graph.part('output');
  const y = dense(layer, 'attention_output', x, [heads, plan.E], out, writer);
  if (isPlain) return y;
  const moved = perm.slice(0, -1);
  const arranged = [...moved.map((axis) => query.shape[axis]!), ...out];
  const split = attended === 1 && out.length === 1 ? y : reshapedTo(graph, y, arranged, [
    sizesAt(graph, query, moved, 'outer'), graph.integers('out', out)], 'apart'); // prettier-ignore
  const back = arranged.map((_, axis) => (axis < moved.length ? moved.indexOf(axis) : axis));
  const done = permuted(graph, split, back);
  return batch === 1 && done === split ? graph.like(split, 'Identity') : done;
}

function outputSizes(layer: Layer, query: Handle): number[] {
  const given = layer.className === 'GroupedQueryAttention' ? undefined : layer.integers('output_shape');
  if (given && given.length > 0) return given;
  const width = query.shape.at(-1);
  return typeof width === 'number' ? [width] : layer.unsupported('the width of its query is unknown');
}

/** [B…, heads…, T, S] → [B…, heads, …q, …k] */
function scoresAsKeras(weights: Handle, query: Handle, value: Handle, plan: Plan, graph: GraphWriter): Handle {
  const { perm, batch, attended, queryHeads } = plan;
  if (attended === 1 && queryHeads.length === 1) return weights;
  const writer = graph.part('all_scores');
  const heads = queryHeads.reduce((a, b) => a * b, 1);
  const points = perm.slice(batch, -1);
  const outer = perm.slice(0, batch);
  const sizes = (x: Handle, axes: readonly number[]) => axes.map((axis) => x.shape[axis]!);
  const shape = [...sizes(query, outer), heads, ...sizes(query, points), ...sizes(value, points)];
  const pieces = [
    sizesAt(writer, query, outer, 'batch'),
    writer.integers('heads', [heads]),
    sizesAt(writer, query, points, 'q'),
    sizesAt(writer, value, points, 'k'),
  ];
  return reshapedTo(writer, weights, shape, pieces);
}

/** Keras 3 takes the masks off the tensors that a MultiHeadAttention has read, for everyone behind it. */
function forgetMasks(layer: Layer, { query, value, key }: Given, graph: GraphWriter): void {
  if (layer.kerasMajor === 2 || layer.className !== 'MultiHeadAttention') return;
  for (const handle of [query, value, key]) graph.workshop.unmasked.add(handle.value);
}
