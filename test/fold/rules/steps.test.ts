import { describe, expect, test } from 'vitest';
import { affine, vectorOf, type Affine } from '../../../src/fold/algebra/affine.ts';
import { Facts } from '../../../src/fold/facts.ts';
import { Constants } from '../../../src/fold/lift/constants.ts';
import { ruleOf } from '../../../src/fold/rules/index.ts';
import type { Step } from '../../../src/fold/rules/rule.ts';
import { float, int, ints, string, type Attribute } from '../../../src/onnx/attribute.ts';
import { Node, Value } from '../../../src/onnx/graph.ts';
import { inferTypes } from '../../../src/onnx/shapes/infer.ts';
import { float32, type Dim } from '../../../src/tensor.ts';
import { Fixture } from '../fixture.ts';

/** What one operator asks for one affine: each line is a law of its own, and was worked out by hand. */

type Attributes = Readonly<Record<string, Attribute>>;
type Inputs = (f: Fixture) => readonly (Value | undefined)[];
/** An output or input, with the axis, scales and shifts that it must come to hold; or 'absorbs'; or a part of the reason why not. */
type Wanted = string | readonly Target[];
type Target = readonly [name: string, axis: number, scale: readonly number[], shift: readonly number[]];

interface Law {
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

const by = (axis: number, scale: readonly number[], shift: readonly number[] = [0]): Affine =>
  affine(axis, vectorOf(scale), vectorOf(shift));
const x =
  (...shape: Dim[]): Inputs =>
  (f) => [f.input(shape)];
const unknown = (f: Fixture, name = 'x', dtype: 'float32' | 'int64' = 'float32') => f.graph.input(name, { dtype });
const vague: Inputs = (f) => [unknown(f)];
const and = (first: Inputs, ...more: ((f: Fixture) => Value | undefined)[]): Inputs => (f) => [...first(f), ...more.map((one) => one(f))]; // prettier-ignore
const also =
  (name: string, ...shape: Dim[]) =>
  (f: Fixture) =>
    f.input(shape, name);
const whole =
  (name: string, ...values: number[]) =>
  (f: Fixture) =>
    f.shape(values, name);
const numbers = (name: string, shape: readonly number[], ...values: number[]) => (f: Fixture) => f.graph.constant(name, float32(shape, values)); // prettier-ignore
const weights =
  (name: string, ...shape: number[]) =>
  (f: Fixture) =>
    f.integers(shape, name);
const runtime = (name: string) => (f: Fixture) => unknown(f, name, 'int64');

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

const s2 = by(1, [2, 3], [5, 7]);
const all = by(0, [2], [5]);
const pads = (...values: number[]) => whole('pads', ...values);

const LAWS: readonly Law[] = [
  { op: 'Concat', inputs: and(x(4, 2), also('z', 4, 3)), attributes: { axis: int(1) }, of: by(1, [2, 3, 4, 5, 6], [1, 1, 1, 1, 2]), back: [['x', 1, [2, 3], [1, 1]], ['z', 1, [4, 5, 6], [1, 1, 2]]] },
  { op: 'Concat', inputs: and(x(4, 2), also('z', 4, 3)), attributes: { axis: int(-1) }, of: s2, forward: [['y', 1, [2, 3, 1, 1, 1], [5, 7, 0, 0, 0]]] },
  { op: 'Concat', inputs: and(x(4, 2), also('z', 4, 3)), attributes: { axis: int(1) }, index: 1, of: all, forward: [['y', 1, [1, 1, 2, 2, 2], [0, 0, 5, 5, 5]]] },
  { op: 'Concat', inputs: and(x(4, 2), also('z', 3, 2)), attributes: { axis: int(0) }, of: s2, back: [['x', 1, [2, 3], [5, 7]], ['z', 1, [2, 3], [5, 7]]], forward: 'acts along axis 1' },
  { op: 'Concat', inputs: and(x('n', 2), also('z', 3, 2)), attributes: { axis: int(0) }, of: all, back: 'parts of unknown sizes', forward: 'parts of unknown sizes' },
  { op: 'Concat', inputs: and(vague, (f) => unknown(f, 'z')), attributes: { axis: int(0) }, of: all, back: 'parts of unknown sizes', forward: 'parts of unknown sizes' },
  { op: 'Split', inputs: x(4, 5), attributes: { axis: int(1) }, opset: 11, outputs: 1, of: by(1, [1, 2, 3, 4, 5]), forward: [['y', 1, [1, 2, 3, 4, 5], [0, 0, 0, 0, 0]]] },
  { op: 'Split', inputs: and(x(4, 5), whole('sizes', 2, 3)), attributes: { axis: int(-1) }, outputs: 2, of: by(1, [1, 2, 3, 4, 5], [5, 4, 3, 2, 1]), forward: [['y', 1, [1, 2], [5, 4]], ['y1', 1, [3, 4, 5], [3, 2, 1]]] },
  { op: 'Split', inputs: and(x(4, 5), whole('sizes', 2, 3)), attributes: { axis: int(1) }, outputs: 2, index: 1, of: by(1, [2, 3, 4], [5, 6, 7]), back: [['x', 1, [1, 1, 2, 3, 4], [0, 0, 5, 6, 7]]], forward: 'reads it as its sizes' },
  { op: 'Split', inputs: and(x(4, 5), whole('sizes', 2, 3)), attributes: { axis: int(1) }, outputs: 2, of: all, back: [['x', 1, [2, 2, 1, 1, 1], [5, 5, 0, 0, 0]]], forward: [['y', 0, [2], [5]], ['y1', 0, [2], [5]]] },
  { op: 'Split', inputs: and(x(4, 5), whole('sizes', 2, 3)), attributes: { axis: int(1) }, outputs: 2, of: by(0, [1, 2, 3, 4]), back: 'splits axis 1', forward: [['y', 0, [1, 2, 3, 4], [0, 0, 0, 0]], ['y1', 0, [1, 2, 3, 4], [0, 0, 0, 0]]] },
  { op: 'Split', inputs: vague, outputs: 2, of: all, back: 'parts of unknown sizes', forward: 'parts of unknown sizes' },
  { op: 'Split', inputs: and(x(4, 'n'), runtime('sizes')), attributes: { axis: int(1) }, outputs: 2, of: all, back: 'parts of unknown sizes', forward: 'parts of unknown sizes' },
  { op: 'Slice', inputs: and(x(4, 5), whole('s', 1), whole('e', -1), whole('a', 1), whole('n', 2)), of: by(1, [2, 3], [5, 7]), back: [['x', 1, [1, 2, 1, 3, 1], [0, 5, 0, 7, 0]]] },
  { op: 'Slice', inputs: and(x(4, 5), whole('s', 1), whole('e', -1), whole('a', -1), whole('n', 2)), of: by(1, [1, 2, 3, 4, 5]), forward: [['y', 1, [2, 4], [0, 0]]] },
  { op: 'Slice', inputs: and(x(4, 5), whole('s', 1), whole('e', -1), whole('a', 1)), of: by(0, [1, 2, 3, 4]), forward: [['y', 0, [1, 2, 3, 4], [0, 0, 0, 0]]], back: [['x', 0, [1, 2, 3, 4], [0, 0, 0, 0]]] },
  { op: 'Slice', inputs: and(x(4, 5), whole('s', 1, 2), whole('e', 3, 9)), of: by(1, [1, 2, 3, 4, 5]), forward: [['y', 1, [3, 4, 5], [0, 0, 0]]] },
  { op: 'Slice', inputs: x(4, 5), attributes: { starts: ints([-2]), ends: ints([9]), axes: ints([1]) }, opset: 9, of: by(1, [1, 2, 3, 4, 5]), forward: [['y', 1, [4, 5], [0, 0]]] },
  { op: 'Slice', inputs: and(x(4, 5), whole('s', 4), whole('e', 0), whole('a', 1), whole('n', -1)), of: by(1, [1, 2, 3, 4, 5]), forward: [['y', 1, [5, 4, 3, 2], [0, 0, 0, 0]]] },
  { op: 'Slice', inputs: and(x(4, 5), whole('s', 9), whole('e', -9), whole('a', 1), whole('n', -2)), of: by(1, [1, 2, 3]), back: [['x', 1, [3, 1, 2, 1, 1], [0, 0, 0, 0, 0]]] },
  { op: 'Slice', inputs: and(x(4, 5), whole('s', 4), whole('e', 0), whole('a', 1), whole('n', 0)), of: s2, forward: 'steps of 0' },
  { op: 'Slice', inputs: and(x(4, 'n'), whole('s', 1), whole('e', 3), whole('a', 1)), of: s2, forward: 'an axis of unknown size', back: 'an axis of unknown size' },
  { op: 'Slice', inputs: and(x(4, 5), runtime('s'), whole('e', 3), whole('a', 1)), of: s2, forward: 'places that are not known', back: 'places that are not known' },
  { op: 'Slice', inputs: and(x(4, 5), whole('s', 1), runtime('e'), whole('a', 1)), of: s2, forward: 'places that are not known' },
  { op: 'Slice', inputs: and(x(4, 5), whole('s', 1), whole('e', 3), runtime('a')), of: s2, forward: 'places that are not known' },
  { op: 'Slice', inputs: and(x(4, 5), whole('s', 1), whole('e', 3), whole('a', 1), runtime('n')), of: s2, forward: 'places that are not known' },
  { op: 'Slice', inputs: and(vague, whole('s', 1), whole('e', 3), whole('a', 1)), of: s2, forward: 'places that are not known' },
  { op: 'Slice', inputs: and(vague, runtime('s'), runtime('e')), of: all, forward: [['y', 0, [2], [5]]], back: [['x', 0, [2], [5]]] },
  { op: 'Slice', inputs: and(x(4, 5), whole('s', 1), whole('e', 3)), index: 1, of: all, forward: 'reads it as its bounds' },

  { op: 'Pad', inputs: and(x(4, 5), pads(1, 0, 2, 0)), of: by(1, [2, 3, 4, 5, 6]), forward: [['y', 1, [2, 3, 4, 5, 6], [0, 0, 0, 0, 0]]], back: [['x', 1, [2, 3, 4, 5, 6], [0, 0, 0, 0, 0]]] },
  { op: 'Pad', inputs: and(x(4, 5), pads(0, 0, 1, 0)), of: by(0, [2, 3, 4, 5]), forward: 'pads axis 0', back: 'pads axis 0' },
  { op: 'Pad', inputs: and(x(4, 5), pads(1, 0, 0, 0)), of: by(0, [2, 3, 4, 5]), forward: 'pads axis 0' },
  { op: 'Pad', inputs: and(x(4, 2), pads(1, 0, 1, 0)), of: by(1, [2, 3], [0, 1]), forward: 'a value for each channel', back: 'a value for each channel' },
  { op: 'Pad', inputs: and(x(4, 2), pads(1, 0, 1, 0)), attributes: { mode: string('edge') }, of: s2, forward: [['y', 1, [2, 3], [5, 7]]], back: [['x', 1, [2, 3], [5, 7]]] },
  { op: 'Pad', inputs: and(x(4, 2), pads(-1, 0, 0, 0)), of: by(1, [2, 3], [0, 1]), forward: [['y', 1, [2, 3], [0, 1]]] },
  { op: 'Pad', inputs: and(x(4, 2), pads(1, 0, 0, 0), numbers('v', [], 1)), of: by(1, [2, 3], [-1, -2]), back: [['x', 1, [2, 3], [-1, -2]]], forward: [['y', 1, [2, 3], [-1, -2]]] },
  { op: 'Pad', inputs: and(x(4, 2), pads(1, 0, 0, 0), (f) => unknown(f, 'v')), of: s2, back: 'a value that is not known', forward: 'a value that is not known' },
  { op: 'Pad', inputs: and(x(4, 2), runtime('pads')), of: s2, back: 'amounts that are not known', forward: 'amounts that are not known' },
  { op: 'Pad', inputs: and(x(4, 2), pads(1, 1), () => undefined, whole('axes', 0)), of: by(1, [2, 3]), forward: [['y', 1, [2, 3], [0, 0]]] },
  { op: 'Pad', inputs: and(x(4, 2), pads(1, 1), () => undefined, whole('axes', -1)), of: by(1, [2, 3]), opset: 18, forward: 'pads axis 1' },
  { op: 'Pad', inputs: and(x(4, 2), pads(1, 1), () => undefined, runtime('axes')), of: by(1, [2, 3]), opset: 18, forward: 'amounts that are not known' },
  { op: 'Pad', inputs: and(vague, pads(1, 0, 0, 0)), of: all, forward: 'amounts that are not known' },
  { op: 'Pad', inputs: and(x(4, 2), pads(1, 0, 0, 0)), index: 1, of: all, forward: 'reads it as its padding' },
  { op: 'Pad', inputs: and(x(4, 2), pads(1, 0, 0, 0)), of: by(1, [2, 0], [0, 0]), forward: [['y', 1, [2, 0], [0, 0]]] },
  { op: 'Pad', inputs: and(x(4, 2), pads(1, 0, 0, 0)), of: by(1, [2, 0], [0, 1]), forward: 'a value for each channel' },

  { op: 'Reshape', inputs: and(x(4, 6), whole('shape', 4, 2, 3)), of: by(1, [1, 2, 3, 4, 5, 6]), forward: 'mixes axis 1' },
  { op: 'Reshape', inputs: and(x(4, 2, 3), whole('shape', 4, 6)), of: by(1, [2, 3]), forward: [['y', 1, [2, 2, 2, 3, 3, 3], [0, 0, 0, 0, 0, 0]]] },
  { op: 'Reshape', inputs: and(x(4, 2, 3), whole('shape', 4, 6)), of: by(2, [2, 3, 4]), forward: [['y', 1, [2, 3, 4, 2, 3, 4], [0, 0, 0, 0, 0, 0]]] },
  { op: 'Reshape', inputs: and(x(4, 6), whole('shape', 4, 2, 3)), of: by(1, [2, 3]), back: [['x', 1, [2, 2, 2, 3, 3, 3], [0, 0, 0, 0, 0, 0]]] },
  { op: 'Reshape', inputs: and(x('n', 2, 3), whole('shape', -1, 6)), of: by(1, [2, 3]), forward: [['y', 1, [2, 2, 2, 3, 3, 3], [0, 0, 0, 0, 0, 0]]] },
  { op: 'Reshape', inputs: and(x(4, 6), runtime('shape')), of: by(1, [1, 2, 3, 4, 5, 6]), forward: 'a tensor of unknown shape' },
  { op: 'Reshape', inputs: and(vague, runtime('shape')), of: all, forward: [['y', 0, [2], [5]]], back: [['x', 0, [2], [5]]] },
  { op: 'Reshape', inputs: and(x(4, 6), whole('shape', 4, 2, 3)), index: 1, of: all, forward: 'reads it as a shape' },

  { op: 'Reshape', inputs: and(x(1, 4096, 2048), whole('shape', 1, 2 ** 23)), of: by(1, Array.from({ length: 4096 }, (_, n) => n)), forward: 'mixes axis 1' },
  { op: 'Max', inputs: and(vague, (f) => unknown(f, 'z')), of: all, back: [['x', 0, [2], [5]], ['z', 0, [2], [5]]] },
  { op: 'Add', inputs: and(vague, (f) => unknown(f, 'z')), of: by(0, [1], [5]), forward: [['y', 0, [1], [5]]] },
  { op: 'Clip', inputs: and(x('n', 2), numbers('lo', [], 0)), of: by(1, [2, 3]), back: [['x', 1, [2, 3], [0, 0]]], forward: [['y', 1, [2, 3], [0, 0]]] },
  { op: 'Clip', inputs: and(x('n', 2), numbers('lo', [], 0), numbers('hi', [], 6)), of: by(1, [2, 3]), back: 'bounds that do not move', forward: 'bounds that an affine in front would move' },
  { op: 'Clip', inputs: and(x('n', 2), numbers('lo', [], 0), numbers('hi', [], 6)), of: by(0, [2], [1]), back: [['x', 0, [2], [1]], ['lo', 0, [2], [1]], ['hi', 0, [2], [1]]], forward: 'bounds that an affine in front would move' },
  { op: 'Clip', inputs: and(x('n', 2), numbers('lo', [], 0), numbers('hi', [], 6)), of: by(0, [-2], [1]), back: 'no negative scale', forward: 'no negative scale' },
  { op: 'Clip', inputs: and(x('n', 2), () => undefined, numbers('hi', [], 0.1)), of: by(0, [0.1], [0]), back: 'bounds that do not move' },
  { op: 'Clip', inputs: and(x('n', 2), numbers('lo', [], 0), (f) => unknown(f, 'hi')), of: by(1, [2, 3]), back: 'bounds that do not move', forward: 'would move' },
  { op: 'Clip', inputs: x('n', 2), attributes: { min: float(0) }, opset: 10, of: by(1, [2, 3]), back: [['x', 1, [2, 3], [0, 0]]], forward: [['y', 1, [2, 3], [0, 0]]] },
  { op: 'Clip', inputs: x('n', 2), attributes: { max: float(6) }, opset: 10, of: by(0, [2]), back: 'bounds that do not move' },
  { op: 'Clip', inputs: and(x('n', 2), numbers('lo', [], 0)), index: 1, of: by(0, [2]), forward: 'reads it as a bound' },

  { op: 'LayerNormalization', inputs: and(x(4, 2, 3), weights('g', 3)), of: by(2, [1, 2, 3]), back: 'absorbs', forward: 'lets no affine through' },
  { op: 'LayerNormalization', inputs: and(x(4, 3, 3), weights('g', 3)), of: by(1, [1, 2, 3]), back: 'its own affine along axis 2', forward: 'lets no affine through' },
  { op: 'LayerNormalization', inputs: and(x(4, 3, 3), weights('g', 3)), of: by(1, [1], [1, 2, 3]), forward: [] },
  { op: 'LayerNormalization', inputs: and(x(4, 3, 3), weights('g', 3)), of: by(2, [1], [1, 2, 3]), forward: 'lets no affine through' },
  { op: 'LayerNormalization', inputs: and(x(4, 3, 3), weights('g', 3)), of: by(0, [1], [7]), forward: [] },
  { op: 'LayerNormalization', inputs: and(x(4, 3, 3), weights('g', 3)), index: 1, of: by(0, [1], [7]), forward: 'reads it as its gamma or beta' },
  { op: 'LayerNormalization', inputs: and(vague, weights('g', 3)), of: by(2, [1, 2, 3]), back: 'a tensor of unknown rank' },
  { op: 'LayerNormalization', inputs: and(x(4, 3), (f) => unknown(f, 'g')), of: all, back: 'no constant vector as its gamma' },
  { op: 'LayerNormalization', inputs: and(x(4, 3), weights('g', 3), (f) => unknown(f, 'b')), of: all, back: 'no constant vector as its beta' },
  { op: 'InstanceNormalization', inputs: and(x(4, 3, 5), weights('g', 3), weights('b', 3)), of: by(1, [1, 2, 3], [1, 2, 3]), back: 'absorbs' },
  { op: 'InstanceNormalization', inputs: and(x(4, 3, 5), weights('g', 3), weights('b', 3)), of: by(1, [1], [1, 2, 3]), forward: [] },
  { op: 'InstanceNormalization', inputs: and(x(4, 3, 3), weights('g', 3), weights('b', 3)), of: by(2, [1], [1, 2, 3]), back: 'its own affine along axis 1', forward: 'lets no affine through' },
  { op: 'GroupNormalization', inputs: and(x(4, 6, 5), weights('g', 2), weights('b', 2)), attributes: { num_groups: int(2) }, opset: 18, of: by(1, [1, 1, 1, 2, 2, 2]), back: 'absorbs' },
  { op: 'GroupNormalization', inputs: and(x(4, 6, 5), weights('g', 2), weights('b', 2)), attributes: { num_groups: int(2) }, opset: 18, of: by(1, [1, 1, 2, 2, 2, 2]), back: 'one number for all channels of a group' },
  { op: 'GroupNormalization', inputs: and(x(4, 6, 5), weights('g', 2), weights('b', 2)), attributes: { num_groups: int(2) }, opset: 18, of: by(1, [1], [1, 1, 2, 2, 2, 2]), back: 'one number for all channels of a group', forward: 'lets no affine through' },
  { op: 'GroupNormalization', inputs: and(x(4, 'c', 5), weights('g', 2), weights('b', 2)), attributes: { num_groups: int(2) }, opset: 18, of: by(1, [1, 2]), back: 'one number for all channels of a group' },
  { op: 'GroupNormalization', inputs: and(x(4, 6, 5), weights('g', 6), weights('b', 6)), attributes: { num_groups: int(2) }, opset: 21, of: by(1, [1, 2, 3, 4, 5, 6]), back: 'absorbs' },
  { op: 'RMSNormalization', inputs: and(x(4, 3), weights('g', 3)), opset: 23, of: by(1, [1, 2, 3], [1]), back: 'no bias to which a shift could be added', forward: 'lets no affine through' },
  { op: 'RMSNormalization', inputs: and(x(4, 3), weights('g', 3)), opset: 23, of: by(1, [1, 2, 3]), back: 'absorbs' },
  { op: 'RMSNormalization', inputs: and(x(4, 3), weights('g', 3)), opset: 23, of: by(0, [1], [7]), forward: 'lets no affine through' },

  { op: 'LSTM', inputs: and(x(5, 2, 3), weights('W', 1, 8, 3), weights('R', 1, 8, 2)), attributes: { hidden_size: int(2) }, outputs: 3, of: by(2, [1, 2, 3], [1, 2, 3]), forward: 'absorbs', back: 'no way' },
  { op: 'LSTM', inputs: and(x(5, 3, 3), weights('W', 1, 8, 3), weights('R', 1, 8, 2)), attributes: { hidden_size: int(2) }, outputs: 3, of: by(1, [1, 2, 3]), forward: 'reads its features along axis 2' },
  { op: 'LSTM', inputs: and(x(5, 2, 3), weights('W', 1, 8, 3), weights('R', 1, 8, 2)), index: 2, of: all, forward: 'reads it as a parameter or a state' },
  { op: 'GRU', inputs: and(x(5, 2, 3), (f) => unknown(f, 'W'), weights('R', 1, 6, 2)), of: all, forward: 'weights that are not constants' },
  { op: 'GRU', inputs: and(x(5, 2, 3), weights('W', 1, 6, 3), weights('R', 1, 6, 2), (f) => unknown(f, 'B')), of: all, forward: 'a bias that is not a constant' },
  { op: 'RNN', inputs: and(x(5, 2, 3), weights('W', 1, 2, 3), weights('R', 1, 2, 2), weights('B', 1, 5)), of: all, forward: 'a bias of another shape' },
  { op: 'RNN', inputs: and(x(5, 2, 3), weights('W', 1, 2, 3), weights('R', 1, 2, 2), weights('B', 1, 4)), of: all, forward: 'absorbs' },

  { op: 'MaxPool', inputs: x(4, 2, 6), attributes: { kernel_shape: ints([2]) }, of: s2, back: [['x', 1, [2, 3], [5, 7]]], forward: [['y', 1, [2, 3], [5, 7]]] },
  { op: 'MaxPool', inputs: x(4, 2, 6), attributes: { kernel_shape: ints([2]) }, of: by(1, [2, -3]), back: 'no negative scale', forward: 'no negative scale' },
  { op: 'MaxPool', inputs: x(4, 2, 2), attributes: { kernel_shape: ints([1]) }, of: by(2, [2, 3]), back: 'pools along axis 2' },
  { op: 'MaxPool', inputs: x(4, 2, 6), attributes: { kernel_shape: ints([2]) }, outputs: 2, of: s2, back: 'gives out indices', forward: 'gives out indices' },
  { op: 'AveragePool', inputs: x(4, 2, 6), attributes: { kernel_shape: ints([2]), pads: ints([1, 0]) }, of: s2, back: [['x', 1, [2, 3], [5, 7]]], forward: [['y', 1, [2, 3], [5, 7]]] },
  { op: 'AveragePool', inputs: x(4, 2, 6), attributes: { kernel_shape: ints([2]), pads: ints([1, 0]), count_include_pad: int(1) }, of: s2, back: 'averages padded zeros too', forward: 'averages padded zeros too' },
  { op: 'AveragePool', inputs: x(4, 2, 6), attributes: { kernel_shape: ints([2]), pads: ints([0, 1]), count_include_pad: int(1) }, of: s2, back: 'averages padded zeros too' },
  { op: 'AveragePool', inputs: x(4, 2, 6), attributes: { kernel_shape: ints([2]), pads: ints([0, 1]), count_include_pad: int(1) }, of: by(1, [2, 3]), back: [['x', 1, [2, 3], [0, 0]]] },
  { op: 'AveragePool', inputs: x(4, 2, 6), attributes: { kernel_shape: ints([2]), count_include_pad: int(1) }, of: s2, back: [['x', 1, [2, 3], [5, 7]]] },
  { op: 'AveragePool', inputs: x(4, 2, 6), attributes: { kernel_shape: ints([2]), count_include_pad: int(1), ceil_mode: int(1) }, of: s2, back: 'averages padded zeros too' },
  { op: 'AveragePool', inputs: x(4, 2, 2), attributes: { kernel_shape: ints([1]) }, of: by(2, [2, 3]), back: 'pools along axis 2' },
  { op: 'GlobalAveragePool', inputs: x(4, 2, 6), of: s2, back: [['x', 1, [2, 3], [5, 7]]], forward: [['y', 1, [2, 3], [5, 7]]] },

  { op: 'Max', inputs: and(x(4, 2), also('z', 4, 2)), of: s2, back: [['x', 1, [2, 3], [5, 7]], ['z', 1, [2, 3], [5, 7]]], forward: 'compares it' },
  { op: 'Min', inputs: and(x(4, 2), also('z', 2)), of: s2, back: [['x', 1, [2, 3], [5, 7]], ['z', 0, [2, 3], [5, 7]]] },
  { op: 'Min', inputs: and(x(4, 2), also('z', 2)), of: by(1, [2, -3]), back: 'no negative scale' },
  { op: 'Max', inputs: and(x(4, 2), also('z', 4, 1)), of: s2, back: 'repeats an operand' },
  { op: 'Max', inputs: x(4, 2), of: by(1, [2, -3]), back: [['x', 1, [2, -3], [0, 0]]], forward: [['y', 1, [2, -3], [0, 0]]] },
  { op: 'Where', inputs: (f) => [f.graph.input('c', { dtype: 'bool', shape: [4, 1] }), f.input([4, 2]), f.input([2], 'z')], of: s2, back: [['x', 1, [2, 3], [5, 7]], ['z', 0, [2, 3], [5, 7]]], forward: 'chooses between it' },
  { op: 'Where', inputs: (f) => [f.graph.input('c', { dtype: 'bool', shape: [4, 1] }), f.input([4, 2]), f.input([1], 'z')], of: s2, back: 'repeats one of its tensors' },
  { op: 'Relu', inputs: x(4, 2), of: s2, back: 'lets no shift through', forward: 'lets no shift through' },
  { op: 'LeakyRelu', inputs: x(4, 2), of: by(1, [2, 0]), back: [['x', 1, [2, 0], [0, 0]]], forward: [['y', 1, [2, 0], [0, 0]]] },
  { op: 'LeakyRelu', inputs: x(4, 2), of: by(1, [2, -1]), back: 'no negative scale', forward: 'no negative scale' },
  { op: 'PRelu', inputs: and(x(4, 2), weights('s', 2)), index: 1, of: by(1, [2, 3]), forward: 'reads it as its slope' },
  { op: 'Expand', inputs: and(x(3, 1), whole('shape', 2, 1, 5)), of: by(1, [2, 3, 4]), back: [['x', 0, [2, 3, 4], [0, 0, 0]]] },
  { op: 'Expand', inputs: and(x(3, 1), whole('shape', 2, 1, 5)), of: by(0, [2, 3, 4]), forward: [['y', 1, [2, 3, 4], [0, 0, 0]]] },
  { op: 'Expand', inputs: and(x(3, 1), whole('shape', 2, 1, 5)), of: by(2, [1, 2, 3, 4, 5]), back: 'repeats x along axis 2' },
  { op: 'Expand', inputs: and(vague, whole('shape', 2, 1, 5)), of: by(0, [2, 3]), forward: 'a tensor of unknown rank' },
  { op: 'Expand', inputs: and(x(3, 1), whole('shape', 2, 1, 5)), index: 1, of: all, forward: 'reads it as a shape' },
  { op: 'Tile', inputs: and(x(4, 2), whole('r', 1, 3)), of: s2, forward: [['y', 1, [2, 3, 2, 3, 2, 3], [5, 7, 5, 7, 5, 7]]], back: 'may repeat x along axis 1' },
  { op: 'Tile', inputs: and(x(4, 2), whole('r', 3, 1)), of: s2, forward: [['y', 1, [2, 3], [5, 7]]], back: [['x', 1, [2, 3], [5, 7]]] },
  { op: 'Tile', inputs: and(x(4, 2), runtime('r')), of: s2, forward: 'an unknown number of times', back: 'may repeat x' },
  { op: 'Tile', inputs: and(x(4, 2), whole('r', 1, 0)), of: s2, forward: 'an unknown number of times' },
  { op: 'Tile', inputs: and(x(4, 2), whole('r', 1, 3)), index: 1, of: all, forward: 'reads it as its repeats' },
  { op: 'Dropout', inputs: x(4, 2), of: s2, back: [['x', 1, [2, 3], [5, 7]]], forward: [['y', 1, [2, 3], [5, 7]]] },
  { op: 'Dropout', inputs: and(x(4, 2), numbers('r', [], 0.5)), index: 1, of: all, forward: 'reads it as its ratio' },
  { op: 'Dropout', inputs: x(4, 2), opset: 6, of: s2, back: 'may be in training mode', forward: 'may be in training mode' },
  { op: 'Dropout', inputs: x(4, 2), opset: 6, attributes: { is_test: int(1) }, of: s2, back: [['x', 1, [2, 3], [5, 7]]] },
  { op: 'Dropout', inputs: and(x(4, 2), numbers('r', [], 0.5), (f) => f.graph.input('t', { dtype: 'bool', shape: [] })), of: s2, back: 'may be in training mode' },
  { op: 'Shape', inputs: x(4, 2), of: s2, forward: [], back: 'no way' },
  { op: 'Cast', inputs: x(4, 2), attributes: { to: int(10) }, of: s2, back: 'rounds float32 to float16', forward: 'rounds float32 to float16' },
  { op: 'Softmax', inputs: x(4, 2, 3), of: by(2, [1], [1, 2, 3]), forward: 'lets no affine through', back: 'no way' },
  { op: 'Softmax', inputs: x(4, 2, 3), of: by(1, [1], [1, 2]), forward: [] },
  { op: 'Softmax', inputs: x(4, 2, 3), of: by(0, [1], [7]), forward: [] },
  { op: 'Softmax', inputs: x(4, 2, 3), of: by(0, [2], [7]), forward: 'lets no affine through' },
  { op: 'Softmax', inputs: x(4, 2, 3), opset: 11, of: by(2, [1], [1, 2, 3]), forward: 'lets no affine through' },
  { op: 'Softmax', inputs: x(4, 2, 3), opset: 11, of: by(0, [1], [1, 2, 3, 4]), forward: [] },
  { op: 'Softmax', inputs: x(4, 2, 3), opset: 11, of: by(1, [1], [1, 2]), forward: 'lets no affine through' },
  { op: 'LogSoftmax', inputs: vague, of: by(1, [1], [1, 2]), forward: 'lets no affine through' },

  { op: 'Add', inputs: and(x(4, 2), also('z', 4, 2)), of: s2, back: [['x', 1, [2, 3], [5, 7]], ['z', 1, [2, 3], [0, 0]]], forward: 'adds what the scale does not reach' },
  { op: 'Sub', inputs: and(x(4, 2), also('z', 4, 2)), index: 1, of: by(1, [1], [5, 7]), forward: [['y', 1, [1, 1], [-5, -7]]] },
  { op: 'Sub', inputs: and(x(4, 2), also('z', 4, 1)), of: by(1, [1], [5, 7]), back: [['x', 1, [1, 1], [5, 7]]] },
  { op: 'Add', inputs: and(x(4, 2), also('z', 4, 1)), of: s2, back: 'repeats a term along axis 1' },
  { op: 'Mean', inputs: and(x(4, 2), also('z', 4, 2)), of: by(1, [1], [5, 7]), back: [['x', 1, [1, 1], [10, 14]]], forward: [['y', 1, [1, 1], [2.5, 3.5]]] },
  { op: 'Add', inputs: (f) => { const own = f.input([4, 2]); return [own, own]; }, of: s2, forward: [['y', 1, [2, 3], [10, 14]]] },
  { op: 'Sub', inputs: (f) => { const own = f.input([4, 2]); return [own, own]; }, of: s2, forward: [['y', 1, [2, 3], [0, 0]]] },
  { op: 'Add', inputs: (f) => { const own = f.input([4, 2]); return [own, own]; }, index: 1, of: s2, forward: [] },
  { op: 'Mul', inputs: and(x(4, 2), also('z', 4, 2)), of: by(1, [2, 4]), back: [['x', 1, [2, 4], [0, 0]]], forward: [['y', 1, [2, 4], [0, 0]]] },
  { op: 'Mul', inputs: and(x(4, 2), also('z', 4, 2)), of: s2, back: 'lets no shift through', forward: 'multiplies the shift' },
  { op: 'Div', inputs: and(x(4, 1), also('z', 4, 2)), of: by(1, [2, 4]), back: [['z', 1, [0.5, 0.25], [0, 0]]] },
  { op: 'Div', inputs: and(x(4, 1), also('z', 4, 2)), of: by(1, [2, 0]), back: 'repeats its factors', index: 0 },
  { op: 'Div', inputs: and(x(4, 2), also('z', 4, 2)), index: 1, of: by(1, [2, 4]), forward: [['y', 1, [0.5, 0.25], [0, 0]]] },
  { op: 'Div', inputs: and(x(4, 2), also('z', 4, 2)), index: 1, of: by(1, [2, 0]), forward: 'divides by a scale of 0' },
  { op: 'Mul', inputs: (f) => { const own = f.input([4, 2]); return [own, own]; }, of: by(1, [2, 3]), forward: [['y', 1, [4, 9], [0, 0]]] },
  { op: 'Div', inputs: (f) => { const own = f.input([4, 2]); return [own, own]; }, of: by(1, [2, 3]), forward: [['y', 1, [1], [0]]] },
  { op: 'Div', inputs: (f) => { const own = f.input([4, 2]); return [own, own]; }, of: by(1, [2, 0]), forward: 'divides by a scale of 0' },
  { op: 'Mul', inputs: (f) => { const own = f.input([4, 2]); return [own, own]; }, index: 1, of: by(1, [2, 3]), forward: [] },

  { op: 'Gemm', inputs: and(x(4, 3), weights('W', 3, 2)), of: s2, back: 'absorbs' },
  { op: 'Gemm', inputs: and(x(4, 3), weights('W', 3, 2)), of: by(0, [1, 2, 3, 4]), back: 'makes its features along axis 1', forward: 'multiplies along axis 1' },
  { op: 'Gemm', inputs: and(x(3, 4), weights('W', 3, 2)), attributes: { transA: int(1) }, of: by(0, [1, 2, 3]), forward: 'absorbs' },
  { op: 'Gemm', inputs: and(x(3, 4), weights('W', 3, 2)), attributes: { transA: int(1) }, of: by(1, [1, 2, 3, 4]), forward: 'multiplies along axis 0' },
  { op: 'Gemm', inputs: and(x(4, 3), weights('W', 3, 2)), index: 1, of: all, forward: 'reads it as its second factor or its bias' },
  { op: 'Gemm', inputs: and(x(4, 3), also('W', 3, 2)), of: all, back: 'no constant matrix', forward: 'no constant matrix' },
  { op: 'Gemm', inputs: and(x(4, 3), weights('W', 3, 2), also('C', 2)), of: all, back: 'a bias that is not a constant', forward: 'a bias that is not a constant' },
  { op: 'Gemm', inputs: and(x(4, 3), weights('W', 3, 2), weights('C', 1, 1, 2)), of: all, back: 'a bias of rank 3', forward: 'a bias of rank 3' },
  { op: 'MatMul', inputs: and(x(4, 3), weights('W', 3, 2)), of: s2, back: 'absorbs' },
  { op: 'MatMul', inputs: and(x(5, 4, 3), weights('W', 3, 2)), of: by(1, [1, 2, 3, 4]), back: 'makes its features along the last axis', forward: 'multiplies along the last axis' },
  { op: 'MatMul', inputs: (f) => [f.integers([2, 3]), f.input([3, 4])], index: 1, of: by(0, [1, 2, 3], [1, 2, 3]), forward: 'absorbs' },
  { op: 'MatMul', inputs: (f) => [f.integers([2, 3]), f.input([3, 4])], index: 0, of: by(0, [1, 2]), back: 'absorbs', forward: 'reads it as its constant factor' },
  { op: 'MatMul', inputs: (f) => [f.integers([2, 3]), f.input([3, 4])], index: 1, of: by(1, [1, 2, 3, 4]), back: 'the last axis but one', forward: 'the last axis but one' },
  { op: 'MatMul', inputs: (f) => [f.integers([2, 3]), unknown(f)], index: 1, of: all, back: 'no constant matrix', forward: 'no constant matrix' },
  { op: 'MatMul', inputs: (f) => [f.integers([2, 3]), f.input([3])], index: 1, of: all, back: 'no constant matrix', forward: 'no constant matrix' },
  { op: 'MatMul', inputs: and(x(5, 4, 3), also('W', 3, 2)), of: all, back: 'no constant matrix', forward: 'no constant matrix' },
  { op: 'MatMul', inputs: and(x(5, 4, 3), weights('W', 5, 3, 2)), of: by(2, [1, 2, 3]), forward: 'absorbs' },
  { op: 'MatMul', inputs: and(x(5, 4, 3), weights('W', 5, 3, 2)), of: by(2, [1, 2, 3], [1]), forward: 'multiplies by 5 matrices' },

  { op: 'Conv', inputs: and(x(4, 3, 6), weights('W', 2, 3, 1)), of: s2, back: 'absorbs' },
  { op: 'Conv', inputs: and(x(4, 3, 6), weights('W', 2, 3, 1)), of: by(1, [1, 2, 3], [1, 2, 3]), forward: 'absorbs' },
  { op: 'Conv', inputs: and(x(4, 3, 3), weights('W', 2, 3, 1)), of: by(2, [1, 2, 3]), forward: 'sums over axis 1' },
  { op: 'Conv', inputs: and(x(4, 3, 6), weights('W', 2, 3, 3)), attributes: { pads: ints([1, 0]) }, of: by(1, [1, 2, 3], [1, 2, 3]), forward: 'pads with zeros' },
  { op: 'Conv', inputs: and(x(4, 3, 6), weights('W', 2, 3, 3)), attributes: { pads: ints([0, 1]) }, of: by(1, [1, 2, 3], [1, 2, 3]), forward: 'pads with zeros' },
  { op: 'Conv', inputs: and(x(4, 3, 6), weights('W', 2, 3, 3)), attributes: { pads: ints([0, 1]) }, of: by(1, [1, 2, 3]), forward: 'absorbs' },
  { op: 'Conv', inputs: and(x(4, 3, 6), weights('W', 2, 3, 1)), index: 1, of: all, forward: 'reads it as its weights or its bias' },
  { op: 'Conv', inputs: and(x(4, 3, 6), also('W', 2, 3, 1)), of: all, back: 'weight', forward: 'weight' },
  { op: 'Conv', inputs: and(x(4, 3, 6), weights('W', 2, 3, 1), also('b', 2)), of: all, back: 'a bias that is not a constant', forward: 'a bias that is not a constant' },
  { op: 'Conv', inputs: and(x(4, 3, 'w'), weights('W', 2, 3, 3)), attributes: { auto_pad: string('SAME_UPPER'), strides: ints([2]) }, of: by(1, [1, 2, 3], [1, 2, 3]), forward: 'pads with zeros' },
  { op: 'ConvTranspose', inputs: and(x(4, 3, 6), weights('W', 3, 2, 1)), of: by(1, [1, 2, 3], [1, 2, 3]), forward: 'absorbs' },
  { op: 'ConvTranspose', inputs: and(x(4, 3, 6), weights('W', 3, 2, 1)), of: s2, back: 'absorbs' },
  { op: 'ConvTranspose', inputs: and(x(4, 3, 'w'), weights('W', 3, 2, 1)), of: by(1, [1, 2, 3], [1, 2, 3]), forward: 'absorbs' },
  { op: 'ConvTranspose', inputs: and(x(4, 3, 'w'), weights('W', 3, 2, 1)), attributes: { strides: ints([2]) }, of: by(1, [1, 2, 3], [1, 2, 3]), forward: 'spreads a shift unevenly' },
  { op: 'ConvTranspose', inputs: and(x(4, 3, 'w'), weights('W', 3, 2, 1)), attributes: { pads: ints([1, 0]) }, of: by(1, [1, 2, 3], [1, 2, 3]), forward: 'spreads a shift unevenly' },
  { op: 'ConvTranspose', inputs: and(x(4, 3, 'w'), weights('W', 3, 2, 1)), attributes: { output_padding: ints([1]) }, of: by(1, [1, 2, 3], [1, 2, 3]), forward: 'spreads a shift unevenly' },
  { op: 'ConvTranspose', inputs: and(x(4, 3, 'w'), weights('W', 3, 2, 1)), attributes: { output_padding: ints([0]) }, of: by(1, [1, 2, 3], [1, 2, 3]), forward: 'absorbs' },
  { op: 'ConvTranspose', inputs: and(x(4, 3, 'w'), weights('W', 3, 2, 1)), attributes: { output_shape: ints([9]) }, of: by(1, [1, 2, 3], [1, 2, 3]), forward: 'spreads a shift unevenly' },
  { op: 'ConvTranspose', inputs: and(x(4, 3, 6), weights('W', 3, 2, 2)), of: by(1, [1, 2, 3], [1, 2, 3]), forward: 'spreads a shift unevenly' },
  { op: 'ConvTranspose', inputs: and(x(4, 3, 6), weights('W', 3, 2, 2)), attributes: { strides: ints([2]) }, of: by(1, [1, 2, 3], [1, 2, 3]), forward: 'spreads a shift unevenly' },
  { op: 'ConvTranspose', inputs: and(x(4, 3, 3), weights('W', 3, 2, 1)), of: by(2, [1, 2, 3]), forward: 'sums over axis 1' },
  { op: 'ConvTranspose', inputs: and(x(4, 3, 6), weights('W', 3, 2, 1)), index: 2, of: all, forward: 'reads it as its weights or its bias' },

  { op: 'Gather', inputs: and((f) => [f.integers([7, 3])], also('i', 4)), of: by(1, [1, 2, 3], [1, 2, 3]), back: 'absorbs' },
  { op: 'Gather', inputs: and((f) => [f.integers([7, 3])], also('i', 4)), of: by(0, [1, 2, 3, 4]), back: 'puts its slices along axis 0' },
  { op: 'Gather', inputs: and((f) => [f.integers([3, 7])], also('i', 4)), attributes: { axis: int(1) }, of: by(0, [1, 2, 3]), back: 'a table whose last axis is not the one' },
  { op: 'Gather', inputs: and(x(7, 3), whole('i', 1, 2)), index: 1, of: all, forward: 'reads it as its indices' },
  { op: 'Gather', inputs: and(x(7, 3), whole('i', 1, 2)), of: by(0, [1, 2, 3, 4, 5, 6, 7]), forward: 'takes slices along axis 0' },
  { op: 'Gather', inputs: and((f) => [f.integers([7, 3])], also('i', 4)), of: all, back: 'absorbs' },

  { op: 'FusedMatMul', domain: 'com.microsoft', inputs: and(x(4, 3), also('W', 3, 2)), of: all, back: 'no constant matrix', forward: 'no constant matrix' },
  { op: 'FusedMatMul', domain: 'com.microsoft', inputs: and(vague, weights('W', 3, 2)), of: all, back: 'a first factor of unknown rank', forward: 'a first factor of unknown rank' },
  { op: 'FusedMatMul', domain: 'com.microsoft', inputs: and(x(3), weights('W', 3, 2)), of: all, back: 'a first factor of unknown rank', forward: 'a first factor of unknown rank' },
  { op: 'FusedMatMul', domain: 'com.microsoft', inputs: and(x(4, 3), weights('W', 3, 2)), of: s2, back: 'absorbs' },
  { op: 'FusedMatMul', domain: 'com.microsoft', inputs: and(x(4, 3), weights('W', 1, 3, 2)), of: all, back: 'no constant matrix' },
  { op: 'FusedMatMul', domain: 'com.microsoft', inputs: and(x(4, 3), weights('W', 3, 2)), attributes: { transBatchB: int(1) }, of: all, back: 'moves its batch axis', forward: 'moves its batch axis' },
  { op: 'FusedMatMul', domain: 'com.microsoft', inputs: and(x(3, 4), weights('W', 3, 2)), attributes: { transA: int(1) }, of: by(1, [1, 2, 3, 4]), forward: 'multiplies along axis 0' },
  { op: 'FusedMatMul', domain: 'com.microsoft', inputs: and(x(4, 3), weights('W', 3, 2)), of: by(0, [1, 2, 3, 4]), back: 'not along axis 0', forward: 'multiplies along axis 1' },
  { op: 'FusedMatMul', domain: 'com.microsoft', inputs: and(x(4, 3), weights('W', 3, 2)), index: 1, of: all, forward: 'reads it as its second factor' },
  { op: 'FusedGemm', domain: 'com.microsoft', inputs: and(x(4, 3), weights('W', 3, 2)), attributes: { activation: string('Identity') }, of: s2, back: 'absorbs' },
  { op: 'FusedGemm', domain: 'com.microsoft', inputs: and(x(4, 3), weights('W', 3, 2)), attributes: { activation: string('Relu') }, of: s2, back: 'no shift through' },
  { op: 'FusedGemm', domain: 'com.microsoft', inputs: and(x(4, 3), weights('W', 3, 2)), attributes: { activation: string('LeakyRelu') }, of: by(1, [2, 0]), back: 'absorbs' },
  { op: 'FusedConv', domain: 'com.microsoft', inputs: and(x(4, 3, 6), weights('W', 2, 3, 1), () => undefined, also('z', 4, 2, 6)), of: by(1, [1], [2, 3]), back: 'absorbs' },
  { op: 'FusedConv', domain: 'com.microsoft', inputs: and(x(4, 3, 6), weights('W', 2, 3, 1), () => undefined, also('z', 4, 2, 6)), of: by(1, [1, 2]), back: 'adds z' },

  { op: 'Resize', inputs: and(x(4, 2, 6), () => undefined, numbers('s', [3], 1, 1, 2)), of: s2, back: [['x', 1, [2, 3], [5, 7]]], forward: [['y', 1, [2, 3], [5, 7]]] },
  { op: 'Resize', inputs: and(x(4, 2, 6), () => undefined, numbers('s', [3], 1, 2, 1)), of: s2, forward: 'may resize axis 1' },
  { op: 'Resize', inputs: and(x(4, 2, 6), () => undefined, () => undefined, whole('n', 4, 2, 9)), of: s2, back: [['x', 1, [2, 3], [5, 7]]] },
  { op: 'Resize', inputs: and(x(4, 2, 6), () => undefined, () => undefined, whole('n', 4, 4, 9)), of: s2, forward: 'may resize axis 1' },
  { op: 'Resize', inputs: and(x(4, 2, 6), () => undefined, () => undefined, whole('n', 4, 2, 9)), attributes: { keep_aspect_ratio_policy: string('not_larger') }, opset: 18, of: s2, forward: 'may resize axis 1' },
  { op: 'Resize', inputs: and(x(4, 2, 6), () => undefined, numbers('s', [1], 2)), attributes: { axes: ints([-1]) }, opset: 18, of: s2, forward: [['y', 1, [2, 3], [5, 7]]] },
  { op: 'Resize', inputs: and(x(4, 2, 2), () => undefined, numbers('s', [1], 2)), attributes: { axes: ints([2]) }, opset: 18, of: by(2, [2, 3]), forward: 'may resize axis 2' },
  { op: 'Resize', inputs: and(x(4, 2, 6), numbers('s', [3], 1, 1, 2)), opset: 10, of: s2, forward: [['y', 1, [2, 3], [5, 7]]] },
  { op: 'Resize', inputs: and(vague, () => undefined, numbers('s', [3], 1, 1, 2)), of: s2, forward: 'may resize axis 1' },
  { op: 'Resize', inputs: and(x(4, 2, 6), () => undefined, numbers('s', [3], 1, 1, 2)), attributes: { coordinate_transformation_mode: string('tf_crop_and_resize') }, of: all, forward: 'crops', back: 'crops' },
  { op: 'Resize', inputs: and(x(4, 2, 6), () => undefined, numbers('s', [3], 1, 1, 2)), index: 2, of: all, forward: 'reads it as its scales or sizes' },
  { op: 'Upsample', inputs: and(x(4, 2, 6), numbers('s', [3], 1, 1, 2)), opset: 9, of: s2, forward: [['y', 1, [2, 3], [5, 7]]] },
  { op: 'Upsample', inputs: x(4, 2, 6), attributes: { scales: { kind: 'floats', value: [1, 1, 2] } }, opset: 8, of: s2, forward: [['y', 1, [2, 3], [5, 7]]] },
]; // prettier-ignore

const shown = (value: Affine) => `${value.axis}: ${value.scale.map(({ hi }) => hi).join()} ${value.shift.map(({ hi }) => hi).join()}`; // prettier-ignore

describe.each(['back', 'forward'] as const)('the way %s', (direction) => {
  const laws = LAWS.filter((law) => law[direction] !== undefined);
  test.each(laws.map((law, n) => [`${law.op} ${n}, of input ${law.index ?? 0} [${shown(law.of)}]`, law] as const))('%s', (_, law) => {
    check(law, direction);
  }); // prettier-ignore
});
