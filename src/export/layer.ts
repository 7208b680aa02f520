import { EdgefoldError } from '../errors.ts';
import { NO_ARGUMENTS, type CallArguments } from './call-arguments.ts';
import type { JsonObject, JsonValue, SourceFile, SourceLayer, SourceWeight } from './source-model.ts';

/**
 * Bounds on what a configuration may ask for. They lie far beyond any real model and keep sizes computed from
 * hostile files exact.
 */
const MAX_SIZE = 2 ** 31 - 1;

/** What the lowerings need to know of the file a layer comes from. */
export type Origin = Pick<SourceFile, 'format' | 'kerasVersion' | 'kerasMajor'>;

/** One layer as its lowering sees it: checked access to its configuration and weights. */
export class Layer {
  readonly source: SourceLayer;
  readonly origin: Origin;
  /** Whether this call asks for training behaviour: `dropout(x, training=True)`. */
  readonly training: boolean;
  /** Whether this call heeds the mask of its input; one that does not may still hand it on. */
  readonly heedsMask: boolean;
  /** What this call is given, by place and name; for layers to which it matters which tensor is which. */
  readonly call: CallArguments;

  constructor(source: SourceLayer, origin: Origin, training = false, heedsMask = true, call = NO_ARGUMENTS) {
    this.source = source;
    this.origin = origin;
    this.training = training;
    this.heedsMask = heedsMask;
    this.call = call;
  }

  get name(): string {
    return this.source.name;
  }

  get className(): string {
    return this.source.className;
  }

  /** How messages name it. */
  get label(): string {
    return `${this.source.name} (${this.source.sourceClassName})`;
  }

  get kerasMajor(): 2 | 3 {
    return this.origin.kerasMajor;
  }

  /** A configuration entry; `undefined` if it is absent or null. Tuples and arrays written as objects are lists. */
  value(key: string): JsonValue | undefined {
    return Object.hasOwn(this.source.config, key) ? plain(this.source.config[key]!) : undefined;
  }

  number(key: string, otherwise: number): number {
    const value = this.value(key) ?? otherwise;
    return typeof value === 'number' ? value : this.malformed(key, 'a number');
  }

  integer(key: string, otherwise: number): number {
    const value = this.number(key, otherwise);
    return Number.isSafeInteger(value) && Math.abs(value) <= MAX_SIZE ? value : this.malformed(key, 'an integer');
  }

  /** An integer of at least 1. */
  size(key: string, otherwise?: number): number {
    const value = this.integer(key, otherwise ?? NaN);
    return value >= 1 ? value : this.malformed(key, 'a positive integer');
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.value(key) ?? otherwise;
    if (typeof value === 'boolean') return value;
    return value === 0 || value === 1 ? value === 1 : this.malformed(key, 'true or false');
  }

  choice<T extends string>(key: string, choices: readonly T[], otherwise: T): T {
    const value = this.value(key) ?? otherwise;
    return choices.find((choice) => choice === value) ?? this.malformed(key, choices.join(' or '));
  }

  /** `count` integers of at least `least`; one integer stands for all of them. */
  sizes(key: string, count: number, otherwise?: number | readonly number[], least = 1): number[] {
    const value = this.value(key) ?? otherwise;
    const list = typeof value === 'number' ? new Array<number>(count).fill(value) : value;
    const valid = (size: JsonValue) => Number.isSafeInteger(size) && Number(size) >= least && Number(size) <= MAX_SIZE;
    if (isList(list) && list.length === count && list.every(valid)) return list.map(Number);
    return this.malformed(key, `${count} integers of at least ${least}`);
  }

  /** Any integers, as many as there are. */
  integers(key: string): number[] | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    const list = isList(value) ? value : [value];
    const valid = (entry: JsonValue) => Number.isSafeInteger(entry) && Math.abs(Number(entry)) <= MAX_SIZE;
    return list.every(valid) ? list.map(Number) : this.malformed(key, 'integers');
  }

  /** An axis of a tensor of this rank, counted from 0; negative ones count from the end. */
  axis(key: string, rank: number, otherwise: number): number {
    return this.#axis(key, this.axes(key, rank, [otherwise]));
  }

  /** Several axes, sorted; one integer is a list of one. */
  axes(key: string, rank: number, otherwise: readonly number[]): number[] {
    const axes = (this.integers(key) ?? otherwise).map((axis) => (axis < 0 ? axis + rank : axis));
    const valid = axes.every((axis) => axis >= 0 && axis < rank) && new Set(axes).size === axes.length;
    return valid ? axes.sort((a, b) => a - b) : this.malformed(key, `different axes of a tensor of rank ${rank}`);
  }

  /**
   * The weight of this name, checked against the shape that the configuration demands.
   * @param names several where the generations of Keras name it differently.
   * @throws {EdgefoldError} WEIGHTS if it is missing or of another shape.
   */
  weight(names: string | readonly string[], shape: readonly number[]): SourceWeight {
    const wanted = typeof names === 'string' ? [names] : names;
    const weight = this.source.weights.find(({ name }) => wanted.includes(name));
    const expected = `[${shape.join(', ')}]`;
    if (!weight) {
      const found = this.source.weights.map(({ name }) => name).join(', ');
      throw new EdgefoldError('WEIGHTS', `the weight ${wanted[0]!} is missing`, {
        where: this.label,
        expected: `shape ${expected}`,
        received: found === '' ? 'no weights' : `only ${found}`,
        hint: 'The file may hold only the architecture, or belong to another version of the model.',
      });
    }
    if (weight.shape.length === shape.length && weight.shape.every((dim, i) => dim === shape[i])) return weight;
    throw new EdgefoldError('WEIGHTS', `the weight ${weight.name} does not fit the layer`, {
      where: `${this.label}, ${weight.path}`,
      expected: `shape ${expected}`,
      received: `[${weight.shape.join(', ')}]`,
      hint: 'Architecture and weights are not of the same model.',
    });
  }

  /** @throws {EdgefoldError} UNSUPPORTED, always: this layer, with these options, has no exact ONNX form here. */
  unsupported(reason: string, hint?: string): never {
    throw new EdgefoldError('UNSUPPORTED', reason, { where: this.label, ...(hint === undefined ? {} : { hint }) });
  }

  /** @throws {EdgefoldError} CORRUPT, always: a configuration entry makes no sense. */
  malformed(key: string, expected: string): never {
    throw new EdgefoldError('CORRUPT', `the configuration entry ${key} makes no sense`, {
      where: this.label,
      expected,
      received: shortJson(this.source.config[key]),
    });
  }

  #axis(key: string, axes: readonly number[]): number {
    return axes.length === 1 ? axes[0]! : this.malformed(key, 'one axis');
  }
}

export function isList(value: unknown): value is readonly JsonValue[] {
  return Array.isArray(value);
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The number lists and tuples that Keras wraps in objects, unwrapped; null is absence. */
function plain(value: JsonValue): JsonValue | undefined {
  if (isObject(value)) {
    if (value.class_name === '__tuple__' && isList(value.items)) return value.items;
    if (value.class_name === '__numpy__' && isObject(value.config)) return value.config.value;
  }
  return value ?? undefined;
}

function shortJson(value: JsonValue | undefined): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
