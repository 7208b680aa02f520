import type { Attribute } from '../../../src/onnx/attribute.ts';
import { Constant } from '../../../src/onnx/constant.ts';
import { float32, int64, sizeOf, type Tensor } from '../../../src/tensor.ts';
import { noise } from '../../support/runnable-models.ts';

/** Seeded, between −size and size. */
export function reals(shape: readonly number[], seed = 1, size = 1): Tensor {
  const random = noise(seed);
  return float32(shape, Array.from({ length: sizeOf(shape) }, () => size * random())); // prettier-ignore
}

export const texts = (...data: string[]): Tensor => ({ dtype: 'string', shape: [data.length], data });
export const whole = (shape: readonly number[], values: readonly number[]): Tensor => ({ ...int64(values), shape });
export const bytes = (shape: readonly number[], values: readonly number[]): Tensor => ({ dtype: 'uint8', shape, data: Uint8Array.from(values) }); // prettier-ignore
export const truths = (shape: readonly number[], is: (i: number) => boolean): Tensor => ({ dtype: 'bool', shape, data: Uint8Array.from({ length: sizeOf(shape) }, (_, i) => Number(is(i))) }); // prettier-ignore
export const scalar = (value: number): Tensor => float32([], [value]);
export const floats = (...value: number[]): Attribute => ({ kind: 'floats', value: value.map(Math.fround) });
export const strings = (...value: string[]): Attribute => ({ kind: 'strings', value });
export const tensor = (value: Tensor): Attribute => ({ kind: 'tensor', value: Constant.of(value) });
