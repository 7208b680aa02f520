import { activationsOf } from './activations.ts';
import { greatest, least } from './arithmetic.ts';
import { combine } from './broadcast.ts';
import { Call, type Rule } from './call.ts';
import { conv } from './conv.ts';
import { gemm, matMulOf } from './matmul.ts';
import type { NumericReal } from './real.ts';
import { placesOf, takeAlong } from './take.ts';

/**
 * Operators that onnxruntime's optimiser writes (domain com.microsoft): a product, and an activation behind it.
 * Source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */
function activated(call: Call, y: NumericReal, alphas: readonly number[], betas: readonly number[]): NumericReal {
  const name = call.node.string('activation', '');
  if (name === '') return y;
  const [f] = name === 'Clip' ? [clip(alphas)] : activationsOf([name], alphas, betas);
  return { ...y, data: y.data.map(f ?? call.unsupported('an activation is unknown', name)) };
}

const clip =
  ([low = -Infinity, high = Infinity]: readonly number[]) =>
  (x: number): number =>
    least(greatest(x, low), high);

/** Conv, plus a fourth input of the same shape, and an activation. */
const fusedConv: Rule = (call) => {
  const inputs = call.inputs.slice(0, 3);
  const [y] = conv(new Call(call.node, inputs, call.context)) as readonly [NumericReal];
  const z = call.optional(3);
  const sum = z ? { ...y, ...combine(y, z, (a, b) => a + b, call.node.label) } : y;
  const parameters = call.floats('activation_params') ?? [];
  const isPair = call.node.string('activation', '') === 'Clip';
  return [activated(call, sum, isPair ? parameters : parameters.slice(0, 1), parameters.slice(1))];
};

const fusedGemm: Rule = (call) => {
  const [y] = gemm(call) as readonly [NumericReal];
  const given = (name: string) => (call.node.attributes.has(name) ? [call.node.float(name, 0)] : []);
  return [activated(call, y, given('activation_alpha'), given('activation_beta'))];
};

/** alpha · A' · B', either transposed in its last two axes. */
const fusedMatMul: Rule = (call) => {
  const { node } = call;
  if (node.int('transBatchA', 0) !== 0 || node.int('transBatchB', 0) !== 0) call.unsupported('transposed batches are not evaluated'); // prettier-ignore
  const side = (index: number, name: string) =>
    node.int(name, 0) === 0 ? call.input(index) : swapped(call.input(index));
  const { shape, data } = matMulOf(call, side(0, 'transA'), side(1, 'transB'));
  const alpha = node.float('alpha', 1);
  return call.one(shape, data.map((value) => alpha * value)); // prettier-ignore
};

function swapped(x: NumericReal): NumericReal {
  if (x.shape.length < 2) return x;
  const places = placesOf(x.shape);
  return takeAlong(x, [...places.slice(0, -2), places.at(-1)!, places.at(-2)!]) as NumericReal;
}

export const FUSED: Readonly<Record<string, Rule>> = {
  'com.microsoft:FusedConv': fusedConv,
  'com.microsoft:FusedGemm': fusedGemm,
  'com.microsoft:FusedMatMul': fusedMatMul,
};
