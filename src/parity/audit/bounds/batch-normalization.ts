import { sizeOf } from '../../../tensor.ts';
import { Unproven, type BoundRule, type Operation } from './operation.ts';

/**
 * BatchNormalization at inference, as scale · x + shift or as (x − mean) · scale + bias, the scale by an addition, a
 * square root and a division: at most 8 roundings on any way.
 *
 *   |ŷ − y| ≤ |s| e + γ₈ (|s| (|x| + e + |mean|) + |bias|)        s = gamma / √(variance + epsilon)
 *
 * Parameters that are off by shares of themselves add to it: ds ≤ |s| (dgamma/|gamma| + dvariance / 2(variance +
 * epsilon)), to first order; the second is in the factor 2.
 */
export const batchNormalization: BoundRule = (operation) => {
  const { node } = operation;
  const inTraining = node.int('training_mode', 0) !== 0 || node.outputs.slice(1).some(Boolean);
  if (inTraining || node.int('spatial', 1) === 0) throw new Unproven(`${node.label} is in training mode`);
  const [{ data: x, shape }, e] = [operation.value(0), operation.errors(0)];
  const channels = channelsOf(operation);
  const C = channels.length;
  const inner = C === 0 ? 1 : sizeOf(shape.slice(1)) / C;
  const tiny = operation.tiny(12);
  return [
    x.map((element, i) => {
      const { s, ds, mean, offset, dOffset, gamma } = channels[Math.floor(i / inner) % C]!;
      const reach = Math.abs(element) + e[i]! + mean;
      return (s + ds) * e[i]! + ds * reach + dOffset + gamma * ((s + ds) * reach + offset) + tiny * (1 + s);
    }),
  ];
};

interface Channel {
  /** |scale| and by how much it is off. */
  readonly s: number;
  readonly ds: number;
  readonly mean: number;
  /** |bias|, and by how much bias and mean move the result. */
  readonly offset: number;
  readonly dOffset: number;
  /** γ₈, more where variance and epsilon cancel. */
  readonly gamma: number;
}

function channelsOf(operation: Operation): Channel[] {
  const [gamma, bias, mean, variance] = [1, 2, 3, 4].map((index) => operation.value(index).data);
  const [dGamma, dBias, dMean, dVariance] = [1, 2, 3, 4].map((index) => operation.errors(index));
  const epsilon = operation.node.float('epsilon', 1e-5);
  return Array.from(gamma!, (g, c) => {
    const spread = variance![c]! + epsilon;
    const s = Math.abs(g) / Math.sqrt(spread);
    const ds = 2 * (dGamma![c]! / Math.sqrt(spread) + (s * dVariance![c]!) / spread);
    const cancelled = (Math.abs(variance![c]!) + epsilon) / spread;
    return {
      s,
      ds,
      mean: Math.abs(mean![c]!) + dMean![c]!,
      offset: Math.abs(bias![c]!) + dBias![c]!,
      dOffset: dBias![c]! + (s + ds) * dMean![c]!,
      gamma: operation.growth(8) * (Number.isFinite(cancelled) && cancelled >= 1 ? cancelled : 1),
    };
  });
}
