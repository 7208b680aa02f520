import { sizeOf } from '../../tensor.ts';
import type { Attribute } from '../attribute.ts';
import type { Call, Rule } from './call.ts';
import { toReal } from './decode.ts';
import { checkedSize, integers, zeros, type Real } from './real.ts';

/** One attribute holds the content. Source: https://onnx.ai/onnx/operators/onnx__Constant.html */
const constant: Rule = (call) => {
  for (const [name, attribute] of call.node.attributes) {
    if (name !== 'sparse_value' && name.startsWith('value')) return [contentOf(call, attribute)];
  }
  return call.unsupported('the content of this constant cannot be read');
};

function contentOf(call: Call, { kind, value }: Attribute): Real {
  if (kind === 'tensor') return toReal(value.tensor(), call.node.label);
  if (kind === 'float') return { dtype: 'float32', shape: [], data: Float64Array.of(value) };
  if (kind === 'floats') return { dtype: 'float32', shape: [value.length], data: Float64Array.from(value) };
  if (kind === 'string') return { dtype: 'string', shape: [], data: [value] };
  if (kind === 'strings') return { dtype: 'string', shape: [value.length], data: value };
  if (kind === 'int') return toReal({ dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(value)) });
  if (kind === 'ints') return toReal({ dtype: 'int64', shape: [value.length], data: BigInt64Array.from(value, BigInt) }); // prettier-ignore
  return call.unsupported('the content of this constant cannot be read', kind);
}

const shapeOf: Rule = (call) => {
  const { shape } = call.any(0);
  return [integers(shape.slice(call.node.int('start', 0), call.node.int('end') ?? shape.length))];
};

const size: Rule = (call) => [{ dtype: 'int64', shape: [], data: Float64Array.of(sizeOf(call.any(0).shape)) }];

const constantOfShape: Rule = (call) => {
  const shape = call.numbers(0);
  const attribute = call.node.attributes.get('value');
  const value = attribute?.kind === 'tensor' ? toReal(attribute.value.tensor(), call.node.label) : undefined;
  if (value?.dtype === 'string') return [{ ...value, shape, data: new Array<string>(checkedSize(shape)).fill(value.data[0]!) }]; // prettier-ignore
  return call.one(shape, zeros(shape).fill(value?.data[0] ?? 0), value?.dtype ?? 'float32');
};

/** ⌈(limit − start) / delta⌉ numbers. */
const range: Rule = (call) => {
  const [start, limit, delta] = [call.scalar(0, 0), call.scalar(1, 0), call.scalar(2, 1)];
  const count = Math.max(Math.ceil((limit - start) / delta), 0);
  if (!Number.isFinite(count)) call.fault('the range does not end');
  return call.one([count], zeros([count]).map((_, i) => start + i * delta)); // prettier-ignore
};

export const GENERATE: Readonly<Record<string, Rule>> = {
  Constant: constant,
  Shape: shapeOf,
  Size: size,
  ConstantOfShape: constantOfShape,
  Range: range,
};
