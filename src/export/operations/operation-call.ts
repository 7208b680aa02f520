import type { Dim, DType } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { isList, isObject, type Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { JsonValue, WrittenConstant } from '../source-model.ts';
import { arrayOf, NUMBER_TYPES, type ArrayConstant } from './array-constant.ts';
import { constantHandle } from './constant-handle.ts';

/** What stands in the place of a parameter: a tensor of the model, several things, or a constant. */
export type Argument = { readonly tensor: Handle } | { readonly list: readonly Argument[] } | WrittenConstant;

/** A tensor of the model, or numbers written in the file. */
export type Operand = Handle | ArrayConstant;

/** Far more than anyone writes into a configuration by hand. */
const MAX_ARGUMENT = 2 ** 53;

/** One use of an operation: its arguments by the names of its parameters, wherever the file has them. */
export class OperationCall {
  readonly layer: Layer;
  /** How messages name the operation: `math.add`. */
  readonly name: string;
  readonly #arguments: ReadonlyMap<string, Argument>;
  readonly #graph: GraphWriter;

  constructor(layer: Layer, name: string, given: ReadonlyMap<string, Argument>, graph: GraphWriter) {
    this.layer = layer;
    this.name = name;
    this.#arguments = given;
    this.#graph = graph;
  }

  /** Whether the parameter is given as something other than None. */
  has(parameter: string): boolean {
    const argument = this.#arguments.get(parameter);
    return argument !== undefined && !('constant' in argument && argument.constant === null);
  }

  /** The tensor, or the constant made one. */
  tensor(parameter: string): Handle {
    const operand = this.operand(parameter);
    return 'value' in operand ? operand : constantHandle(operand, this.#graph, parameter);
  }

  operand(parameter: string): Operand {
    const argument = this.#arguments.get(parameter);
    if (argument === undefined) return this.unsupported(`it has no ${parameter}`);
    return this.#operand(argument, parameter);
  }

  /** A list of tensors; one tensor is a list of itself. */
  tensors(parameter: string): readonly Handle[] {
    const argument = this.#arguments.get(parameter);
    const list = argument === undefined ? [] : this.#members(argument);
    if (list.length === 0) return this.unsupported(`it has no ${parameter}`);
    return list.map((item, i) => {
      const operand = this.#operand(item, parameter);
      return 'value' in operand ? operand : constantHandle(operand, this.#graph, `${parameter}_${i}`);
    });
  }

  /** Numbers, and tensors of one number, as shapes are given in Keras 2. */
  sizes(parameter: string): readonly (number | Handle)[] | undefined {
    const argument = this.#arguments.get(parameter);
    if (argument === undefined || !this.has(parameter)) return undefined;
    if ('tensor' in argument) return undefined;
    return this.#members(argument).map((item) => {
      if ('tensor' in item) return item.tensor;
      const value = 'constant' in item ? item.constant : undefined;
      return typeof value === 'number' ? this.#checked(value, parameter) : this.malformed(parameter, 'integers');
    });
  }

  /** A constant; `undefined` if it is absent or None. */
  value(parameter: string): JsonValue | undefined {
    const argument = this.#arguments.get(parameter);
    if (argument === undefined) return undefined;
    if (!('constant' in argument)) return this.unsupported(`its ${parameter} is computed when the model runs`);
    const { constant } = argument;
    if (!isObject(constant)) return constant ?? undefined;
    const array = arrayOf(constant);
    return array ? nested(array) : constant;
  }

  number(parameter: string, otherwise: number): number {
    const value = this.value(parameter) ?? otherwise;
    return typeof value === 'number' ? value : this.malformed(parameter, 'a number');
  }

  integer(parameter: string, otherwise: number): number {
    return this.#checked(this.number(parameter, otherwise), parameter);
  }

  flag(parameter: string, otherwise: boolean): boolean {
    const value = this.value(parameter) ?? otherwise;
    return typeof value === 'boolean' ? value : this.malformed(parameter, 'true or false');
  }

  text(parameter: string, otherwise: string): string {
    const value = this.value(parameter) ?? otherwise;
    return typeof value === 'string' ? value : this.malformed(parameter, 'a text');
  }

  /** A type of numbers, as Keras (`float32`) or protobuf (`DT_FLOAT`) writes it. */
  dtype(parameter: string, otherwise: DType): DType {
    const name = this.text(parameter, otherwise).replace(/^DT_/, '').toLowerCase();
    return NUMBER_TYPES.get(name) ?? this.malformed(parameter, 'a type of numbers');
  }

  /** Integers; one stands for a list of itself. `undefined` for None. */
  integers(parameter: string): readonly number[] | undefined {
    const value = this.value(parameter);
    if (value === undefined) return undefined;
    const list: readonly JsonValue[] = isList(value) ? value : [value];
    return list.map((item) =>
      typeof item === 'number' ? this.#checked(item, parameter) : this.malformed(parameter, 'integers'),
    );
  }

  /** An axis of a tensor of this rank, from 0. */
  axis(parameter: string, rank: number, otherwise: number): number {
    return this.#axis(this.integer(parameter, otherwise), rank, parameter);
  }

  /** Axes of a tensor of this rank, from 0, in the order given; `undefined` for None. */
  axes(parameter: string, rank: number): readonly number[] | undefined {
    const axes = this.integers(parameter)?.map((axis) => this.#axis(axis, rank, parameter));
    return axes && new Set(axes).size !== axes.length ? this.malformed(parameter, 'different axes') : axes;
  }

  /** A size that must be known to write the operation. */
  known(dim: Dim | undefined, what: string): number {
    return typeof dim === 'number' ? dim : this.unsupported(`${what} is known only when the model runs`);
  }

  unsupported(reason: string, hint?: string): never {
    return this.layer.unsupported(reason, hint);
  }

  malformed(parameter: string, expected: string): never {
    return this.unsupported(`its argument ${parameter} is not ${expected}`, 'The model is not well formed.');
  }

  #operand(argument: Argument, parameter: string): Operand {
    if ('tensor' in argument) return argument.tensor;
    if ('list' in argument) return this.unsupported(`its ${parameter} is a list that holds tensors`);
    const array = arrayOf(argument.constant) ?? this.malformed(parameter, 'a tensor or numbers');
    return argument.isFloat && array.dtype === undefined ? { ...array, dtype: 'float32' } : array;
  }

  #members(argument: Argument): readonly Argument[] {
    if ('list' in argument) return argument.list;
    if ('constant' in argument && isList(argument.constant)) return argument.constant.map((constant) => ({ constant }));
    return [argument];
  }

  #axis(axis: number, rank: number, parameter: string): number {
    const at = axis < 0 ? axis + rank : axis;
    return at >= 0 && at < rank ? at : this.malformed(parameter, `an axis of a tensor of rank ${rank}`);
  }

  #checked(value: number, parameter: string): number {
    return Number.isSafeInteger(value) && Math.abs(value) < MAX_ARGUMENT
      ? value
      : this.malformed(parameter, 'an integer');
  }
}

/** An array as lists in lists, the form in which most configurations have it. */
function nested({ shape, data }: ArrayConstant): JsonValue {
  if (shape.length === 0) return data[0]!;
  const [count, ...rest] = shape as [number, ...number[]];
  const size = data.length / Math.max(1, count);
  return Array.from({ length: count }, (_, i) =>
    nested({ shape: rest, data: data.slice(i * size, (i + 1) * size), dtype: undefined }),
  );
}
