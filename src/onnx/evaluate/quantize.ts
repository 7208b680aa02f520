import { BITS_PER_ELEMENT, sizeOf, type DType } from '../../tensor.ts';
import { dtypeOf } from '../proto/dtype.ts';
import { Call, text, type Rule } from './call.ts';
import { conv } from './conv.ts';
import { inRange } from './integer.ts';
import { matMulOf } from './matmul.ts';
import { isFloating, type NumericReal } from './real.ts';
import { nearestSmallFloat, roundHalfEven } from './small-float.ts';

/** Which element of scale and zero point belongs to each element of x: one, one along `axis`, or one a block. */
function parameterIndex(call: Call, x: NumericReal, scale: NumericReal): (i: number) => number {
  if (scale.data.length === 1) return () => 0;
  const axis = call.axis(call.node.int('axis', 1), x.shape.length);
  const block = call.node.int('block_size', 0);
  const [inner, size] = [sizeOf(x.shape.slice(axis + 1)), x.shape[axis]!];
  const count = block === 0 ? size : Math.ceil(size / block);
  const expected = block === 0 ? count : (x.data.length / Math.max(size, 1)) * count;
  if (scale.data.length !== expected) call.fault('the scale does not fit the input', String(expected), text(scale.shape)); // prettier-ignore
  if (block === 0) return (i) => Math.floor(i / inner) % size;
  return (i) => {
    const [outer, along] = [Math.floor(i / (inner * size)), Math.floor(i / inner) % size];
    return (outer * count + Math.floor(along / block)) * inner + (i % inner);
  };
}

function boundsOf(call: Call, dtype: DType): readonly [number, number] {
  if (dtype === 'string' || isFloating(dtype)) call.unsupported('this quantized type is not evaluated', dtype);
  const range = 2 ** BITS_PER_ELEMENT[dtype];
  return dtype.startsWith('u') ? [0, range - 1] : [-range / 2, range / 2 - 1];
}

/** saturate(round(x / scale) + zero point), halves to even. */
const quantizeLinear: Rule = (call) => {
  const [x, scale, zero] = [call.input(0), call.input(1), call.optional(2)];
  const dtype = zero?.dtype ?? dtypeOf(call.node.int('output_dtype', 0) || 2) ?? 'uint8';
  return call.one(x.shape, quantized(call, x, { scale, zero, dtype }), dtype as NumericReal['dtype']);
};

interface Quantization {
  readonly scale: NumericReal;
  readonly zero: NumericReal | undefined;
  readonly dtype: DType;
}

function quantized(call: Call, x: NumericReal, { scale, zero, dtype }: Quantization): Float64Array {
  const of = parameterIndex(call, x, scale);
  const nearest = nearestSmallFloat(dtype, call.node.int('saturate', 1) === 1);
  if (nearest) return x.data.map((value, i) => nearest(value / scale.data[of(i)]!));
  const [low, high] = boundsOf(call, dtype);
  return x.data.map((value, i) => {
    const p = of(i);
    return Math.min(Math.max(roundHalfEven(value / scale.data[p]!) + (zero?.data[p] ?? 0), low), high);
  });
}

function dequantized(call: Call, x: NumericReal, scale: NumericReal, zero: NumericReal | undefined): Float64Array {
  const of = parameterIndex(call, x, scale);
  return x.data.map((value, i) => {
    const p = of(i);
    return (value - (zero?.data[p] ?? 0)) * scale.data[p]!;
  });
}

/** (x − zero point) · scale */
const dequantizeLinear: Rule = (call) => {
  const [x, scale, zero] = [call.input(0), call.input(1), call.optional(2)];
  return call.one(x.shape, dequantized(call, x, scale, zero), scale.dtype);
};

/** The range of x, made to contain 0, in 255 steps. */
const dynamicQuantizeLinear: Rule = (call) => {
  const x = call.input(0);
  const low = x.data.reduce((a, b) => Math.min(a, b), 0);
  const high = x.data.reduce((a, b) => Math.max(a, b), 0);
  const step = (high - low) / 255;
  const scale: NumericReal = { dtype: 'float32', shape: [], data: Float64Array.of(step) };
  const point = step === 0 ? 0 : Math.min(Math.max(roundHalfEven(-low / step), 0), 255);
  const zero: NumericReal = { dtype: 'uint8', shape: [], data: Float64Array.of(point) };
  return [{ dtype: 'uint8', shape: x.shape, data: quantized(call, x, { scale, zero, dtype: 'uint8' }) }, scale, zero];
};

/** x − zero point, which belongs to all of x, or to its rows or columns. */
function centred(x: NumericReal, zero: NumericReal | undefined, axis: number): NumericReal {
  const inner = sizeOf(x.shape.slice(axis + 1));
  const of = (i: number) => (zero && zero.data.length > 1 ? Math.floor(i / inner) % zero.data.length : 0);
  return { ...x, data: x.data.map((value, i) => value - (zero?.data[of(i)] ?? 0)) };
}

const matMulInteger: Rule = (call) => {
  const [a, b] = [call.input(0), call.input(1)];
  const left = centred(a, call.optional(2), Math.max(a.shape.length - 2, 0));
  const right = centred(b, call.optional(3), b.shape.length - 1);
  const { shape, data } = matMulOf(call, left, right);
  return call.one(shape, inRange(call, data, 'int32'), 'int32');
};

/** A call of the same node on other inputs. */
const on = (call: Call, inputs: readonly (NumericReal | undefined)[]) => new Call(call.node, inputs, call.context);

const convInteger: Rule = (call) => {
  const [x, W] = [centred(call.input(0), call.optional(2), 1), centred(call.input(1), call.optional(3), 0)];
  const [y] = conv(on(call, [x, W])) as [NumericReal];
  return [{ ...y, dtype: 'int32', data: inRange(call, y.data, 'int32') }];
};

/** Scale and zero point of one operand, one for all or one a row or column. */
function scaled(x: NumericReal, scale: NumericReal, zero: NumericReal, axis: number): NumericReal {
  const inner = sizeOf(x.shape.slice(axis + 1));
  const { data } = centred(x, zero, axis);
  const of = (i: number) => (scale.data.length > 1 ? Math.floor(i / inner) % scale.data.length : 0);
  return { dtype: scale.dtype, shape: x.shape, data: data.map((value, i) => value * scale.data[of(i)]!) };
}

/** Both operands and the result of a quantized operator, each with its scale and zero point. */
const eight = (call: Call): NumericReal[] => [0, 1, 2, 3, 4, 5, 6, 7].map((index) => call.input(index));

const qLinearMatMul: Rule = (call) => {
  const [a, aScale, aZero, b, bScale, bZero, scale, zero] = eight(call);
  const left = scaled(a!, aScale!, aZero!, Math.max(a!.shape.length - 2, 0));
  const right = scaled(b!, bScale!, bZero!, b!.shape.length - 1);
  const product: NumericReal = { dtype: 'float32', ...matMulOf(call, left, right) };
  const { dtype } = zero!;
  return call.one(product.shape, quantized(call, product, { scale: scale!, zero, dtype }), dtype);
};

const qLinearConv: Rule = (call) => {
  const [x, xScale, xZero, W, wScale, wZero, scale, zero] = eight(call);
  const bias = call.optional(8);
  const steps = (i: number) => xScale!.data[0]! * wScale!.data[wScale!.data.length > 1 ? i : 0]!;
  const B = bias && { ...bias, data: bias.data.map((value, i) => value * steps(i)) };
  const [y] = conv(on(call, [scaled(x!, xScale!, xZero!, 1), scaled(W!, wScale!, wZero!, 0), B])) as [NumericReal];
  const { dtype } = zero!;
  return call.one(y.shape, quantized(call, y, { scale: scale!, zero, dtype }), dtype);
};

export const QUANTIZE: Readonly<Record<string, Rule>> = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
  MatMulInteger: matMulInteger,
  ConvInteger: convInteger,
  QLinearMatMul: qLinearMatMul,
  QLinearConv: qLinearConv,
};
