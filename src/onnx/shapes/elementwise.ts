import { dtypeOf } from '../proto/dtype.ts';
import { broadcast } from './dims.ts';
import type { Operands, ShapeRule } from './types.ts';

/** Operators whose first output has the type of their first input. */
export const SAME_AS_INPUT = [
  'Abs', 'Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'Ceil', 'Celu', 'Clip', 'Cos', 'Cosh',
  'CumSum', 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu', 'GroupNormalization', 'HardSigmoid', 'HardSwish', 'Hardmax', 'Identity',
  'ImageScaler', 'LRN', 'LayerNormalization', 'LeakyRelu', 'Log', 'LogSoftmax', 'LpNormalization',
  'MeanVarianceNormalization', 'Mish', 'Neg', 'PRelu', 'RMSNormalization', 'Reciprocal', 'Relu', 'Round', 'ScaledTanh',
  'Selu', 'Shrink', 'Sigmoid', 'Sign', 'Sin', 'Sinh', 'Softmax', 'Softplus', 'Softsign', 'Sqrt', 'Swish', 'Tan', 'Tanh',
  'ThresholdedRelu',
]; // prettier-ignore

export const BROADCASTING = [
  'Add',
  'BitwiseAnd',
  'BitwiseOr',
  'Div',
  'Max',
  'Mean',
  'Min',
  'Mod',
  'Mul',
  'Pow',
  'Sub',
  'Sum',
];
export const COMPARING = ['And', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Or', 'Xor'];
export const TESTING = ['IsInf', 'IsNaN', 'Not'];

export const sameAsInput: ShapeRule = (x) => [{ dtype: x.dtype(0), shape: x.shape(0) }];

/** Of channels along axis 1 whose parameters are `[C]`: as many as those tell of, where x does not. */
export const perChannel: ShapeRule = (x) => {
  const [shape, parameter] = [x.shape(0), x.shape(1)];
  const isUntold = shape && shape.length > 1 && typeof shape[1] !== 'number' && parameter?.length === 1;
  return [{ dtype: x.dtype(0), shape: isUntold ? shape.with(1, parameter[0]!) : shape }];
};

/** Dropout: the second output is the mask, bool since opset 10. */
export const dropout: ShapeRule = (x) => [
  { dtype: x.dtype(0), shape: x.shape(0) },
  { dtype: x.opset < 10 ? x.dtype(0) : 'bool', shape: x.shape(0) },
];

/** Numpy broadcasting of all inputs. Until opset 6 the result always had the shape of the first. */
export const broadcasting: ShapeRule = (x) => [{ dtype: x.dtype(0), shape: broadcastAll(x) }];

export const comparing: ShapeRule = (x) => [{ dtype: 'bool', shape: broadcastAll(x) }];

export const testing: ShapeRule = (x) => [{ dtype: 'bool', shape: x.shape(0) }];

export const where: ShapeRule = (x) => [{ dtype: x.dtype(1), shape: broadcastAll(x) }];

function broadcastAll(x: Operands) {
  if (x.opset < 7 || x.node.inputs.length === 0) return x.shape(0);
  const shapes = x.node.inputs.map((_, index) => x.shape(index));
  return shapes.every((shape) => shape !== undefined) ? shapes.reduce(broadcast) : undefined;
}

export const cast: ShapeRule = (x) => [{ dtype: dtypeOf(x.node.int('to', 0)), shape: x.shape(0) }];

/** The type of the zero point, uint8 without one, unless an attribute says another (since opset 21). */
export const quantizeLinear: ShapeRule = (x) => [
  { dtype: dtypeOf(x.node.int('output_dtype', 0)) ?? (x.node.inputs[2] ? x.dtype(2) : 'uint8'), shape: x.shape(0) },
];

/** The type of the scale, unless an attribute says another (since opset 23). */
export const dequantizeLinear: ShapeRule = (x) => [
  { dtype: dtypeOf(x.node.int('output_dtype', 0)) ?? x.dtype(1), shape: x.shape(0) },
];
