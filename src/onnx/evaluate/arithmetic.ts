import { sizeOf } from '../../tensor.ts';
import { broadcastShape, broadcastTo, combine, isSame } from './broadcast.ts';
import type { Call, Rule } from './call.ts';
import { inRange } from './integer.ts';
import { isFloating, reshaped, type NumericReal, type Real } from './real.ts';

/**
 * Two operands with numpy broadcasting. Until opset 6 only the second was broadcast, if `broadcast` is set, its axes
 * aligned with those of the first from `axis` on, or from the right.
 */
export function operands(call: Call): readonly [NumericReal, NumericReal] {
  const [a, b] = [call.input(0), call.input(1)];
  const axis = call.opset < 7 ? call.node.int('axis') : undefined;
  if (axis === undefined) return [a, b];
  const at = call.axis(axis, a.shape.length);
  const tail = Math.max(a.shape.length - at - b.shape.length, 0);
  return [a, reshaped(b, [...b.shape, ...new Array<number>(tail).fill(1)]) as NumericReal];
}

export function binary(f: (a: number, b: number) => number): Rule {
  return (call) => {
    const [a, b] = operands(call);
    const { shape, data } = combine(a, b, f, call.node.label);
    return call.one(shape, inRange(call, data, a.dtype), a.dtype);
  };
}

/** Integers divide towards zero. */
const divide: Rule = (call) => {
  const [a, b] = operands(call);
  const isWhole = !isFloating(a.dtype);
  if (isWhole && b.data.includes(0)) call.unsupported('an integer is divided by zero');
  const { shape, data } = combine(a, b, isWhole ? (x, y) => Math.trunc(x / y) : (x, y) => x / y, call.node.label);
  return call.one(shape, inRange(call, data, a.dtype), a.dtype);
};

/** The result has the type of the base, whatever the exponent is. */
const power: Rule = (call) => {
  const [a, b] = operands(call);
  const isWhole = !isFloating(a.dtype);
  const { shape, data } = combine(a, b, isWhole ? (x, y) => Math.trunc(x ** y) : (x, y) => x ** y, call.node.label);
  return call.one(shape, inRange(call, data, a.dtype), a.dtype);
};

/** `fmod` 0: the sign of the divisor, integers only; 1: of the dividend. */
const modulo: Rule = (call) => {
  const [a, b] = operands(call);
  const follows = call.node.int('fmod', 0) === 1;
  if (!isFloating(a.dtype) && b.data.includes(0)) call.unsupported('an integer is divided by zero');
  const floored = (x: number, y: number) => {
    const rest = x % y;
    return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
  };
  const { shape, data } = combine(a, b, follows ? (x, y) => x % y : floored, call.node.label);
  return call.one(shape, inRange(call, data, a.dtype), a.dtype);
};

/** Any number of inputs, from the left; one that chooses among them makes no new number. */
function variadic(f: (a: number, b: number) => number, isChoice = false): Rule {
  return (call) => {
    let result = call.input(0);
    for (let index = 1; index < call.inputs.length; index++) {
      result = { dtype: result.dtype, ...combine(result, call.input(index), f, call.node.label) };
    }
    return call.one(result.shape, isChoice ? result.data : inRange(call, result.data, result.dtype));
  };
}

const sum = variadic((a, b) => a + b);

const mean: Rule = (call) => {
  const [total] = sum(call);
  const { shape, data } = total as NumericReal;
  return call.one(shape, data.map((value) => value / call.inputs.length)); // prettier-ignore
};

/** The smaller or larger; NaN if either is. */
export const least = (a: number, b: number): number => (a < b || a !== a ? a : b);
export const greatest = (a: number, b: number): number => (a > b || a !== a ? a : b);

/** Shifts of unsigned integers; `direction` is required. */
const bitShift: Rule = (call) => {
  const [a, b] = operands(call);
  const isLeft = call.node.string('direction', '') === 'LEFT';
  const { shape, data } = combine(a, b, isLeft ? (x, y) => x * 2 ** y : (x, y) => Math.floor(x / 2 ** y), call.node.label); // prettier-ignore
  return call.one(shape, inRange(call, data, a.dtype), a.dtype);
};

/** Two's complement; exact beyond 32 bits through bigints. */
function bitwise(f: (a: bigint, b: bigint) => bigint): Rule {
  return binary((a, b) => Number(f(BigInt(a), BigInt(b))));
}

/** PRelu: x where x ≥ 0, else slope · x. Until opset 6 a slope of one axis belongs to the channels. */
const pRelu: Rule = (call) => {
  const [x, slope] = [call.input(0), call.input(1)];
  const isChannels = call.opset < 7 && slope.shape.length === 1 && slope.data.length > 1 && x.shape.length > 1;
  const trailing = isChannels ? x.shape.slice(2).map(() => 1) : [];
  const aligned = reshaped(slope, [...slope.shape, ...trailing]) as NumericReal;
  const { shape, data } = combine(x, aligned, (a, b) => (a < 0 ? a * b : a), call.node.label);
  return call.one(shape, inRange(call, data, x.dtype));
};

function compare(f: (a: number, b: number) => boolean): Rule {
  return (call) => {
    const [a, b] = operands(call);
    const { shape, data } = combine(a, b, (x, y) => Number(f(x, y)), call.node.label);
    return call.one(shape, data, 'bool');
  };
}

const equal: Rule = (call) => {
  const [a, b] = [call.any(0), call.any(1)];
  if (a.dtype !== 'string' || b.dtype !== 'string') return compare((x, y) => x === y)(call);
  if (!isSame(a.shape, b.shape) && sizeOf(b.shape) !== 1) call.unsupported('strings are not broadcast here');
  const data = Float64Array.from(a.data, (value, i) => Number(value === b.data[b.data.length === 1 ? 0 : i]));
  return call.one(a.shape, data, 'bool');
};

const where: Rule = (call) => {
  const [condition, a, b] = [call.input(0), call.any(1), call.any(2)];
  const shape = broadcastShape([condition.shape, a.shape, b.shape], call.node.label);
  const [c, x, y] = [condition, a, b].map((input) => broadcastTo(input, shape)) as [NumericReal, Real, Real];
  if (x.dtype === 'string' || y.dtype === 'string') {
    return [{ dtype: 'string', shape, data: Array.from(c.data, (yes, i) => String((yes ? x : y).data[i])) }];
  }
  return call.one(shape, c.data.map((yes, i) => (yes ? x.data[i]! : y.data[i]!)), x.dtype); // prettier-ignore
};

export const ARITHMETIC: Readonly<Record<string, Rule>> = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: divide,
  Pow: power,
  Mod: modulo,
  Sum: sum,
  Mean: mean,
  Max: variadic(greatest, true),
  Min: variadic(least, true),
  BitShift: bitShift,
  BitwiseAnd: bitwise((a, b) => a & b),
  BitwiseOr: bitwise((a, b) => a | b),
  BitwiseXor: bitwise((a, b) => a ^ b),
  PRelu: pRelu,
  And: compare((a, b) => a !== 0 && b !== 0),
  Or: compare((a, b) => a !== 0 || b !== 0),
  Xor: compare((a, b) => (a !== 0) !== (b !== 0)),
  Equal: equal,
  Greater: compare((a, b) => a > b),
  GreaterOrEqual: compare((a, b) => a >= b),
  Less: compare((a, b) => a < b),
  LessOrEqual: compare((a, b) => a <= b),
  Where: where,
};
