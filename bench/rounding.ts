import type { Graph, Node } from '../src/onnx/graph.ts';

export interface RoundingShare {
  readonly parameters: number;
  readonly correctlyRounded: number;
}

/**
 * Of the weights that a tool made of each Conv with a BatchNormalization behind it, those that are the float32
 * nearest to the real product W · gamma / √(variance + epsilon). The yardstick is float64 arithmetic, not ours; it can
 * misjudge about one weight in 10⁷, which lies within a few 2⁻⁵³ of the middle between two floats.
 *
 * Layers are matched by shape and by value, since tools rename: the Conv of equal shape whose weights are nearest.
 */
export function correctlyRounded(original: Graph, folded: Graph): RoundingShare {
  const candidates = new Set(
    folded.nodes.filter(({ opType }) => opType === 'Conv').flatMap((node) => weightsOf(node) ?? []),
  );
  let [parameters, right] = [0, 0];
  for (const wanted of original.nodes.flatMap((node) => exactWeights(node) ?? [])) {
    const found = nearest(wanted, candidates);
    if (!found) continue;
    candidates.delete(found);
    parameters += wanted.length;
    right += wanted.reduce((sum, value, i) => sum + Number(Math.fround(value) === found[i]), 0);
  }
  return { parameters, correctlyRounded: right };
}

/** W · s of the Conv in front of a BatchNormalization, unrounded. */
function exactWeights(batchNormalization: Node): Float64Array | undefined {
  const conv = batchNormalization.inputs[0]?.producer;
  if (batchNormalization.opType !== 'BatchNormalization' || conv?.opType !== 'Conv') return undefined;
  const weights = weightsOf(conv);
  const [gamma, , , variance] = batchNormalization.inputs.slice(1).map((value) => value?.constant?.tensor().data as Float32Array | undefined); // prettier-ignore
  if (!weights || !gamma || !variance) return undefined;
  const epsilon = batchNormalization.float('epsilon', 1e-5);
  const perChannel = weights.length / gamma.length;
  return Float64Array.from(weights, (w, i) => {
    const channel = Math.floor(i / perChannel);
    return (w * gamma[channel]!) / Math.sqrt(variance[channel]! + epsilon);
  });
}

const weightsOf = (conv: Node) => conv.inputs[1]?.constant?.tensor().data as Float32Array | undefined;

/** Nothing where even the nearest is farther off than rounding takes: that layer was not folded. */
function nearest(wanted: Float64Array, candidates: ReadonlySet<Float32Array>): Float32Array | undefined {
  const same = [...candidates].filter(({ length }) => length === wanted.length);
  const ranked = same.map((weights) => ({ weights, distance: distance(wanted, weights) }));
  const [best] = ranked.toSorted((a, b) => a.distance - b.distance);
  return best && best.distance < 1e-5 ? best.weights : undefined;
}

/** Largest difference relative to the largest weight, on a thousand of them. */
function distance(wanted: Float64Array, weights: Float32Array): number {
  const step = Math.ceil(wanted.length / 1000);
  let [difference, size] = [0, 0];
  for (let i = 0; i < wanted.length; i += step) {
    difference = Math.max(difference, Math.abs(wanted[i]! - weights[i]!));
    size = Math.max(size, Math.abs(wanted[i]!));
  }
  return difference / size;
}
