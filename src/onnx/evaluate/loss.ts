import { sizeOf } from '../../tensor.ts';
import { text, type Call, type Rule } from './call.ts';
import type { NumericReal, Real } from './real.ts';

/**
 * −weight[target] · x[target] along axis 1, none where the target is `ignore_index`; the mean is over the weights.
 * x `[N, C, …]`, targets `[N, …]`, weights `[C]`.
 */
function negativeLogLikelihood(call: Call, x: NumericReal): NumericReal {
  const [target, weights] = [call.input(1), call.optional(2)];
  const [N = 0, C = 0] = x.shape;
  const inner = sizeOf(x.shape.slice(2));
  if (target.data.length !== N * inner)
    call.fault('the targets do not fit the input', text(x.shape), text(target.shape));
  const ignored = call.node.int('ignore_index');
  const weighed = Float64Array.from(target.data, (k) => (k === ignored ? 0 : (weights?.data[k] ?? 1)));
  const losses = target.data.map((k, i) => {
    if (k === ignored) return 0;
    if (!(k >= 0 && k < C)) call.fault('a target is out of range', `below ${String(C)}`, String(k));
    return -weighed[i]! * x.data[(Math.floor(i / inner) * C + k) * inner + (i % inner)]!;
  });
  const reduction = call.node.string('reduction', 'mean');
  if (reduction === 'none') return { dtype: x.dtype, shape: target.shape, data: losses };
  const total = (list: Float64Array) => list.reduce((a, b) => a + b, 0);
  const sum = reduction === 'sum' ? total(losses) : total(losses) / total(weighed);
  return { dtype: x.dtype, shape: [], data: Float64Array.of(sum) };
}

/** log softmax along axis 1. */
function logProbabilities({ shape, data, dtype }: NumericReal): NumericReal {
  const [C = 0, inner] = [shape[1], sizeOf(shape.slice(2))];
  const result = data.slice();
  for (let line = 0; line < data.length / Math.max(C, 1); line++) {
    const start = Math.floor(line / inner) * C * inner + (line % inner);
    let [largest, sum] = [-Infinity, 0];
    for (let c = 0; c < C; c++) largest = Math.max(largest, data[start + c * inner]!);
    for (let c = 0; c < C; c++) sum += Math.exp(data[start + c * inner]! - largest);
    for (let c = 0; c < C; c++) result[start + c * inner]! -= largest + Math.log(sum);
  }
  return { dtype, shape, data: result };
}

const softmaxCrossEntropy: Rule = (call): Real[] => {
  const log = logProbabilities(call.input(0));
  return [negativeLogLikelihood(call, log), log];
};

export const LOSS: Readonly<Record<string, Rule>> = {
  NegativeLogLikelihoodLoss: (call) => [negativeLogLikelihood(call, call.input(0))],
  SoftmaxCrossEntropyLoss: softmaxCrossEntropy,
};
