import type { Context } from '../../../onnx/evaluate/call.ts';
import { toReal } from '../../../onnx/evaluate/decode.ts';
import { evaluateNode } from '../../../onnx/evaluate/evaluate.ts';
import { kernelKey, KERNELS } from '../../../onnx/evaluate/kernels.ts';
import { isFloating, type Real } from '../../../onnx/evaluate/real.ts';
import type { Graph, Node, Value } from '../../../onnx/graph.ts';
import { readsSizeOnly } from '../dataflow.ts';
import { Operation, Unproven, type Bound, type Bounded } from './operation.ts';
import { BOUND_RULES } from './rules.ts';
import { EXACT, parameterRounding, unitOf, type Unit } from './unit.ts';

/** A stretch of a graph that is to be evaluated together with the errors of its evaluation in floats. */
export interface Fragment {
  readonly graph: Graph;
  /** In order. */
  readonly nodes: readonly Node[];
  /**
   * What it begins with: exactly, but that onnxruntime may hand a 16-bit float on from one node to the next as the
   * float32 it was before it was rounded.
   */
  readonly leaves: ReadonlyMap<Value, Real>;
  /** Constants that stand for real numbers to which they have been rounded. */
  readonly isRounded: (constant: Value) => boolean;
  /** Constants that were decoded for other samples. */
  readonly constants?: ConstantCache;
}

/** Elements of constants that are kept from one sample to the next: 64 MiB of float64, and as much for bounds. */
const MOST_CACHED = 2 ** 23;

/** Decoded constants, as far as there is room. */
export class ConstantCache {
  readonly #values = new Map<Value, Bounded>();
  #elements = 0;

  get(value: Value): Bounded | undefined {
    return this.#values.get(value);
  }

  add(value: Value, bounded: Bounded): void {
    this.#elements += bounded.value.data.length;
    if (this.#elements <= MOST_CACHED) this.#values.set(value, bounded);
  }
}

/**
 * The values of a fragment over the reals, with bounds on what computing them in floats may be off by.
 * @throws {Unproven} if there is an operator without a proven bound.
 */
export function boundFragment({
  graph,
  nodes,
  leaves,
  isRounded,
  constants = new ConstantCache(),
}: Fragment): ReadonlyMap<Value, Bounded> {
  const given = new Map([...leaves].map(([value, real]) => [value, asGiven(value, real)]));
  const scope = new Scope(graph, given, { isRounded, constants });
  for (const node of nodes) scope.evaluate(node);
  return scope.made;
}

const exactly = (value: Real): Bounded => ({ value, error: undefined, drift: undefined });

function asGiven(value: Value, real: Real): Bounded {
  const store = value.producer ? (unitOf(real.dtype)?.store ?? 0) : 0;
  if (store === 0 || real.dtype === 'string') return exactly(real);
  return { value: real, error: real.data.map((x) => Math.abs(x) * store), drift: undefined };
}

type Constants = Required<Pick<Fragment, 'isRounded' | 'constants'>>;

class Scope {
  readonly made = new Map<Value, Bounded>();
  readonly #graph: Graph;
  readonly #given: ReadonlyMap<Value, Bounded>;
  readonly #constants: Constants;
  readonly #parent: Scope | undefined;

  constructor(graph: Graph, given: ReadonlyMap<Value, Bounded>, constants: Constants, parent?: Scope) {
    this.#graph = graph;
    this.#given = given;
    this.#constants = constants;
    this.#parent = parent;
  }

  read(value: Value): Bounded {
    const { isRounded, constants } = this.#constants;
    const known = this.#given.get(value) ?? this.made.get(value) ?? constants.get(value);
    if (known) return known;
    if (!value.constant) return this.#parent?.read(value) ?? unread(value);
    const constant = parameter(toReal(value.constant.tensor(), value.name), isRounded(value));
    constants.add(value, constant);
    return constant;
  }

  evaluate(node: Node): void {
    const operands = node.inputs.map((input) => input && this.read(input));
    const results = node.opType === 'If' ? this.#branch(node, operands) : this.#call(node, operands);
    for (const [index, output] of node.outputs.entries()) {
      const result = results[index];
      if (output && result) this.made.set(output, result);
    }
  }

  /** The branch that is taken; which one must not depend on anything that is off. */
  #branch(node: Node, [condition]: readonly (Bounded | undefined)[]): readonly Bounded[] {
    if (!condition || condition.error) throw new Unproven(`${node.label} may take either branch`);
    const body = node.attributes.get(condition.value.data[0] ? 'then_branch' : 'else_branch');
    if (body?.kind !== 'graph') throw new Unproven(`${node.label} has no such branch`);
    const scope = new Scope(body.value, new Map(), this.#constants, this);
    for (const each of body.value.nodes) scope.evaluate(each);
    return body.value.outputs.map((output) => scope.read(output));
  }

  #call(node: Node, operands: readonly (Bounded | undefined)[]): readonly (Bounded | undefined)[] {
    if (!KERNELS.has(kernelKey(node, this.#graph))) throw new Unproven(`${node.label} is not evaluated`);
    const context: Context = { opset: this.#graph.opset };
    const inputs = operands.map((operand) => operand?.value);
    const results = evaluateNode(node, inputs, context);
    const magnitudes = new Map<string, Float64Array>();
    const boundsOf = (kind: 'error' | 'drift'): readonly Bound[] => {
      const unit = kind === 'drift' ? EXACT : unitFor(node, results);
      return boundsFor(new Operation(node, operands, results, context, kind, unit, magnitudes));
    };
    const errors = boundsOf('error');
    const drifts = operands.some((operand) => operand?.drift) ? boundsOf('drift') : [];
    return results.map((value, index) => value && { value, error: errors[index], drift: drifts[index] });
  }
}

function unread(value: Value): never {
  throw new Unproven(`${value.name} is made outside of what is looked at`);
}

/** A constant as it is, or as the nearest float to an unknown real number. */
function parameter(value: Real, isRounded: boolean): Bounded {
  if (!isRounded || value.dtype === 'string' || !isFloating(value.dtype)) return exactly(value);
  const unit = parameterRounding(value.dtype);
  if (!unit) throw new Unproven(`${value.dtype} is not judged in float64`);
  const error = value.data.map((element) => unit.sum * Math.abs(element) + unit.tiny);
  return { value, error, drift: error, relative: unit.sum };
}

/** Generated, not computed. */
const GENERATORS: readonly string[] = ['Constant', 'ConstantOfShape'];

function boundsFor(operation: Operation): readonly Bound[] {
  const { node, results } = operation;
  const isWhole = results.every((real) => !real || !isFloating(real.dtype));
  if (readsSizeOnly(node) || GENERATORS.includes(node.opType) || (isWhole && operation.isExact)) return [];
  if (isWhole) throw new Unproven(`${node.label} makes integers of numbers that are off, and may jump`);
  const rule = BOUND_RULES.get(node.domain === '' ? node.opType : `${node.domain}:${node.opType}`);
  if (!rule) throw new Unproven(`${node.label} has no proven error bound`);
  return rule(operation);
}

/** Results that are no floats are exact or nothing. */
function unitFor(node: Node, results: readonly (Real | undefined)[]): Unit {
  const float = results.find((real) => real && isFloating(real.dtype));
  if (!float) return EXACT;
  const unit = unitOf(float.dtype);
  if (!unit) throw new Unproven(`${node.label} is ${float.dtype}, which float64 cannot judge`);
  return unit;
}
