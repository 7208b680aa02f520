import { EdgefoldError } from '../errors.ts';
import type { TensorSpec } from '../runtime/model.ts';
import { sizeOf, type DType, type DTypeArray, type Tensor } from '../tensor.ts';
import { numberToFloat16 } from '../half.ts';
import { sampleSettings, type Range, type SampleOptions, type SampleSettings } from './sample-options.ts';

const BATCHES = [1, 3] as const;
/** Enough for the usual five halvings of an image, small enough for any sequence model. */
const OTHER_SYMBOL_SIZE = 32;
/** 1 GiB of float32; a larger input comes from a broken or hostile file. */
const MAX_ELEMENTS = 2 ** 28;

export type Sample = Readonly<Record<string, Tensor>>;

/**
 * Inputs for a model, the same on every platform for the same seed. Sample k is a function of seed, k and the
 * inputs alone, so a longer run starts with the samples of a shorter one.
 * @throws {EdgefoldError} LIMIT (an input too large to make), UNSUPPORTED (a dtype that no runtime takes).
 */
export function generateSamples(specs: readonly TensorSpec[], options: SampleOptions = {}): readonly Sample[] {
  const settings = sampleSettings(options);
  return Array.from({ length: settings.samples }, (_, sample) =>
    Object.fromEntries(specs.map((spec, input) => [spec.name, generateTensor(specs, input, sample, settings)])),
  );
}

function generateTensor(specs: readonly TensorSpec[], input: number, sample: number, settings: SampleSettings): Tensor {
  const { name, dtype, shape: dims } = specs[input]!;
  const shape = dims.map((dim, axis) =>
    typeof dim === 'number' ? dim : symbolSize(specs, dim, axis, sample, settings),
  );
  const where = `input ${name}`;
  if (sizeOf(shape) > MAX_ELEMENTS) {
    const expected = `at most ${String(MAX_ELEMENTS)} elements`;
    throw new EdgefoldError('LIMIT', 'no test input is made this large', {
      where,
      expected,
      received: `[${shape.join(', ')}]`,
    });
  }
  const random = randomStream(settings.seed, sample, input);
  if (dtype === 'string') return { dtype, shape, data: texts(sizeOf(shape), wordsFor(name, settings), sample, random) };
  const generate = GENERATORS[dtype];
  if (!generate)
    throw new EdgefoldError('UNSUPPORTED', `no test inputs are made for ${dtype}`, { where, hint: 'Give inputs.' });
  const [range, integers] = rangeOf(dtype, settings);
  const numbers = values(sizeOf(shape), range, integers, sample, random);
  return { dtype, shape, data: generate(numbers) };
}

function symbolSize(
  specs: readonly TensorSpec[],
  symbol: string,
  axis: number,
  sample: number,
  { symbols }: SampleSettings,
): number {
  if (Object.hasOwn(symbols, symbol)) return symbols[symbol]!;
  const isBatch = axis === 0 || (symbol !== '' && specs.some(({ shape }) => shape[0] === symbol));
  return isBatch ? BATCHES[sample % BATCHES.length]! : OTHER_SYMBOL_SIZE;
}

const GENERATORS: Partial<Record<DType, (values: Float64Array) => DTypeArray[DType]>> = {
  float32: (values) => Float32Array.from(values),
  float64: (values) => values,
  float16: (values) => Uint16Array.from(values, numberToFloat16),
  int8: (values) => Int8Array.from(values),
  uint8: (values) => Uint8Array.from(values),
  int16: (values) => Int16Array.from(values),
  uint16: (values) => Uint16Array.from(values),
  int32: (values) => Int32Array.from(values),
  uint32: (values) => Uint32Array.from(values),
  int64: (values) => BigInt64Array.from(values, BigInt),
  uint64: (values) => BigUint64Array.from(values, BigInt),
  bool: (values) => Uint8Array.from(values),
};

/** The range and whether it holds whole numbers. ONNX takes indices as int32 and int64 only. */
function rangeOf(dtype: DType, { floatRange, integerRange }: SampleSettings): readonly [Range, boolean] {
  if (dtype.startsWith('float')) return [floatRange, false];
  if (dtype === 'int32' || dtype === 'int64') return [integerRange, true];
  if (dtype === 'bool') return [[0, 1], true];
  return [dtype.startsWith('u') ? [0, 255] : [-128, 127], true];
}

/**
 * By turns: uniform; uniform; half of the elements 0 (or what of the range is nearest to it); every element at one
 * end of the range or the other.
 *
 * No sample is constant. In a constant picture every position rounds alike, so where a network averages over
 * positions the errors add up instead of cancelling, and a sound model looks defective (see tolerances.ts).
 */
function values(count: number, range: Range, integers: boolean, sample: number, random: () => number): Float64Array {
  const [low, high] = range;
  const zero = Math.min(Math.max(0, low), high);
  const uniform = integers ? () => low + Math.floor(random() * (high - low + 1)) : () => low + random() * (high - low);
  const patterns = [uniform, uniform, () => (random() < 0.5 ? zero : uniform()), () => (random() < 0.5 ? low : high)];
  return Float64Array.from({ length: count }, patterns[sample % patterns.length]!);
}

/** For inputs of which no word is known: short and long, empty, of several words, beyond ASCII. */
const WORDS = ['a', 'cat', 'The cat sat.', '', '42', 'straße', '猫', 'unforeseeably'] as const;

/** The words that an input is said to know, and one that it does not. */
function wordsFor(name: string, { words }: SampleSettings): readonly string[] {
  const known = Object.hasOwn(words, name) ? words[name]! : [];
  if (known.length === 0) return WORDS;
  let unknown = 'unknown';
  while (known.includes(unknown)) unknown += '?';
  return [...known, unknown];
}

/** Words by the same patterns as numbers: all of them, the first more often, only the first and the last. */
function texts(count: number, words: readonly string[], sample: number, random: () => number): readonly string[] {
  return Array.from(values(count, [0, words.length - 1], true, sample, random), (at) => words[at]!);
}

/** Numbers in [0, 1) from mulberry32, started from a mix of its three arguments. */
function randomStream(seed: number, sample: number, input: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) ^ Math.imul(sample + 1, 0x85ebca6b) ^ Math.imul(input + 1, 0xc2b2ae35);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
