import { describe, expect, test } from 'vitest';
import { int } from '../src/onnx/attribute.ts';
import { bfloat16ToNumber, decodeHalves, float16ToNumber, numberToBfloat16, numberToFloat16 } from '../src/half.ts';
import { load } from '../src/runtime/node.ts';
import { noise, oneNode } from './support/runnable-models.ts';

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

describe('patterns and numbers of both formats', () => {
  const patterns = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i);

  test('every pattern but those of NaN comes back as itself', () => {
    const lost = (infinity: number, again: (bits: number) => number) =>
      patterns.filter((bits) => (bits & 0x7fff) <= infinity && again(bits) !== bits);
    expect(lost(0x7c00, (bits) => numberToFloat16(float16ToNumber(bits)))).toHaveLength(0);
    expect(lost(0x7f80, (bits) => numberToBfloat16(bfloat16ToNumber(bits)))).toHaveLength(0);
    expect(float16ToNumber(numberToFloat16(NaN))).toBeNaN();
    expect(bfloat16ToNumber(numberToBfloat16(NaN))).toBeNaN();
  });

  test('a tensor is decoded as its elements are', () => {
    expect(decodeHalves('float16', patterns)).toEqual(Float32Array.from(patterns, float16ToNumber));
    expect(decodeHalves('bfloat16', patterns)).toEqual(Float32Array.from(patterns, bfloat16ToNumber));
  });

  test('the middle of two neighbours goes to the even one, what lies beside it to its own side', () => {
    for (const [decode, encode, largest] of [
      [float16ToNumber, numberToFloat16, 0x7bff],
      [bfloat16ToNumber, numberToBfloat16, 0x7f7f],
    ] as const) {
      const wrong = patterns.slice(0, largest).filter((bits) => {
        const middle = (decode(bits) + decode(bits + 1)) / 2;
        const even = bits % 2 === 0 ? bits : bits + 1;
        const beside = [encode(middle * (1 - 2 ** -52)), encode(middle), encode(middle * (1 + 2 ** -52))];
        return beside.join() !== [bits, even, bits + 1].join() || encode(-middle) !== even + 0x8000;
      });
      expect(wrong).toHaveLength(0);
      expect(encode(decode(largest) * (1 + 2 ** -20))).toBe(largest);
      expect(encode(decode(largest) * 1.01)).toBe(largest + 1);
    }
  });
});
