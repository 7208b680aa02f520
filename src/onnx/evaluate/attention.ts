import { sizeOf } from '../../tensor.ts';
import { broadcastIndices, broadcastShape } from './broadcast.ts';
import { text, type Call, type Rule } from './call.ts';
import { joined } from './movement.ts';
import { reshaped, zeros, type NumericReal } from './real.ts';
import { placesOf, takeAlong } from './take.ts';

/**
 * y = softmax(scale · Q·Kᵀ + mask) · V for each head. Q `[B, heads, S, D]`, K and V `[B, kv heads, L, D]`; of rank 3
 * they hold the heads side by side in the last axis. Query heads share the key heads in order. Keys of the past come
 * first; a mask is added, or says which keys are seen; a row that sees none is 0.
 * Source: https://onnx.ai/onnx/operators/onnx__Attention.html
 */
const attention: Rule = (call) => {
  const { node } = call;
  const isFlat = call.input(0).shape.length === 3;
  const [Q, newK, newV] = [0, 1, 2].map((index) => heads(call, index)) as [NumericReal, NumericReal, NumericReal];
  const [K, V] = [withPast(call, newK, 4), withPast(call, newV, 5)];
  const shape = scoresShape(call, Q, K, V);
  const scale = node.attributes.has('scale') ? node.float('scale', 1) : 1 / Math.sqrt(Q.shape[3]!);
  const scores = scoresOf(Q, K, shape, scale);
  const mode = node.int('qk_matmul_output_mode', 0);
  const cap = node.float('softcap', 0);
  const capped = cap > 0 ? scores.map((x) => cap * Math.tanh(x / cap)) : scores;
  const seen = biasOf(call, shape);
  const biased = capped.map((x, i) => x + seen[i]!);
  const weights = softmaxRows(biased, seen, shape[3]!);
  const y = weighted(weights, V, shape);
  const { dtype } = Q;
  const result: NumericReal = { dtype, shape: [...shape.slice(0, 3), V.shape[3]!], data: y };
  const inner: NumericReal = { dtype, shape, data: [capped, capped, biased, weights][mode] ?? capped };
  return [isFlat ? flat(result) : result, K, V, inner];
};

/** `[B, S, heads · D]` → `[B, heads, S, D]` */
function heads(call: Call, index: number): NumericReal {
  const x = call.input(index);
  if (x.shape.length === 4) return x;
  const count = call.node.int(index === 0 ? 'q_num_heads' : 'kv_num_heads') ?? call.fault('it does not say its heads');
  const [B, S, width] = x.shape as [number, number, number];
  if (x.shape.length !== 3 || !Number.isSafeInteger(width / count)) call.fault('the heads do not fit the input', String(count), text(x.shape)); // prettier-ignore
  return swapped({ ...x, shape: [B, S, count, width / count] });
}

/** The middle axes of four exchanged. */
function swapped(x: NumericReal): NumericReal {
  const places = placesOf(x.shape);
  return takeAlong(x, [0, 2, 1, 3].map((axis) => places[axis]!)) as NumericReal; // prettier-ignore
}

function flat(x: NumericReal): NumericReal {
  const [B, heads, S, D] = x.shape as [number, number, number, number];
  return reshaped(swapped(x), [B, S, heads * D]) as NumericReal;
}

function withPast(call: Call, x: NumericReal, index: number): NumericReal {
  const past = call.optional(index);
  if (!past) return x;
  if (past.shape.length !== 4) call.fault('the past does not fit', text(x.shape), text(past.shape));
  const shape = x.shape.with(2, x.shape[2]! + past.shape[2]!);
  if (text(past.shape.with(2, 0)) !== text(x.shape.with(2, 0))) call.fault('the past does not fit', text(x.shape), text(past.shape)); // prettier-ignore
  return joined([past, x], shape, 2) as NumericReal;
}

function scoresShape(call: Call, Q: NumericReal, K: NumericReal, V: NumericReal): number[] {
  const [B, H, S, D] = Q.shape as [number, number, number, number];
  const [, kvHeads, L] = K.shape as [number, number, number];
  const isSound = K.shape[0] === B && V.shape[0] === B && K.shape[3] === D && V.shape[2] === L && V.shape[1] === kvHeads && H % kvHeads === 0; // prettier-ignore
  return isSound ? [B, H, S, L] : call.fault('keys and values do not fit the queries', text(Q.shape), `${text(K.shape)} and ${text(V.shape)}`); // prettier-ignore
}

function scoresOf(Q: NumericReal, K: NumericReal, shape: readonly number[], scale: number): Float64Array {
  const [, H, S, L] = shape as [number, number, number, number];
  const D = Q.shape[3]!;
  const share = H / K.shape[1]!;
  return zeros(shape).map((_, i) => {
    const [row, j] = [Math.floor(i / L), i % L];
    const head = Math.floor(row / S);
    const key = (kvHead(head, H, share) * L + j) * D;
    let sum = 0;
    for (let d = 0; d < D; d++) sum += Q.data[row * D + d]! * K.data[key + d]!;
    return scale * sum;
  });
}

/** The key head, counted over the batch, of a query head counted over the batch. */
function kvHead(head: number, H: number, share: number): number {
  return Math.floor(head / H) * (H / share) + Math.floor((head % H) / share);
}

function weighted(weights: Float64Array, V: NumericReal, shape: readonly number[]): Float64Array {
  const [, H, S, L] = shape as [number, number, number, number];
  const D = V.shape[3]!;
  const share = H / V.shape[1]!;
  return zeros([...shape.slice(0, 3), D]).map((_, i) => {
    const [row, d] = [Math.floor(i / D), i % D];
    const value = kvHead(Math.floor(row / S), H, share) * L * D + d;
    let sum = 0;
    for (let j = 0; j < L; j++) sum += weights[row * L + j]! * V.data[value + j * D]!;
    return sum;
  });
}

/** What is added to each score: the mask, and −∞ for keys behind the query, outside of the window, or of padding. */
function biasOf(call: Call, shape: readonly number[]): Float64Array {
  const { node } = call;
  const [, H, S, L] = shape as [number, number, number, number];
  const mask = maskOf(call, shape);
  const filled = call.optional(6)?.data;
  const past = call.optional(4)?.shape[2] ?? 0;
  const isCausal = node.int('is_causal', 0) === 1;
  const [left, right] = [node.int('left_window_size', -1), node.int('right_window_size', -1)];
  return zeros(shape).map((_, i) => {
    const [j, q, b] = [i % L, Math.floor(i / L) % S, Math.floor(i / (L * S * H))];
    const at = q + (call.has(4) || !filled ? past : filled[b]! - S);
    const isHidden =
      (isCausal && j > at) ||
      (left >= 0 && at - j > left) ||
      (right >= 0 && j - at > right) ||
      (filled !== undefined && j >= filled[b]!);
    return isHidden ? -Infinity : mask(i, j);
  });
}

/** A mask shorter than the keys hides those behind it. */
function maskOf(call: Call, shape: readonly number[]): (i: number, j: number) => number {
  const mask = call.optional(3);
  if (!mask) return () => 0;
  const length = mask.shape.at(-1) ?? call.fault('the mask is a scalar');
  const target = [...shape.slice(0, -1), length === 1 ? shape[3]! : length];
  if (text(broadcastShape([mask.shape, target], call.node.label)) !== text(target)) call.fault('the mask does not fit', text(shape), text(mask.shape)); // prettier-ignore
  const of = broadcastIndices(mask.shape, target);
  const [L, width] = [shape[3]!, target[3]!];
  return (i, j) => {
    if (j >= width) return -Infinity;
    const value = mask.data[of[Math.floor(i / L) * width + j]!]!;
    if (mask.dtype !== 'bool') return value;
    return value === 0 ? -Infinity : 0;
  };
}

function softmaxRows(scores: Float64Array, bias: Float64Array, length: number): Float64Array {
  const result = new Float64Array(scores.length);
  for (let start = 0; start < scores.length; start += length) {
    const isBlind = bias.subarray(start, start + length).every((x) => x === -Infinity);
    if (isBlind) continue;
    const row = scores.subarray(start, start + length);
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const sum = row.reduce((total, x) => total + Math.exp(x - largest), 0);
    for (let i = 0; i < length; i++) result[start + i] = Math.exp(row[i]! - largest) / sum;
  }
  return result;
}

/**
 * Pairs of features turned by an angle that depends on the position: halves of the last axis against each other, or
 * neighbours if `interleaved`; features behind `rotary_embedding_dim` stay. x `[B, heads, S, D]` or `[B, S, heads · D]`.
 */
const rotaryEmbedding: Rule = (call) => {
  const { node } = call;
  const given = call.input(0);
  const [cosines, sines, positions] = [call.input(1), call.input(2), call.optional(3)];
  const count = node.int('num_heads', 0);
  const isFlat = given.shape.length === 3;
  const x = isFlat ? swapped({ ...given, shape: [given.shape[0]!, given.shape[1]!, count, given.shape[2]! / count] }) : given; // prettier-ignore
  const [, H, S, D] = x.shape as [number, number, number, number];
  const turned = node.int('rotary_embedding_dim', 0) || D;
  const half = turned / 2;
  if (cosines.shape.at(-1) !== half)
    call.fault('the angles do not fit the features', String(half), text(cosines.shape));
  const isPaired = node.int('interleaved', 0) === 1;
  const data = x.data.slice();
  for (let row = 0; row < sizeOf(x.shape.slice(0, 3)); row++) {
    const place = Math.floor(row / (H * S)) * S + (row % S);
    const angle = (positions ? positions.data[place]! : place) * half;
    for (let k = 0; k < half; k++) {
      const [i, j] = isPaired ? [row * D + 2 * k, row * D + 2 * k + 1] : [row * D + k, row * D + half + k];
      const [c, s] = [cosines.data[angle + k]!, sines.data[angle + k]!];
      data[i] = c * x.data[i]! - s * x.data[j]!;
      data[j] = s * x.data[i]! + c * x.data[j]!;
    }
  }
  const result: NumericReal = { ...x, data };
  return [isFlat ? flat(result) : result];
};

export const ATTENTION: Readonly<Record<string, Rule>> = { Attention: attention, RotaryEmbedding: rotaryEmbedding };
