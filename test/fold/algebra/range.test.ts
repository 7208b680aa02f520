import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { affine, vectorOf } from '../../../src/fold/algebra/affine.ts';
import { add, divide, exact, ONE } from '../../../src/fold/algebra/double-double.ts';
import { NO_EDIT, type Edit, type Linear } from '../../../src/fold/algebra/linear.ts';
import { areAllDecided, fitsStorage, outOfRange } from '../../../src/fold/algebra/range.ts';
import type { Storage } from '../../../src/fold/algebra/rounding.ts';
import type { Numbers } from '../../../src/fold/lift/constants.ts';

type Layout = 'dense' | 'transposed' | 'grouped';

interface Parts {
  readonly layout?: Layout;
  readonly rows?: number;
  readonly columns?: number;
  readonly taps?: number;
  readonly data: readonly number[];
  readonly bias?: readonly number[];
  readonly beta?: number;
  /** As float32 numbers, as float64, or in stretches, with the bytes as well or without. */
  readonly stored?: 'single' | 'double' | 'stretches' | 'bytes';
}

/** W of rows of output channels (transposed), of input channels (dense), or of one channel each (grouped). */
function linearOf({
  layout = 'dense',
  rows = 1,
  columns = 1,
  taps = 1,
  data,
  bias,
  beta = 1,
  stored = 'single',
}: Parts): Linear {
  // prettier-ignore
  const shape = [rows, columns, taps];
  const numbers = stored === 'double' ? Float64Array.from(data) : Float32Array.from(data);
  const stretch = (start: number, end: number) => Float32Array.from([...data.slice(start, end), Infinity]);
  const large = {
    stretch,
    ...(stored === 'bytes' ? { bytes: unaligned(Float32Array.from(data), data.length % 4) } : {}),
  };
  const isLarge = stored === 'stretches' || stored === 'bytes';
  const weight: Numbers = { dtype: 'float32', shape, data: numbers, ...(isLarge ? large : {}) };
  const [inputs, outputs] = layout === 'dense' ? [rows, columns] : [columns, rows];
  return {
    kind: 'linear', weight, rows, columns, taps, inputs, outputs, alpha: 1, beta,
    inputOf: (row, column) => (layout === 'dense' ? row : layout === 'grouped' ? Math.min(row, columns - 1) : column),
    outputOf: (row, column) => (layout === 'dense' ? column : row),
    bias: bias && { dtype: 'float32', shape: [bias.length], data: Float32Array.from(bias) },
  }; // prettier-ignore
}

/** Their bytes, from an address that many bytes behind a word's, between bytes that are none of theirs. */
function unaligned({ buffer, byteLength }: Float32Array<ArrayBuffer>, offset: number): Uint8Array {
  const around = new Uint8Array(offset + byteLength + 8).fill(0xff);
  around.set(new Uint8Array(buffer), offset);
  return around.subarray(offset, offset + byteLength);
}

const edit = (parts: Partial<Record<keyof Edit, readonly number[]>>): Edit => ({
  ...NO_EDIT,
  ...Object.fromEntries(Object.entries(parts).map(([name, values]) => [name, vectorOf(values)])),
});

const LIMITS: readonly (readonly [Storage, number, number])[] = [
  ['float32', 3.4028234663852886e38, 2 ** -126],
  ['float16', 65504, 2 ** -14],
  ['bfloat16', 2 ** 128 - 2 ** 120, 2 ** -126],
  ['float64', Number.MAX_VALUE, 2 ** -1022],
];

describe.each(LIMITS)('%s', (storage, largest, smallestNormal) => {
  const one = (value: number): Linear => linearOf({ data: [value], stored: 'double' });
  const up = 1 + 2 ** -50;

  test('holds weights as large as its largest number and no larger', () => {
    expect(outOfRange(one(largest / 2), edit({ outScale: [2] }), storage)).toBeUndefined();
    expect(outOfRange(one(-largest / 2), edit({ inScale: [2] }), storage)).toBeUndefined();
    expect(outOfRange(one(-largest / 2), edit({ outScale: [2 * up] }), storage)).toBe(`weights beyond the range of ${storage}`); // prettier-ignore
    expect(outOfRange(one(largest / 2), edit({ inScale: [-2 * up] }), storage)).toBe(`weights beyond the range of ${storage}`); // prettier-ignore
    expect(outOfRange(one(NaN), edit({ inScale: [2] }), storage)).toBe(`weights beyond the range of ${storage}`);
    expect(outOfRange(one(NaN), NO_EDIT, storage)).toBeUndefined();
  });

  test('holds weights as small as its smallest normal number, and no smaller but 0', () => {
    const half = edit({ outScale: [0.5] });
    expect(outOfRange(one(2 * smallestNormal), half, storage)).toBeUndefined();
    expect(outOfRange(one(2 * smallestNormal * (1 - 2 ** -50)), half, storage)).toBe(`weights too small for ${storage}`); // prettier-ignore
    expect(outOfRange(one(0), half, storage)).toBeUndefined();
    expect(outOfRange(one(1), edit({ outScale: [0] }), storage)).toBeUndefined();
  });

  test('holds biases as large as its largest number and no larger, and what they are added to', () => {
    const biased = linearOf({ data: [1], bias: [2], beta: -3 });
    const shifted = (shift: number) => edit({ shift: [shift] });
    if (storage !== 'float64') expect(outOfRange(biased, shifted(largest), storage)).toBeUndefined();
    expect(outOfRange(biased, shifted(Infinity), storage)).toBe(`a bias beyond the range of ${storage}`);
    if (storage === 'float16') {
      expect(outOfRange(biased, shifted(-65540), storage)).toBe(`a bias beyond the range of ${storage}`);
      expect(outOfRange(biased, shifted(-65504), storage)).toBe(`sums that are expected to leave the range of ${storage}`); // prettier-ignore
      expect(outOfRange(biased, shifted(30000), storage, 65504 - 29994)).toBeUndefined();
      expect(outOfRange(biased, shifted(30000), storage, 65504 - 29993)).toBe('sums that are expected to leave the range of float16'); // prettier-ignore
      expect(outOfRange(biased, edit({ outScale: [2] }), storage, 65504 - 12)).toBeUndefined();
      expect(outOfRange(biased, edit({ outScale: [2] }), storage, 65504 - 11)).toBe('sums that are expected to leave the range of float16'); // prettier-ignore
      expect(outOfRange(biased, NO_EDIT, storage, 1e6)).toBeUndefined();
      const wide = linearOf({ data: [1, 1], columns: 2, bias: [20000, -30000], beta: 2 });
      expect(outOfRange(wide, edit({ outScale: [1, 1.1] }), storage)).toBe('a bias beyond the range of float16');
      expect(outOfRange(wide, edit({ outScale: [1.1, 1] }), storage)).toBeUndefined();
      expect(outOfRange(wide, edit({ outScale: [-2, 1] }), storage)).toBe('a bias beyond the range of float16');
    }
  });

  test('holds a scale and a shift that are finite in it', () => {
    expect(fitsStorage(affine(0, vectorOf([largest]), vectorOf([1])), storage)).toBe(true);
    expect(fitsStorage(affine(0, vectorOf([1, Infinity]), vectorOf([1, 2])), storage)).toBe(false);
    expect(fitsStorage(affine(0, vectorOf([1, 2]), vectorOf([1, -Infinity])), storage)).toBe(false);
    if (storage === 'float64') return;
    expect(fitsStorage(affine(0, vectorOf([1]), vectorOf([largest * 1.01])), storage)).toBe(false);
  });
});

describe('one weight that is too large is found wherever it stands', () => {
  test.each(['dense', 'transposed', 'grouped'] as const)('in rows that are %s', (layout) => {
    for (const stored of ['single', 'double', 'stretches', 'bytes'] as const) {
      for (let at = 0; at < 12; at++) {
        const data = Array.from({ length: 12 }, (_, index) => (index === at ? -300 : 2));
        const parts = { layout, rows: 3, columns: 2, taps: 2, data, stored };
        expect(outOfRange(linearOf(parts), edit({ outScale: [300] }), 'float16')).toBe('weights beyond the range of float16'); // prettier-ignore
        expect(outOfRange(linearOf(parts), edit({ outScale: [200] }), 'float16')).toBeUndefined();
      }
    }
  });

  test.each(['stretches', 'bytes'] as const)('across %s of many', (stored) => {
    for (const at of [0, 2 ** 14 - 1, 2 ** 14, 2 ** 15 + 2]) {
      const data = Array.from({ length: 2 ** 15 + 3 }, (_, index) => (index === at ? 300 : 2));
      const linear = linearOf({ taps: data.length, data, stored });
      expect(outOfRange(linear, edit({ outScale: [300] }), 'float16')).toBe('weights beyond the range of float16');
      expect(outOfRange(linear, edit({ outScale: [200] }), 'float16')).toBeUndefined();
    }
  });

  test('in bytes that begin anywhere', () => {
    for (let length = 1; length <= 9; length++) {
      for (let at = 0; at < length; at++) {
        const data = Array.from({ length }, (_, index) => (index === at ? -2 : 2 ** -100));
        const isDecided = (scale: number) => areAllDecided(linearOf({ taps: length, data, stored: 'bytes' }), edit({ outScale: [scale] }), 'float32'); // prettier-ignore
        expect([isDecided(2 ** 126), isDecided(2 ** 125)]).toEqual([false, true]);
      }
    }
  });

  test('and numbers whose bits together are those of infinity are looked at one by one', () => {
    const linear = linearOf({ taps: 2, data: [2 ** 127, 2 ** -60], stored: 'bytes' });
    expect(areAllDecided(linear, edit({ outScale: [0.5] }), 'float32')).toBe(true);
    expect(areAllDecided(linear, edit({ outScale: [2] }), 'float32')).toBe(false);
  });

  test('but what only a bound of all exceeds is looked at weight by weight', () => {
    const linear = linearOf({ rows: 2, columns: 2, data: [300, 1, 1, 300] });
    expect(outOfRange(linear, edit({ outScale: [1, 300] }), 'float16')).toBe('weights beyond the range of float16');
    expect(outOfRange(linear, edit({ inScale: [1, 100], outScale: [100, 2] }), 'float16')).toBeUndefined();
    expect(outOfRange(linear, edit({ inScale: [3, 100], outScale: [100, 2] }), 'float16')).toBe('weights beyond the range of float16'); // prettier-ignore
  });
});

/** Σ over the small weights of a channel, by the definition: n · smallest ≤ Σ |W′| over those below it. */
describe('a channel of weights too small', () => {
  const tiny = 2 ** -14;

  function isTooSmall(
    layout: Layout,
    [rows, columns, taps]: readonly [number, number, number],
    data: readonly number[],
    inScale: readonly number[],
    outScale: readonly number[],
  ): boolean {
    // prettier-ignore
    const { inputOf, outputOf, outputs } = linearOf({ layout, rows, columns, taps, data });
    const of = (vector: readonly number[], index: number) => vector[vector.length === 1 ? 0 : index]!;
    const channels = Array.from({ length: outputs }, (): number[] => []);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (let tap = 0; tap < taps; tap++) {
          const w = data[(row * columns + column) * taps + tap]!;
          const output = outputOf(row, column);
          channels[output]!.push(Math.abs(w * of(inScale, inputOf(row, column)) * of(outScale, output)));
        }
    return channels.some((own) => own.filter((w) => w > 0 && w < tiny).length * tiny > own.reduce((sum, w) => sum + w, 0)); // prettier-ignore
  }

  const power = fc.constantFrom(0, 2 ** -15, -(2 ** -14), 2 ** -13, 3 * 2 ** -16, -5 * 2 ** -14, 2 ** -12, 1);
  const scale = fc.constantFrom(1, 0.5, -0.25, 0, 2);

  test.each(['dense', 'transposed', 'grouped'] as const)('is one whose losses exceed what it may lose, in rows that are %s', (layout) => {
    const shape = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }));
    const parts = shape.chain((sizes) => {
      const [rows, columns, taps] = sizes;
      const [inputs, outputs] = layout === 'dense' ? [rows, columns] : [columns, rows];
      const list = (length: number) => fc.oneof(fc.array(scale, { minLength: length, maxLength: length }), scale.map((own) => [own]));
      return fc.tuple(fc.constant(sizes), fc.array(power, { minLength: rows * columns * taps, maxLength: rows * columns * taps }), list(inputs), list(outputs));
    });
    let [small, fine] = [0, 0];
    fc.assert(
      fc.property(parts, fc.constantFrom('single', 'double', 'stretches'), ([sizes, data, inScale, outScale], stored) => {
        if (inScale.concat(outScale).every((own) => own === 1)) return;
        const [rows, columns, taps] = sizes;
        const linear = linearOf({ layout, rows, columns, taps, data, stored: stored });
        const wanted = isTooSmall(layout, sizes, data, inScale, outScale);
        if (wanted) small++;
        else fine++;
        expect(outOfRange(linear, edit({ inScale, outScale }), 'float16')).toBe(wanted ? 'weights too small for float16' : undefined);
      }),
      { seed: 23, numRuns: 600 },
    );
    expect(Math.min(small, fine)).toBeGreaterThan(50);
  }); // prettier-ignore
});

describe('weights whose rounding is decided in advance', () => {
  const third = divide(ONE, exact(3));
  const scaled = (outScale: Edit['outScale'], inScale: Edit['inScale'] = [ONE]): Edit => ({ ...NO_EDIT, inScale, outScale }); // prettier-ignore
  const linear = (parts: Partial<Parts> = {}, more: Partial<Numbers> = {}): Linear => {
    const made = linearOf({ data: [2], stored: 'double', ...parts });
    return { ...made, weight: { ...made.weight, ...more } };
  };

  test('are those of exact numbers times what is comparable, in range of the half of the largest', () => {
    expect(areAllDecided(linear(), scaled([third]), 'float32')).toBe(true);
    expect(areAllDecided(linear(), scaled([add(third, third)]), 'float32')).toBe(false);
    expect(areAllDecided(linear(), scaled([ONE], [add(third, third)]), 'float32')).toBe(false);
    expect(areAllDecided(linear({ data: [32752] }), scaled([ONE]), 'float16')).toBe(true);
    expect(areAllDecided(linear({ data: [32753] }), scaled([ONE]), 'float16')).toBe(false);
    expect(areAllDecided(linear({ data: [NaN] }), scaled([ONE]), 'float16')).toBe(false);
  });

  test('are not those of which more is known, or less, than the float64', () => {
    expect(areAllDecided(linear({}, { values: [exact(2)] }), scaled([third]), 'float32')).toBe(false);
    expect(areAllDecided(linear({}, { isRounded: true }), scaled([third]), 'float32')).toBe(false);
    const product = { weights: () => undefined, factorAt: () => ONE };
    expect(areAllDecided(linear({}, { product }), scaled([third]), 'float32')).toBe(false);
  });
});
