import type { Rule } from './rule.ts';

/**
 * What rounds to integers lets no affine through: round(s · x + t) is neither s · round(x) + t nor, where s and t are
 * taken into its scale and zero point, what it was, since a zero point is whole and the range ends elsewhere. A
 * QuantizeLinear with a DequantizeLinear behind it is no identity either; it is where the precision was given up.
 * What computes with integers has its affine in scales and zero points for all of its inputs at once.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html, …DequantizeLinear.html,
 *         …DynamicQuantizeLinear.html, …QLinearConv.html, …QLinearMatMul.html, …ConvInteger.html, …MatMulInteger.html
 */
const integers = (opType: string, opaque: string): Rule => ({ opType, opaque });

const ROUNDS = 'rounds to integers, which no affine passes exactly';
const COMPUTES = 'computes with integers, which take in no affine exactly';

export const quantizeLinear = integers('QuantizeLinear', ROUNDS);
export const dynamicQuantizeLinear = integers('DynamicQuantizeLinear', ROUNDS);
export const dequantizeLinear = integers('DequantizeLinear', 'makes its numbers of integers, which no affine passes');
export const qLinearConv = integers('QLinearConv', COMPUTES);
export const qLinearMatMul = integers('QLinearMatMul', COMPUTES);
export const convInteger = integers('ConvInteger', COMPUTES);
export const matMulInteger = integers('MatMulInteger', COMPUTES);
