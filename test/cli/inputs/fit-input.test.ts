import { describe, expect, test } from 'vitest';
import { fitInput } from '../../../src/cli/inputs/fit-input.ts';
import { fittingShape } from '../../../src/cli/inputs/fit-tensor.ts';
import type { Picture } from '../../../src/cli/inputs/picture.ts';
import type { TensorSpec } from '../../../src/runtime/model.ts';
import { float32, type Dim, type DType, type Tensor } from '../../../src/tensor.ts';

const spec = (shape: readonly Dim[], dtype: DType = 'float32'): TensorSpec => ({ name: 'x', dtype, shape });
const tensor = (value: Tensor, white?: number) => ({ kind: 'tensor' as const, tensor: value, ...(white && { white }) });

describe('a shape', () => {
  test('fits where only the batch is free', () => {
    expect(fittingShape([5, 3], ['n', 3])).toEqual([5, 3]);
    expect(fittingShape([5, 4], ['n', 3])).toBeUndefined();
  });

  test('may leave out dimensions of 1', () => {
    expect(fittingShape([28, 28], ['n', 28, 28, 1])).toEqual([1, 28, 28, 1]);
    expect(fittingShape([7, 28, 28], ['n', 28, 28, 1])).toEqual([7, 28, 28, 1]);
    expect(fittingShape([7, 28, 28], ['n', 1, 28, 28])).toEqual([7, 1, 28, 28]);
    expect(fittingShape([7, 28, 28, 1], ['n', 28, 28])).toEqual([7, 28, 28]);
    expect(fittingShape([3], ['n', 3])).toEqual([1, 3]);
  });

  test('may be flat on either side', () => {
    expect(fittingShape([7, 28, 28], ['n', 784])).toEqual([7, 784]);
    expect(fittingShape([28, 28], ['n', 784])).toEqual([1, 784]);
    expect(fittingShape([7, 784], ['n', 28, 28, 1])).toEqual([7, 28, 28, 1]);
    expect(fittingShape([784], ['n', 28, 28, 1])).toEqual([1, 28, 28, 1]);
  });

  test('never has its dimensions reordered, split or merged otherwise', () => {
    expect(fittingShape([3, 224, 224], ['n', 224, 224, 3])).toBeUndefined();
    expect(fittingShape([1, 3, 224, 224], ['n', 224, 224, 3])).toBeUndefined();
    expect(fittingShape([784, 10], ['n', 784])).toBeUndefined();
    expect(fittingShape([4, 3, 4], ['n', 6, 2])).toBeUndefined();
    expect(fittingShape([10, 5], ['n', 't', 5])).toBeUndefined();
  });

  test('of the wrong order is explained', () => {
    const values = float32([1, 3, 2, 2], new Float32Array(12));
    expect(() => fitInput(tensor(values), spec(['n', 2, 2, 3]), {})).toThrow(
      /input x: the shape does not fit; expected float32 \[n, 2, 2, 3\], found float32 \[1, 3, 2, 2\].*transpose/,
    );
    expect(() => fitInput(tensor(float32([5, 2], new Float32Array(10))), spec([1, 2]), {})).toThrow(/--take 1/);
  });
});

describe('values', () => {
  test('of the right dtype keep their bits', () => {
    const values = float32([2], [NaN, -0]);
    expect(fitInput(tensor(values), spec([2]), {}).tensor.data).toBe(values.data);
  });

  test('are scaled, shifted and rounded once', () => {
    const { tensor: result, notes } = fitInput(
      tensor({ dtype: 'uint8', shape: [3], data: Uint8Array.of(0, 127, 255) }),
      spec([3]),
      { scale: 1 / 127.5, offset: -1 },
    );
    expect(result.data).toEqual(Float32Array.of(-1, 127 / 127.5 - 1, 1));
    expect(notes).toEqual(['values × 0.00784313725490196 − 1']);
  });

  test('of pictures become 0…1 for a float input, each the float32 nearest to value / 255', () => {
    const data = Uint8Array.from({ length: 256 }, (_, value) => value);
    const pictures = tensor({ dtype: 'uint8', shape: [1, 16, 16], data }, 255);
    const { tensor: result, notes } = fitInput(pictures, spec(['n', 16, 16]), {});
    expect(result.data).toEqual(Float32Array.from(data, (value) => value / 255));
    expect(notes).toEqual(['values × 1/255']);
    expect(fitInput(pictures, spec(['n', 16, 16], 'uint8'), {})).toEqual({
      tensor: { dtype: 'uint8', shape: [1, 16, 16], data },
      notes: [],
    });
  });

  test('are refused where a whole-number input would have to round them', () => {
    const halves = tensor({ dtype: 'float64', shape: [2], data: Float64Array.of(1, 1.5) });
    expect(() => fitInput(halves, spec([2], 'int64'), {})).toThrow(/whole numbers .*\(int64\), found 1\.5/);
    const large = tensor({ dtype: 'float64', shape: [1], data: Float64Array.of(256) });
    expect(() => fitInput(large, spec([1], 'uint8'), {})).toThrow(/from 0 to 255 \(uint8\), found 256/);
    const whole = tensor({ dtype: 'float64', shape: [2], data: Float64Array.of(-3, 7) });
    expect(fitInput(whole, spec([2], 'int64'), {}).tensor.data).toEqual(BigInt64Array.of(-3n, 7n));
  });

  test('cannot be more than the file holds', () => {
    const five = tensor(float32([5, 2], new Float32Array(10)));
    expect(() => fitInput(five, spec(['n', 2]), { take: 6 })).toThrow(/--take 6 is more than the file holds.*5 samples.*at most 5/s); // prettier-ignore
    expect(fitInput(five, spec(['n', 2]), { take: 5 }).tensor.shape).toEqual([5, 2]);
    const dot: Picture = { width: 1, height: 1, channels: 1, white: 255, pixels: new Uint8Array(1) };
    expect(() => fitInput({ kind: 'picture', picture: dot }, spec([1, 1, 1]), { take: 2 })).toThrow(/found 1 sample\./);
  });

  test('can be cut to the first samples', () => {
    const values = float32([3, 2], [1, 2, 3, 4, 5, 6]);
    const { tensor: result, notes } = fitInput(tensor(values), spec(['n', 2]), { take: 2 });
    expect(result).toEqual(float32([2, 2], [1, 2, 3, 4]));
    expect(notes).toEqual(['first 2 of 3 samples']);
  });

  test('are picked by name from a file of several inputs', () => {
    const tensors = new Map([['x', float32([1], [4])]]);
    expect(fitInput({ kind: 'named', tensors }, spec([1]), {}).tensor).toEqual(float32([1], [4]));
    expect(() => fitInput({ kind: 'named', tensors }, { ...spec([1]), name: 'y' }, {})).toThrow(/input y: .*found x/);
  });
});

describe('a picture', () => {
  const rgb: Picture = { width: 2, height: 1, channels: 3, pixels: Uint8Array.of(10, 20, 30, 40, 50, 60), white: 255 };
  const grey: Picture = { width: 2, height: 1, channels: 1, pixels: Uint8Array.of(51, 255), white: 255 };
  const fit = (picture: Picture, shape: readonly Dim[], options = { scale: 1 }) =>
    fitInput({ kind: 'picture', picture }, spec(shape), options);

  test('is laid out as the model wants it', () => {
    expect(fit(rgb, ['n', 1, 2, 3]).tensor).toEqual(float32([1, 1, 2, 3], [10, 20, 30, 40, 50, 60]));
    expect(fit(rgb, ['n', 3, 1, 2]).tensor).toEqual(float32([1, 3, 1, 2], [10, 40, 20, 50, 30, 60]));
    expect(fit(rgb, ['n', 6]).tensor).toEqual(float32([1, 6], [10, 20, 30, 40, 50, 60]));
    expect(fit(grey, ['n', 1, 2]).tensor).toEqual(float32([1, 1, 2], [51, 255]));
    expect(fit(grey, [1, 1, 2, 1]).tensor).toEqual(float32([1, 1, 2, 1], [51, 255]));
    expect(fit(grey, ['n', 2]).tensor).toEqual(float32([1, 2], [51, 255]));
    expect(fit(grey, ['n', 1, 'h', 'w']).tensor).toEqual(float32([1, 1, 1, 2], [51, 255]));
  });

  test('changes its colours only with a note', () => {
    const one = fit(rgb, ['n', 1, 2]);
    expect(one.notes).toEqual(['colour to grey']);
    // 0.299 R + 0.587 G + 0.114 B
    expect(one.tensor).toEqual(float32([1, 1, 2], [18.15, 48.15]));
    const three = fit(grey, ['n', 1, 2, 3]);
    expect(three.notes).toEqual(['grey to RGB']);
    expect(three.tensor).toEqual(float32([1, 1, 2, 3], [51, 51, 51, 255, 255, 255]));
  });

  test('is scaled to 0…1 unless told otherwise', () => {
    const { tensor: result, notes } = fitInput({ kind: 'picture', picture: grey }, spec(['n', 1, 2]), {});
    expect(result).toEqual(float32([1, 1, 2], [0.2, 1]));
    expect(notes).toEqual(['values × 1/255']);
  });

  test('of another size is refused with both sizes', () => {
    expect(() => fit(rgb, ['n', 224, 200, 3])).toThrow(
      /input x: .*200×224 pixels for float32 \[n, 224, 200, 3\], found 2×1 pixels.*Resize/,
    );
    expect(() => fit(rgb, ['n', 5])).toThrow(/takes no picture/);
    expect(() => fit(rgb, [8, 1, 2, 3])).toThrow(/takes no picture/);
  });
});
