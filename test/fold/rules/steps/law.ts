import { describe, expect, test } from 'vitest';
import { affine, vectorOf, type Affine } from '../../../../src/fold/algebra/affine.ts';
import { Facts } from '../../../../src/fold/facts.ts';
import { Constants } from '../../../../src/fold/lift/constants.ts';
import { ruleOf } from '../../../../src/fold/rules/index.ts';
import type { Step } from '../../../../src/fold/rules/rule.ts';
import type { Attribute } from '../../../../src/onnx/attribute.ts';
import { Node, Value } from '../../../../src/onnx/graph.ts';
import { inferTypes } from '../../../../src/onnx/shapes/infer.ts';
import { float32, type Dim } from '../../../../src/tensor.ts';
import { Fixture } from '../../fixture.ts';

/** What one operator asks for one affine: each line is a law of its own, and was worked out by hand. */

type Attributes = Readonly<Record<string, Attribute>>;
type Inputs = (f: Fixture) => readonly (Value | undefined)[];
/** An output or input, with the axis, scales and shifts that it must come to hold; or 'absorbs'; or a part of the reason why not. */
type Wanted = string | readonly Target[];
type Target = readonly [name: string, axis: number, scale: readonly number[], shift: readonly number[]];

export interface Law {
  readonly op: string;
  readonly inputs: Inputs;
  readonly attributes?: Attributes;
  readonly opset?: number;
  readonly domain?: string;
  readonly outputs?: number;
  readonly index?: number;
  readonly of: Affine;
  readonly back?: Wanted;
  readonly forward?: Wanted;
}

export const by = (axis: number, scale: readonly number[], shift: readonly number[] = [0]): Affine =>
  affine(axis, vectorOf(scale), vectorOf(shift));
export const x =
  (...shape: Dim[]): Inputs =>
  (f) => [f.input(shape)];
export const unknown = (f: Fixture, name = 'x', dtype: 'float32' | 'int64' = 'float32') =>
  f.graph.input(name, { dtype });
export const vague: Inputs = (f) => [unknown(f)];
export const and = (first: Inputs, ...more: ((f: Fixture) => Value | undefined)[]): Inputs => (f) => [...first(f), ...more.map((one) => one(f))]; // prettier-ignore
export const also =
  (name: string, ...shape: Dim[]) =>
  (f: Fixture) =>
    f.input(shape, name);
export const whole =
  (name: string, ...values: number[]) =>
  (f: Fixture) =>
    f.shape(values, name);
export const numbers = (name: string, shape: readonly number[], ...values: number[]) => (f: Fixture) => f.graph.constant(name, float32(shape, values)); // prettier-ignore
export const weights =
  (name: string, ...shape: number[]) =>
  (f: Fixture) =>
    f.integers(shape, name);
export const runtime = (name: string) => (f: Fixture) => unknown(f, name, 'int64');

function stepOf(
  { op, inputs, attributes = {}, opset = 17, domain = '', outputs = 1, index = 0, of }: Law,
  direction: 'back' | 'forward',
): Step {
  // prettier-ignore
  const f = new Fixture(opset);
  if (domain !== '') f.graph.model.opsets.set(domain, 1);
  const made = Array.from({ length: outputs }, (_, n) => new Value(n === 0 ? 'y' : `y${n}`));
  const node = new Node(op, { name: 'node', domain, inputs: inputs(f), outputs: made, attributes });
  f.graph.nodes.push(node);
  const graph = f.done(made[0]!);
  const types = inferTypes(graph, new Set());
  const facts = new Facts(graph, types, new Constants(graph, types, new Set()));
  const rule = ruleOf(node, graph)!;
  const step = direction === 'back' ? rule.back?.(node, of, facts, index) : rule.forward?.(node, index, of, facts);
  return step ?? { kind: 'refuse', reason: 'no way' };
}

function check(law: Law, direction: 'back' | 'forward'): void {
  const wanted = law[direction];
  if (wanted === undefined) return;
  const step = stepOf(law, direction);
  if (wanted === 'absorbs') expect(step).toMatchObject({ kind: 'absorb' });
  else if (typeof wanted === 'string') expect(step.kind === 'refuse' ? step.reason : step).toContain(wanted);
  else {
    const option = step.kind === 'either' ? step.options[0]! : step;
    if (option.kind !== 'push') throw new Error(option.kind === 'refuse' ? option.reason : option.kind);
    const got = option.to.map(({ value, affine: { axis, scale, shift } }) => [value.name, axis, scale.map(({ hi }) => hi + 0), shift.map(({ hi }) => hi + 0)]); // prettier-ignore
    expect(got).toEqual(wanted);
  }
}

export const s2 = by(1, [2, 3], [5, 7]);
export const all = by(0, [2], [5]);
export const pads = (...values: number[]) => whole('pads', ...values);

const shown = (value: Affine) => `${value.axis}: ${value.scale.map(({ hi }) => hi).join()} ${value.shift.map(({ hi }) => hi).join()}`; // prettier-ignore

/** One test for each law and each direction of which it speaks. */
export function checkEach(all: readonly Law[]): void {
  describe.each(['back', 'forward'] as const)('the way %s', (direction) => {
    const laws = all.filter((law) => law[direction] !== undefined);
    test.each(laws.map((law, n) => [`${law.op} ${n}, of input ${law.index ?? 0} [${shown(law.of)}]`, law] as const))('%s', (_, law) => {
      check(law, direction);
    }); // prettier-ignore
  });
}
