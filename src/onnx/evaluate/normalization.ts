import { sizeOf } from '../../tensor.ts';
import { broadcastIndices, broadcastShape, isSame } from './broadcast.ts';
import { text, type Call, type Rule } from './call.ts';
import type { NumericReal, Real } from './real.ts';

/**
 * y = scale · (x − mean) / √(variance + epsilon) + bias for each channel (axis 1); parameters `[C]`. With
 * `spatial` 0 (opset 1 to 8) there is one of each for every element of a sample: `[C, …]`.
 * In training the statistics are those of the batch, over all axes but the channels, and the running ones move on.
 */
const batchNormalization: Rule = (call) => {
  const { node } = call;
  const x = call.input(0);
  const channels = node.int('spatial', 1) === 0 ? sizeOf(x.shape.slice(1)) : (x.shape[1] ?? 1);
  const parameters = [1, 2, 3, 4].map((index) => call.input(index));
  const odd = parameters.find(({ data }) => data.length !== channels);
  if (odd) call.fault('a parameter does not fit the channels', `${String(channels)} elements`, text(odd.shape));
  const [scale, bias, mean, variance] = parameters as [NumericReal, NumericReal, NumericReal, NumericReal];
  const epsilon = node.float('epsilon', 1e-5);
  const isTraining = node.int('training_mode', 0) === 1;
  if (call.opset < 7 && node.int('is_test', 0) === 0 && node.outputs.slice(1).some(Boolean)) call.unsupported('training with opset 6 or older is not evaluated'); // prettier-ignore
  if (!isTraining) {
    return call.one(x.shape, normalized(x, { scale, bias, mean, variance, epsilon }), x.dtype);
  }
  const now = channelStatistics(x, channels);
  const momentum = node.float('momentum', 0.9);
  const moved = (running: NumericReal, current: NumericReal): Real => ({
    ...running,
    data: running.data.map((value, c) => momentum * value + (1 - momentum) * current.data[c]!),
  });
  const y = normalized(x, { scale, bias, ...now, epsilon });
  return [...call.one(x.shape, y, x.dtype), moved(mean, now.mean), moved(variance, now.variance)];
};

interface Parameters {
  readonly scale: NumericReal;
  readonly bias: NumericReal;
  readonly mean: NumericReal;
  readonly variance: NumericReal;
  readonly epsilon: number;
}

function normalized({ shape, data }: NumericReal, { scale, bias, mean, variance, epsilon }: Parameters): Float64Array {
  const C = scale.data.length;
  const inner = C === 0 ? 0 : sizeOf(shape.slice(1)) / C;
  const result = new Float64Array(data.length);
  for (let at = 0, c = 0; at < data.length; at += inner, c = (c + 1) % C) {
    const deviation = Math.sqrt(variance.data[c]! + epsilon);
    const [gamma, beta, centre] = [scale.data[c]!, bias.data[c]!, mean.data[c]!];
    for (let i = at; i < at + inner; i++) result[i] = (gamma * (data[i]! - centre)) / deviation + beta;
  }
  return result;
}

function channelStatistics(
  { shape, data, dtype }: NumericReal,
  C: number,
): { mean: NumericReal; variance: NumericReal } {
  const inner = sizeOf(shape.slice(1)) / Math.max(C, 1);
  const each = (term: (x: number, c: number) => number): NumericReal => {
    const sums = new Float64Array(C);
    for (let i = 0; i < data.length; i++) {
      const c = Math.floor(i / inner) % C;
      sums[c]! += term(data[i]!, c);
    }
    return { dtype, shape: [C], data: sums.map((sum) => (sum * C) / data.length) };
  };
  const mean = each((x) => x);
  return { mean, variance: each((x, c) => (x - mean.data[c]!) ** 2) };
}

/** Mean and variance of each run of `length` elements, then (x − mean) / √(variance + epsilon) in place of them. */
function standardise(
  data: Float64Array,
  length: number,
  epsilon: number,
): { means: Float64Array; inverses: Float64Array } {
  const runs = length === 0 ? 0 : data.length / length;
  const [means, inverses] = [new Float64Array(runs), new Float64Array(runs)];
  for (let run = 0, at = 0; run < runs; run++, at += length) {
    let sum = 0;
    for (let i = at; i < at + length; i++) sum += data[i]!;
    const mean = (means[run] = sum / length);
    let squares = 0;
    for (let i = at; i < at + length; i++) squares += (data[i]! - mean) ** 2;
    const deviation = Math.sqrt(squares / length + epsilon);
    inverses[run] = 1 / deviation;
    for (let i = at; i < at + length; i++) data[i] = (data[i]! - mean) / deviation;
  }
  return { means, inverses };
}

/** Each channel of each sample on its own; scale and bias `[C]`. */
const instanceNormalization: Rule = (call) => {
  const [x, scale, bias] = [call.input(0), call.input(1), call.input(2)];
  const data = x.data.slice();
  const length = sizeOf(x.shape.slice(2));
  standardise(data, length, call.node.float('epsilon', 1e-5));
  const C = x.shape[1] ?? 1;
  checkLength(call, [scale, bias], C);
  for (let i = 0; i < data.length; i++) {
    const c = Math.floor(i / length) % C;
    data[i] = scale.data[c]! * data[i]! + bias.data[c]!;
  }
  return call.one(x.shape, data);
};

/** Groups of channels of each sample; scale and bias per group in opset 18, per channel since 21. */
const groupNormalization: Rule = (call) => {
  const [x, scale, bias] = [call.input(0), call.input(1), call.input(2)];
  const groups = call.node.int('num_groups') ?? call.fault('it has no num_groups');
  const C = x.shape[1] ?? 1;
  if (groups < 1 || C % groups !== 0)
    call.fault('the channels do not divide into the groups', String(C), String(groups));
  const data = x.data.slice();
  const inner = sizeOf(x.shape.slice(2));
  standardise(data, (C / groups) * inner, call.node.float('epsilon', 1e-5));
  const parameters = scale.data.length;
  if (parameters !== C && parameters !== groups) checkLength(call, [scale], C);
  checkLength(call, [bias], parameters);
  for (let i = 0; i < data.length; i++) {
    const c = Math.floor(i / inner) % C;
    const p = parameters === C ? c : Math.floor((c * groups) / C);
    data[i] = scale.data[p]! * data[i]! + bias.data[p]!;
  }
  return call.one(x.shape, data);
};

function checkLength(call: Call, parameters: readonly NumericReal[], length: number): void {
  const odd = parameters.find(({ data }) => data.length !== length);
  if (odd) call.fault('a parameter does not fit the channels', `${String(length)} elements`, text(odd.shape));
}

/** Over the axes from `axis` on; scale and bias broadcast to the input. Further outputs: mean and 1/deviation. */
const layerNormalization: Rule = (call) => {
  const [x, scale, bias] = [call.input(0), call.input(1), call.optional(2)];
  const at = call.axis(call.node.int('axis', -1), x.shape.length);
  const data = x.data.slice();
  const { means, inverses } = standardise(data, sizeOf(x.shape.slice(at)), call.node.float('epsilon', 1e-5));
  scaleTail(call, x.shape, data, scale, bias);
  const shape = x.shape.map((dim, axis) => (axis < at ? dim : 1));
  return [
    ...call.one(x.shape, data),
    { dtype: x.dtype, shape, data: means },
    { dtype: x.dtype, shape, data: inverses },
  ];
};

/** scale · x / √(mean of x² + epsilon) over the axes from `axis` on. */
const rmsNormalization: Rule = (call) => {
  const [x, scale] = [call.input(0), call.input(1)];
  const at = call.axis(call.node.int('axis', -1), x.shape.length);
  const length = sizeOf(x.shape.slice(at));
  const epsilon = call.node.float('epsilon', 1e-5);
  const data = x.data.slice();
  for (let start = 0; start < data.length; start += length) {
    let squares = 0;
    for (let i = start; i < start + length; i++) squares += data[i]! ** 2;
    const root = Math.sqrt(squares / length + epsilon);
    for (let i = start; i < start + length; i++) data[i]! /= root;
  }
  scaleTail(call, x.shape, data, scale, undefined);
  return call.one(x.shape, data);
};

function scaleTail(
  call: Call,
  shape: readonly number[],
  data: Float64Array,
  scale: NumericReal,
  bias: NumericReal | undefined,
): void {
  const gammas = broadcastIndices(scale.shape, checkedBroadcast(call, scale, shape));
  const betas = bias && broadcastIndices(bias.shape, checkedBroadcast(call, bias, shape));
  for (let i = 0; i < data.length; i++) {
    data[i] = data[i]! * scale.data[gammas[i]!]! + (bias && betas ? bias.data[betas[i]!]! : 0);
  }
}

function checkedBroadcast(call: Call, parameter: NumericReal, shape: readonly number[]): readonly number[] {
  const fits = isSame(broadcastShape([parameter.shape, shape], call.node.label), shape);
  return fits ? shape : call.fault('a parameter does not fit the input', text(shape), text(parameter.shape));
}

export const NORMALIZATION: Readonly<Record<string, Rule>> = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
};
