import type { DType } from '../../tensor.ts';
import { greatest, least } from './arithmetic.ts';
import type { Call, Rule } from './call.ts';
import { erf, erfc } from './error-function.ts';
import { inRange } from './integer.ts';
import { isFloating } from './real.ts';
import { roundHalfEven } from './small-float.ts';

function mapped(call: Call, f: (x: number) => number, dtype?: Exclude<DType, 'string'>) {
  const { shape, data } = call.input(0);
  const result = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) result[i] = f(data[i]!);
  return call.one(shape, result, dtype);
}

const unary =
  (f: (x: number) => number): Rule =>
  (call) =>
    mapped(call, f);

/** Like {@link unary} for operators that may leave the range of an integer type. */
const negate: Rule = (call) => {
  const { shape, data, dtype } = call.input(0);
  return call.one(shape, inRange(call, data.map((x) => 0 - x), dtype)); // prettier-ignore
};

const test =
  (f: (x: number) => boolean): Rule =>
  (call) =>
    mapped(call, (x) => Number(f(x)), 'bool');

/** A rule whose function is made from the attributes of the node. */
const parametric =
  (make: (attribute: (name: string, otherwise: number) => number) => (x: number) => number): Rule =>
  (call) =>
    mapped(call, make((name, otherwise) => call.node.float(name, otherwise))); // prettier-ignore

export const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const clamp = (x: number, low: number, high: number): number => least(greatest(x, low), high);

const FLOAT32_MAX = (2 - 2 ** -23) * 2 ** 127;

/** Bounds are attributes until opset 10 and inputs since 11; where they cross, the upper one wins. */
const clip: Rule = (call) => {
  const isOld = call.opset < 11;
  const low = isOld ? call.node.float('min', -FLOAT32_MAX) : call.scalar(1, -Infinity);
  const high = isOld ? call.node.float('max', FLOAT32_MAX) : call.scalar(2, Infinity);
  return mapped(call, (x) => clamp(x, low, high));
};

/** 0.5 · x · (1 + erf(x/√2)), written with erfc so that it does not cancel far below zero. */
const gelu: Rule = (call) => {
  if (call.node.string('approximate', 'none') === 'none') return mapped(call, (x) => 0.5 * x * erfc(-x / Math.SQRT2));
  const slope = Math.sqrt(2 / Math.PI);
  return mapped(call, (x) => 0.5 * x * (1 + Math.tanh(slope * (x + 0.044715 * x ** 3))));
};

const isInfinite: Rule = (call) => {
  const [negative, positive] = [call.node.int('detect_negative', 1), call.node.int('detect_positive', 1)];
  return mapped(call, (x) => Number((x === Infinity && positive === 1) || (x === -Infinity && negative === 1)), 'bool');
};

const bitwiseNot: Rule = (call) => {
  const { shape, data, dtype } = call.input(0);
  return call.one(shape, inRange(call, data.map((x) => -x - 1), dtype)); // prettier-ignore
};

/** Whole numbers stay as they are; Neg and Abs may leave the range of their type. */
const absolute: Rule = (call) => {
  const { shape, data, dtype } = call.input(0);
  const result = data.map(Math.abs);
  return call.one(shape, isFloating(dtype) ? result : inRange(call, result, dtype));
};

export const ELEMENTWISE: Readonly<Record<string, Rule>> = {
  Abs: absolute,
  Neg: negate,
  Ceil: unary(Math.ceil),
  Floor: unary(Math.floor),
  Round: unary(roundHalfEven),
  Sign: unary(Math.sign),
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary((x) => 1 / x),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Tan: unary(Math.tan),
  Asin: unary(Math.asin),
  Acos: unary(Math.acos),
  Atan: unary(Math.atan),
  Sinh: unary(Math.sinh),
  Cosh: unary(Math.cosh),
  Tanh: unary(Math.tanh),
  Asinh: unary(Math.asinh),
  Acosh: unary(Math.acosh),
  Atanh: unary(Math.atanh),
  Erf: unary(erf),
  Relu: unary((x) => (x < 0 ? 0 : x)),
  Sigmoid: unary(sigmoid),
  Softplus: unary(softplus),
  Softsign: unary((x) => x / (1 + Math.abs(x))),
  Mish: unary((x) => x * Math.tanh(softplus(x))),
  HardSwish: unary((x) => x * clamp(x / 6 + 0.5, 0, 1)),
  Gelu: gelu,
  Clip: clip,
  LeakyRelu: parametric((a) => {
    const alpha = a('alpha', 0.01);
    return (x) => (x < 0 ? alpha * x : x);
  }),
  Elu: parametric((a) => {
    const alpha = a('alpha', 1);
    return (x) => (x < 0 ? alpha * Math.expm1(x) : x);
  }),
  Selu: (call) => {
    const isOld = call.opset < 6;
    const alpha = call.node.float('alpha', isOld ? 1.6732 : 1.67326319217681884765625);
    const gamma = call.node.float('gamma', isOld ? 1.0507 : 1.05070102214813232421875);
    return mapped(call, (x) => gamma * (x > 0 ? x : alpha * Math.expm1(x)));
  },
  Celu: parametric((a) => {
    const alpha = a('alpha', 1);
    return (x) => Math.max(x, 0) + Math.min(0, alpha * Math.expm1(x / alpha));
  }),
  HardSigmoid: parametric((a) => {
    const [alpha, beta] = [a('alpha', 0.2), a('beta', 0.5)];
    return (x) => clamp(alpha * x + beta, 0, 1);
  }),
  ThresholdedRelu: parametric((a) => {
    const alpha = a('alpha', 1);
    return (x) => (x > alpha ? x : 0);
  }),
  Swish: parametric((a) => {
    const alpha = a('alpha', 1);
    return (x) => x * sigmoid(alpha * x);
  }),
  ScaledTanh: parametric((a) => {
    const [alpha, beta] = [a('alpha', 1), a('beta', 1)];
    return (x) => alpha * Math.tanh(beta * x);
  }),
  Shrink: parametric((a) => {
    const [bias, lambd] = [a('bias', 0), a('lambd', 0.5)];
    return (x) => (x < -lambd ? x + bias : x > lambd ? x - bias : 0);
  }),
  IsNaN: test((x) => x !== x),
  IsInf: isInfinite,
  Not: test((x) => x === 0),
  BitwiseNot: bitwiseNot,
};
