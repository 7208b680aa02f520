import { describe, expect, test } from 'vitest';
import { generateSamples } from '../../src/parity/samples.ts';
import type { TensorSpec } from '../../src/runtime/model.ts';
import type { Dim, DType } from '../../src/tensor.ts';

const spec = (dtype: DType, shape: readonly Dim[], name = 'x'): TensorSpec => ({ name, dtype, shape });
const IMAGE = [spec('float32', ['batch', 8, 8, 3])];
const data = (samples: ReturnType<typeof generateSamples>, sample: number, name = 'x') =>
  Array.from(samples[sample]![name]!.data as ArrayLike<number>, Number);

test('gives the same inputs for the same seed and others for another', () => {
  expect(generateSamples(IMAGE, { seed: 5 })).toEqual(generateSamples(IMAGE, { seed: 5 }));
  expect(generateSamples(IMAGE, { seed: 5 })[0]).not.toEqual(generateSamples(IMAGE, { seed: 6 })[0]);
});

test('starts a longer series with the samples of a shorter one, none of them alike', () => {
  const [short, long] = [2, 9].map((samples) => generateSamples(IMAGE, { samples }));
  expect(long!.slice(0, 2)).toEqual(short);
  expect(long).toHaveLength(9);
  expect(data(long!, 4)).not.toEqual(data(long!, 0));
});

test('takes batches of 1 and 3 by turns', () => {
  expect(generateSamples(IMAGE).map(({ x }) => x!.shape[0])).toEqual([1, 3, 1, 3]);
});

test('fills the range evenly, and has a sample with zeros and one of both its ends', () => {
  const samples = generateSamples(IMAGE);
  const uniform = data(samples, 1);
  const mean = uniform.reduce((sum, value) => sum + value) / uniform.length;
  const variance = uniform.reduce((sum, value) => sum + (value - mean) ** 2, 0) / uniform.length;
  // 576 values of variance 1/3: the mean is within 4 standard errors.
  expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(1 / 3 / 576));
  expect(variance).toBeCloseTo(1 / 3, 1);
  const zeros = data(samples, 2).filter((value) => value === 0).length;
  // Half of 192, within 4 standard deviations.
  expect(Math.abs(zeros - 96)).toBeLessThan(4 * Math.sqrt(192 / 4));
  expect(new Set(data(samples, 3))).toEqual(new Set([-1, 1]));
});

test('keeps to a float range of your own, whose nearest value to 0 stands for the zeros', () => {
  const samples = generateSamples(IMAGE, { floatRange: [10, 255] });
  const all = samples.flatMap((_, i) => data(samples, i));
  expect(Math.min(...all)).toBe(10);
  expect(Math.max(...all)).toBe(255);
  expect(data(samples, 2)).toContain(10);
  expect(data(samples, 2)).not.toContain(0);
});

describe('keeps integers inside their bounds and reaches both', () => {
  const cases: [DType, object, number, number][] = [
    ['int32', {}, 0, 1],
    ['int64', { integerRange: [3, 9] }, 3, 9],
    ['bool', { integerRange: [3, 9] }, 0, 1],
    ['uint8', {}, 0, 255],
    ['int8', {}, -128, 127],
    ['uint64', {}, 0, 255],
  ];
  test.each(cases)('%s %j', (dtype, options, low, high) => {
    const samples = generateSamples([spec(dtype, ['n', 50])], options);
    const all = samples.flatMap((_, i) => data(samples, i));
    expect([Math.min(...all), Math.max(...all)]).toEqual([low, high]);
    expect(all.every(Number.isInteger)).toBe(true);
  });
});

test('gives one symbol one size in a sample, and lets sizes be set', () => {
  const specs = [spec('float32', ['N', 'time'], 'a'), spec('float32', ['time', 'N', ''], 'b')];
  const shapes = (options: object) =>
    generateSamples(specs, { samples: 2, ...options }).map(({ a, b }) => [a!.shape, b!.shape]);
  expect(shapes({})).toEqual([
    [[1, 1], [1, 1, 32]],
    [[3, 3], [3, 3, 32]],
  ]); // prettier-ignore
  expect(shapes({ symbols: { time: 7, '': 2 } })).toEqual([
    [[1, 7], [7, 1, 2]],
    [[3, 7], [7, 3, 2]],
  ]); // prettier-ignore
});

test('gives different inputs different values', () => {
  const [sample] = generateSamples([spec('float32', [9], 'a'), spec('float32', [9], 'b')]);
  expect(sample!.a).not.toEqual(sample!.b);
});

test('fills a string input with the words given for it and one more, which none of them is', () => {
  const words = ['cat', 'unknown', 'dog'];
  const samples = generateSamples([spec('string', ['n', 40])], { words: { x: words } });
  const seen = (sample: number) => new Set(samples[sample]!.x!.data as readonly string[]);
  expect(seen(1)).toEqual(new Set([...words, 'unknown?']));
  expect(seen(3)).toEqual(new Set(['cat', 'unknown?']));
  expect(samples[1]!.x).toMatchObject({ dtype: 'string', shape: [3, 40] });
});

test('fills other string inputs with words of its own, the same for the same seed', () => {
  const [first, again, other] = [1, 1, 2].map((seed) => generateSamples([spec('string', ['n', 40])], { seed }));
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
  expect(new Set(first![0]!.x!.data as readonly string[]).size).toBeGreaterThan(5);
});

test('refuses what it cannot or should not make', () => {
  expect(() => generateSamples([spec('complex64', [1])])).toThrow(/input x: no test inputs are made for complex64/);
  expect(() => generateSamples([spec('float32', [2 ** 20, 2 ** 20])])).toThrow(
    /input x: no test input is made this large/,
  );
});

test.each([
  ['samples', { samples: -1 }],
  ['samples', { samples: NaN }],
  ['seed', { seed: 0.5 }],
  ['floatRange', { floatRange: [1, -1] }],
  ['floatRange', { floatRange: [0, Infinity] }],
  ['integerRange', { integerRange: [0, 1.5] }],
  ['symbols', { symbols: { batch: -1 } }],
  ['words', { words: { x: 'cat' as unknown as string[] } }],
] as const)('refuses a senseless option: %s %j', (where, options) => {
  expect(() => generateSamples(IMAGE, options)).toThrow(expect.objectContaining({ code: 'USAGE', where }) as Error);
});
