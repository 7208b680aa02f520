import { at } from '../algebra/affine.ts';
import { biasesOf, type End } from './ends.ts';
import type { BothForms } from '../report.ts';

/** Inputs of a BatchNormalization lie within so many deviations of its mean, all but one in 10¹⁵ if they are normal. */
const DEVIATIONS = 8;

/** What both forms add up for one output channel. */
export interface OutputSizes {
  /** Unfolded: beside the products, what goes through all the roundings of the sum or has come before it. */
  readonly carried: number;
  /** Unfolded: what is added at the end. */
  readonly added: number;
  /** Folded: |b*|. */
  readonly bias: number;
  /** Σ|W′||x| for inputs within {@link DEVIATIONS}; NaN where that is not known. */
  readonly reach: number;
  readonly kappa: BothForms<number> | undefined;
  /** Mean squares of what is added up: the products, the bias, and the mean that both come to; not for folds backward. */
  readonly squares: BothForms<number> | undefined;
}

/**
 * An affine behind y = W x + b, s · y + t with t = beta − mean · s:
 *
 *   unfolded adds up |s| (S + |b|), |mean · s| and |beta|, folded |s| S and |b*| = |s · b + t|
 *   kappa = |mean| / √(variance + epsilon) and |mean − b| / √(variance + epsilon), as |b* − beta| / |gamma|
 */
export function outputsBehind(end: End): OutputSizes[] {
  const { magnitudes, standard } = end;
  const [before, after] = [biasesOf(end, end.before), biasesOf(end, end.after)];
  const sizes = new Array<OutputSizes>(after.length);
  for (let output = 0; output < sizes.length; output++) {
    const bias = after[output]!;
    const beta = standard ? at(standard.shift, output).hi : 0;
    const gamma = standard ? Math.abs(at(standard.scale, output).hi) : 0;
    const added = Math.abs(beta);
    const moved = Math.max(0, at(magnitudes.shift, output).hi - added);
    sizes[output] = {
      carried: at(magnitudes.scale, output).hi * Math.abs(before[output]!) + moved,
      added,
      bias: Math.abs(bias),
      reach: NaN,
      kappa: gamma > 0 ? { unfolded: moved / gamma, folded: Math.abs(bias - beta) / gamma } : undefined,
      squares: undefined,
    };
  }
  return sizes;
}

/** Sums over the inputs of one output channel, with w = |W|. */
interface Sums {
  /** Σ w · (|beta| + |mean · s|) */
  readonly magnitudes: Float64Array;
  /** Σ w · |gamma| and Σ w · |mean · s| */
  readonly spread: Float64Array;
  readonly centre: Float64Array;
  /** Σ W · beta */
  readonly offset: Float64Array;
  /** Σ w² (gamma² + (mean · s)²) and Σ w² (gamma² + beta²) */
  readonly folded: Float64Array;
  readonly unfolded: Float64Array;
}

/**
 * An affine in front of W x + b. Where x has mean and deviation as its statistics say, s · x + t has beta and gamma:
 *
 *   unfolded adds up Σ|W| (|s x| + |mean · s| + |beta|) and |b|, folded Σ|W||s x| and |b*| = |b + W t|
 *   kappa = Σ|W||mean · s| / Σ|W||gamma| and |W (mean · s)| / Σ|W||gamma|
 *
 * Without statistics, mean · s is taken to be −t, gamma 1 and beta 0: an affine is there to bring its input to the
 * size of 1. `isCentred` is for inputs from which the mean has been subtracted.
 */
export function outputsInFront(end: End, isCentred: boolean): OutputSizes[] {
  const sums = sumsOf(end, isCentred);
  const [before, after] = [biasesOf(end, end.before), biasesOf(end, end.after)];
  return Array.from(after, (bias, output) => {
    const { spread, centre } = sums;
    const width = spread[output]!;
    const mean = before[output]! + sums.offset[output]!;
    return {
      carried: sums.magnitudes[output]!,
      added: Math.abs(before[output]!),
      bias: Math.abs(bias),
      reach: (isCentred ? 0 : centre[output]!) + DEVIATIONS * width,
      kappa:
        end.standard && width > 0
          ? { unfolded: centre[output]! / width, folded: Math.abs(bias - mean) / width }
          : undefined,
      squares: {
        unfolded: sums.unfolded[output]! + before[output]! ** 2 + mean ** 2,
        folded: sums.folded[output]! + bias ** 2 + mean ** 2,
      },
    };
  });
}

function sumsOf(end: End, isCentred: boolean): Sums {
  const { linear, before, magnitudes: terms } = end;
  const { rows, columns, taps, weight, inputOf, outputOf, alpha } = linear;
  const zeros = () => new Float64Array(linear.outputs);
  const sums = { magnitudes: zeros(), spread: zeros(), centre: zeros(), offset: zeros(), folded: zeros(), unfolded: zeros() }; // prettier-ignore
  const inputs = inputSizes(end, isCentred);
  for (let row = 0, index = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let [sum, size, square] = [0, 0, 0];
      for (const stop = index + taps; index < stop; index++) {
        const w = weight.data[index]!;
        sum += w;
        size += Math.abs(w);
        square += w * w;
      }
      const [input, output] = [inputOf(row, column), outputOf(row, column)];
      const { gamma, beta, mean, kept } = inputs[inputs.length === 1 ? 0 : input]!;
      const factor = alpha * at(before.inScale, input).hi * at(before.outScale, output).hi;
      const [w, squared] = [size * Math.abs(factor), square * factor * factor];
      sums.magnitudes[output]! += w * at(terms.shift, input).hi;
      sums.spread[output]! += w * gamma;
      sums.centre[output]! += w * mean;
      sums.offset[output]! += sum * factor * beta;
      sums.folded[output]! += squared * (gamma * gamma + kept * kept);
      sums.unfolded[output]! += squared * (gamma * gamma + beta * beta);
    }
  }
  return sums;
}

interface InputSizes {
  readonly gamma: number;
  readonly beta: number;
  /** |mean · s|, and what of it is still in the input of the folded form. */
  readonly mean: number;
  readonly kept: number;
}

function inputSizes({ affine, magnitudes, standard }: End, isCentred: boolean): InputSizes[] {
  const length = Math.max(affine.scale.length, magnitudes.scale.length, standard?.scale.length ?? 1);
  return Array.from({ length }, (_, input) => {
    const beta = standard ? at(standard.shift, input).hi : 0;
    const gamma = standard ? Math.abs(at(standard.scale, input).hi) : 1;
    const shift = standard ? at(magnitudes.shift, input).hi - Math.abs(beta) : at(affine.shift, input).hi;
    const mean = Math.max(0, standard ? shift : Math.abs(shift));
    return { gamma, beta, mean, kept: isCentred ? 0 : mean };
  });
}
