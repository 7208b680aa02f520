import { expect, test } from 'vitest';
import { int } from '../../src/onnx/attribute.ts';
import { bfloat16ToNumber, float16ToNumber, numberToFloat16 } from '../../src/parity/half.ts';
import { load } from '../../src/runtime/node.ts';
import { noise, oneNode } from '../support/runnable-models.ts';

const FLOAT = 1;
const FLOAT16 = 10;
const castTo = (from: 'float16' | 'float32', to: 'float16' | 'float32') => {
  const type = { to: int(to === 'float32' ? FLOAT : FLOAT16) };
  return load(oneNode('Cast', { dtype: from, shape: ['n'] }, { dtype: to, shape: ['n'] }, [], type));
};

test('decodes every float16 as onnxruntime does', async () => {
  await using model = await castTo('float16', 'float32');
  const patterns = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i);
  const { y } = await model.run({ x: patterns });
  expect(Float32Array.from(patterns, float16ToNumber)).toEqual(y!.data);
});

test('rounds to float16 as onnxruntime does, ties, subnormals and overflow included', async () => {
  await using model = await castTo('float32', 'float16');
  const random = noise(3);
  const values = Float32Array.from({ length: 20_000 }, () => Math.fround(random() * 2 ** Math.round(20 * random())));
  const edges = Float32Array.of(0, -0, 1, 65504, 65519, 65520, -1e9, 2 ** -24, 2 ** -25, 1.5 * 2 ** -24, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 2048.5, 2 ** -14, 2 ** -14 - 2 ** -26); // prettier-ignore
  for (const x of [values, edges]) {
    const { y } = await model.run({ x });
    expect(Uint16Array.from(x, numberToFloat16)).toEqual(y!.data);
  }
});

test('reads bfloat16 as the upper half of a float32', () => {
  expect([0x3f80, 0xbf80, 0x4049, 0x7f80].map(bfloat16ToNumber)).toEqual([1, -1, 3.140625, Infinity]);
});
