import { greatest, least } from './arithmetic.ts';
import { sigmoid, softplus } from './elementwise.ts';

/** An activation of a recurrent operator, with its scales and their defaults where it has any. */
interface Activation {
  readonly alpha?: number;
  readonly beta?: number;
  readonly f: (x: number, alpha: number, beta: number) => number;
}

/** Source: https://onnx.ai/onnx/operators/onnx__LSTM.html */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  relu: { f: (x) => (x < 0 ? 0 : x) },
  tanh: { f: Math.tanh },
  sigmoid: { f: sigmoid },
  affine: { alpha: 1, beta: 0, f: (x, alpha, beta) => alpha * x + beta },
  leakyrelu: { alpha: 0.01, f: (x, alpha) => (x < 0 ? alpha * x : x) },
  thresholdedrelu: { alpha: 1, f: (x, alpha) => (x > alpha ? x : 0) },
  scaledtanh: { alpha: 1, beta: 1, f: (x, alpha, beta) => alpha * Math.tanh(beta * x) },
  hardsigmoid: { alpha: 0.2, beta: 0.5, f: (x, alpha, beta) => least(greatest(alpha * x + beta, 0), 1) },
  elu: { alpha: 1, f: (x, alpha) => (x < 0 ? alpha * Math.expm1(x) : x) },
  softsign: { f: (x) => x / (1 + Math.abs(x)) },
  softplus: { f: softplus },
};

/** The functions by name, each taking the next alpha and beta if it has one; `undefined` for an unknown name. */
export function activationsOf(
  names: readonly string[],
  alphas: readonly number[],
  betas: readonly number[],
): (((x: number) => number) | undefined)[] {
  const [nextAlpha, nextBeta] = [[...alphas], [...betas]];
  return names.map((name) => {
    const key = name.toLowerCase();
    const activation = Object.hasOwn(ACTIVATIONS, key) ? ACTIVATIONS[key] : undefined;
    if (!activation) return undefined;
    const alpha = activation.alpha === undefined ? 0 : (nextAlpha.shift() ?? Math.fround(activation.alpha));
    const beta = activation.beta === undefined ? 0 : (nextBeta.shift() ?? Math.fround(activation.beta));
    return (x) => activation.f(x, alpha, beta);
  });
}
