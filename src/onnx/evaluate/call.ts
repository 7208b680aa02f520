import { EdgefoldError, type ErrorCode } from '../../errors.ts';
import type { DType } from '../../tensor.ts';
import type { Graph, Node } from '../graph.ts';
import { normalAxis } from '../shapes/dims.ts';
import type { NumericReal, Real } from './real.ts';

export interface Context {
  /** Version of ai.onnx that the model uses. */
  readonly opset: number;
  /** Evaluates the body of an If, Loop or Scan; absent where a node is evaluated on its own. */
  readonly evaluateBody?: (body: Graph, inputs: readonly Real[]) => readonly Real[];
}

/** One operator: its outputs from its inputs, both in the order of the node. */
export type Kernel = (node: Node, inputs: readonly (Real | undefined)[], context: Context) => readonly (Real | undefined)[]; // prettier-ignore

/** What the rule of an operator may ask about the call it is for. */
export type Rule = (call: Call) => readonly (Real | undefined)[];

export class Call {
  readonly node: Node;
  readonly inputs: readonly (Real | undefined)[];
  readonly context: Context;

  constructor(node: Node, inputs: readonly (Real | undefined)[], context: Context) {
    this.node = node;
    this.inputs = inputs;
    this.context = context;
  }

  get opset(): number {
    return this.context.opset;
  }

  has(index: number): boolean {
    return this.inputs[index] !== undefined;
  }

  /** @throws {EdgefoldError} CORRUPT if the input is left out. */
  any(index: number): Real {
    return this.inputs[index] ?? this.fault('an input is missing', `input ${String(index)}`);
  }

  /** @throws {EdgefoldError} CORRUPT if the input is left out or holds strings. */
  input(index: number): NumericReal {
    const input = this.any(index);
    if (input.dtype === 'string') this.fault('an input is of the wrong kind', 'numbers', 'strings');
    return input;
  }

  optional(index: number): NumericReal | undefined {
    return this.has(index) ? this.input(index) : undefined;
  }

  /** The elements of a small input: axes, pads, a shape. */
  numbers(index: number): number[] {
    return [...this.input(index).data];
  }

  /** The only element of an input, or `otherwise` if it is left out. */
  scalar(index: number, otherwise: number): number {
    const input = this.optional(index);
    if (!input) return otherwise;
    return input.data.length === 1 ? input.data[0]! : this.fault('an input is not a single number', '1 element', String(input.data.length)); // prettier-ignore
  }

  /** Integers given by an attribute in older opsets and by input `index` in newer ones; ±∞ for "no bound". */
  ints(attribute: string, index: number): number[] | undefined {
    const given = this.node.attributes.get(attribute);
    if (given?.kind === 'ints') return given.value.map(Number);
    return this.has(index) ? this.numbers(index) : undefined;
  }

  floats(attribute: string): readonly number[] | undefined {
    const given = this.node.attributes.get(attribute);
    return given?.kind === 'floats' ? given.value : undefined;
  }

  strings(attribute: string): readonly string[] | undefined {
    const given = this.node.attributes.get(attribute);
    return given?.kind === 'strings' ? given.value : undefined;
  }

  /** @throws {EdgefoldError} CORRUPT if the axis is out of range. */
  axis(axis: number, rank: number): number {
    return normalAxis(axis, rank) ?? this.fault('an axis is out of range', `rank ${String(rank)}`, String(axis));
  }

  /** One of several things by the name that a string attribute gives. @throws {EdgefoldError} UNSUPPORTED. */
  chosen<T>(attribute: string, otherwise: string, from: Readonly<Record<string, T>>): T {
    const name = this.node.string(attribute, otherwise);
    return Object.hasOwn(from, name) ? from[name]! : this.unsupported(`this ${attribute} is unknown`, name);
  }

  body(name: string): Graph {
    const attribute = this.node.attributes.get(name);
    return attribute?.kind === 'graph' ? attribute.value : this.fault(`it has no graph ${name}`);
  }

  evaluateBody(body: Graph, inputs: readonly Real[]): readonly Real[] {
    const evaluate = this.context.evaluateBody ?? this.unsupported('its body cannot be evaluated here');
    return evaluate(body, inputs);
  }

  /** One output like an input, of the same dtype. */
  one(shape: readonly number[], data: Float64Array, dtype?: Exclude<DType, 'string'>): readonly [NumericReal] {
    return [{ dtype: dtype ?? this.input(0).dtype, shape, data }];
  }

  fault(summary: string, expected?: string, received?: string): never {
    throw this.#error('CORRUPT', summary, expected, received);
  }

  unsupported(summary: string, received?: string): never {
    throw this.#error('UNSUPPORTED', summary, undefined, received);
  }

  #error(code: ErrorCode, summary: string, expected?: string, received?: string): EdgefoldError {
    return new EdgefoldError(code, summary, {
      where: this.node.label,
      ...(expected === undefined ? {} : { expected }),
      ...(received === undefined ? {} : { received }),
    });
  }
}

/** Shapes in messages. */
export const text = (shape: readonly number[]): string => `[${shape.join(', ')}]`;
