import { EdgefoldError } from '../../../errors.ts';
import { type Attribute } from '../../../onnx/attribute.ts';
import type { Context } from '../../../onnx/evaluate/call.ts';
import { evaluateNode } from '../../../onnx/evaluate/evaluate.ts';
import { isFloating, type NumericReal, type Real } from '../../../onnx/evaluate/real.ts';
import { Node } from '../../../onnx/graph.ts';
import { growth, type Unit } from './unit.ts';

/** How far the elements of a tensor may be from their exact values; absent where they are exact. */
export type Bound = Float64Array | undefined;

/** A tensor in float64 and how far off it may have been computed. */
export interface Bounded {
  /** What the element is over the reals. */
  readonly value: Real;
  /** |computed − exact|, everything taken together. */
  readonly error: Bound;
  /** The part of it that comes from parameters which are rounded, if all else were exact. */
  readonly drift: Bound;
  /** For parameters: both bounds are this share of the element and `tiny`. */
  readonly relative?: number;
}

/** An operator without a proven bound, or one whose result jumps. The region is then not proven. */
export class Unproven extends EdgefoldError {
  constructor(reason: string) {
    super('UNSUPPORTED', reason);
  }
}

/** Bounds for each output of an operator; `Operation` says what a rule may ask. */
export type BoundRule = (operation: Operation) => readonly Bound[];

/** One operator on bounded inputs, for one kind of bound: with rounding, or without. */
export class Operation {
  readonly node: Node;
  readonly operands: readonly (Bounded | undefined)[];
  readonly results: readonly (Real | undefined)[];
  readonly context: Context;
  readonly unit: Unit;
  readonly kind: 'error' | 'drift';
  readonly #magnitudes: Map<string, Float64Array>;

  constructor(
    node: Node,
    operands: readonly (Bounded | undefined)[],
    results: readonly (Real | undefined)[],
    context: Context,
    kind: 'error' | 'drift',
    unit: Unit,
    magnitudes: Map<string, Float64Array>,
  ) {
    this.node = node;
    this.operands = operands;
    this.results = results;
    this.context = context;
    this.kind = kind;
    this.unit = unit;
    this.#magnitudes = magnitudes;
  }

  /** The same inputs to a standard operator with the same attributes. */
  as(opType: string): Operation {
    const node = new Node(opType, { name: this.node.name, inputs: [], outputs: [], attributes: Object.fromEntries(this.node.attributes) }); // prettier-ignore
    return new Operation(node, this.operands, this.results, this.context, this.kind, this.unit, this.#magnitudes);
  }

  /** @throws {Unproven} if the input holds no numbers. */
  value(index: number): NumericReal {
    const value = this.operands[index]?.value;
    if (!value || value.dtype === 'string') throw new Unproven(`${this.node.label} has no numbers as input ${index}`);
    return value;
  }

  bound(index: number): Bound {
    return this.operands[index]?.[this.kind];
  }

  /** The bound of an input, zeros where it is exact. */
  errors(index: number): Float64Array {
    return this.bound(index) ?? new Float64Array(this.value(index).data.length);
  }

  /** What the result is over the reals. */
  get result(): Float64Array {
    const [result] = this.results;
    if (!result || result.dtype === 'string') throw new Unproven(`${this.node.label} has no numbers as output`);
    return result.data;
  }

  get isExact(): boolean {
    return this.operands.every((operand) => operand?.[this.kind] === undefined);
  }

  /** k roundings in a row, relative. */
  growth(k: number): number {
    return growth(this.unit, k);
  }

  /** What k products lose where they underflow. */
  tiny(k: number): number {
    return k * this.unit.tiny;
  }

  /** The operator, or another one with its attributes, on other numbers. */
  evaluate(inputs: readonly (Real | undefined)[], opType = this.node.opType): Float64Array {
    const node = opType === this.node.opType ? this.node : withAttributes(this.node, opType);
    return numbers(evaluateNode(node, inputs, this.context)[0], node);
  }

  /** The operator on the magnitudes of its inputs: Σ|w||x|, computed once. */
  magnitudes(node = this.node): Float64Array {
    const known = this.#magnitudes.get('magnitudes');
    if (known) return known;
    const inputs = this.operands.map((operand) => operand && absolute(operand.value));
    const made = numbers(evaluateNode(node, inputs, this.context)[0], node);
    this.#magnitudes.set('magnitudes', made);
    return made;
  }

  /** The operator on |x| + e of every input. */
  outerMagnitudes(node = this.node): Float64Array {
    const inputs = this.operands.map((operand) => operand && plus(absolute(operand.value), operand[this.kind]));
    return numbers(evaluateNode(node, inputs, this.context)[0], node);
  }
}

/** The input of an operation as a tensor of other numbers. */
export function withData(like: Real, data: Float64Array): NumericReal {
  return { dtype: like.dtype === 'string' ? 'float32' : like.dtype, shape: like.shape, data };
}

/** A node for evaluation only, in no graph. */
export function withAttributes(node: Node, opType: string, changed: Readonly<Record<string, Attribute>> = {}): Node {
  const attributes = { ...Object.fromEntries(node.attributes), ...changed };
  return new Node(opType, { name: node.name, domain: node.domain, inputs: [], outputs: [], attributes });
}

/** Magnitudes of constants serve every sample. */
const ABSOLUTES = new WeakMap<Real, NumericReal>();

/** Integers, such as axes, stay as they are. */
function absolute(value: Real): Real {
  if (value.dtype === 'string' || !isFloating(value.dtype)) return value;
  const known = ABSOLUTES.get(value);
  if (known) return known;
  const made = { ...value, data: value.data.map(Math.abs) };
  ABSOLUTES.set(value, made);
  return made;
}

function plus(value: Real, bound: Bound): Real {
  if (!bound || value.dtype === 'string') return value;
  return { ...value, data: value.data.map((element, i) => element + bound[i]!) };
}

function numbers(real: Real | undefined, node: Node): Float64Array {
  if (!real || real.dtype === 'string') throw new Unproven(`${node.label} makes no numbers`);
  return real.data;
}
