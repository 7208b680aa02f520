import { describe, expect, test } from 'vitest';
import { affine, vectorOf, type Affine } from '../../../src/fold/algebra/affine.ts';
import { Facts } from '../../../src/fold/facts.ts';
import { Constants } from '../../../src/fold/lift/constants.ts';
import { ruleOf } from '../../../src/fold/rules/index.ts';
import type { Step } from '../../../src/fold/rules/rule.ts';
import { int, ints, string, type Attribute } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { inferTypes } from '../../../src/onnx/shapes/infer.ts';
import { float32, sizeOf, type Dim } from '../../../src/tensor.ts';
import { Fixture } from '../fixture.ts';
import { runGraph } from '../run-graph.ts';

/**
 * Where an affine of one axis goes through one operator: onnxruntime computes the operator on numbers that tell their
 * own place, so that it says itself to which axis of y each axis of x goes.
 */

type Attributes = Readonly<Record<string, Attribute>>;
type More = (f: Fixture) => readonly (Value | undefined)[];

interface Case {
  readonly opType: string;
  readonly shape: readonly number[];
  readonly attributes?: Attributes;
  readonly more?: More;
  readonly opset?: number;
  /** An axis along which entries are picked: the affine goes with them, but as another one. */
  readonly picks?: number;
}

function build({ opType, attributes = {}, more = () => [], opset = 17 }: Case, input: (f: Fixture) => Value) {
  const f = new Fixture(opset);
  const x = input(f);
  const y = f.node(opType, [x, ...more(f)], attributes);
  return { f, x, y };
}

/** Sizes that no two axes share tell the axes apart; 1 and unknown ones are given as they are. */
function stepOf(one: Case, direction: 'back' | 'forward', own: Affine, shape?: readonly Dim[]) {
  const { f, y } = build(one, (made) => (shape ? made.input(shape) : made.graph.input('x', { dtype: 'float32' })));
  const types = inferTypes(f.graph, new Set());
  const node = f.graph.nodes.at(-1)!;
  const facts = new Facts(f.graph, types, new Constants(f.graph, types, new Set()));
  const rule = ruleOf(node, f.done(y))!;
  return direction === 'back' ? rule.back!(node, own, facts, 0) : rule.forward!(node, 0, own, facts);
}

const along = (axis: number, size: number): Affine =>
  affine(axis, vectorOf(Array.from({ length: size }, (_, i) => i + 2)), vectorOf(Array.from({ length: size }, (_, i) => -i))); // prettier-ignore

const axisOf = (step: Step): number | undefined => (step.kind === 'push' ? step.to[0]!.affine.axis : undefined);

/** For each axis of x the one of y along which the same numbers vary, or undefined. */
async function axesByRuntime(one: Case): Promise<{ readonly axes: (number | undefined)[]; readonly dims: readonly number[] }> {
  const { shape } = one;
  const axes: (number | undefined)[] = [];
  let dims: readonly number[] = [];
  for (const axis of shape.keys()) {
    const inner = sizeOf(shape.slice(axis + 1));
    const place = Array.from({ length: sizeOf(shape) }, (_, flat) => Math.floor(flat / inner) % shape[axis]!);
    const { f, y } = build(one, (made) => made.graph.constant('x', float32(shape, place)));
    const found = (await runGraph(f.done(y), 'disabled', {})).get(y.name)!;
    dims = found.dims;
    const own = dims.findIndex((size, k) => {
      const behind = sizeOf(found.dims.slice(k + 1));
      return size === shape[axis] && found.data.every((value, flat) => value === Math.floor(flat / behind) % size);
    });
    axes.push(own < 0 ? undefined : own);
  }
  return { axes, dims };
} // prettier-ignore

const axesInput =
  (...values: number[]): More =>
  (f) => [f.shape(values, 'axes')];

const CASES: readonly Case[] = [
  { opType: 'Squeeze', shape: [1, 3, 1, 5], more: axesInput(0) },
  { opType: 'Squeeze', shape: [1, 3, 1, 5], more: axesInput(-2) },
  { opType: 'Squeeze', shape: [1, 3, 1, 5], more: axesInput(2, 0) },
  { opType: 'Squeeze', shape: [1, 3, 1, 5] },
  { opType: 'Squeeze', shape: [1, 3, 1, 5], attributes: { axes: ints([2]) }, opset: 11 },
  { opType: 'Unsqueeze', shape: [3, 5], more: axesInput(0) },
  { opType: 'Unsqueeze', shape: [3, 5], more: axesInput(-1) },
  { opType: 'Unsqueeze', shape: [3, 5], more: axesInput(3, 1) },
  { opType: 'Unsqueeze', shape: [3, 5], attributes: { axes: ints([1]) }, opset: 11 },
  { opType: 'Transpose', shape: [2, 3, 5] },
  { opType: 'Transpose', shape: [2, 3, 5], attributes: { perm: ints([1, 2, 0]) } },
  { opType: 'Transpose', shape: [2, 3, 5], attributes: { perm: ints([0, 2, 1]) } },
  { opType: 'ReduceMax', shape: [2, 3, 5], attributes: { axes: ints([1]) } },
  { opType: 'ReduceMax', shape: [2, 3, 5], attributes: { axes: ints([1]), keepdims: int(0) } },
  { opType: 'ReduceMin', shape: [2, 3, 5], attributes: { axes: ints([-1, 0]), keepdims: int(0) } },
  { opType: 'ReduceMin', shape: [2, 3, 5], attributes: { keepdims: int(0) } },
  { opType: 'ReduceMean', shape: [2, 3, 5], attributes: { axes: ints([0]), keepdims: int(0) } },
  { opType: 'ReduceMax', shape: [2, 3, 5], more: axesInput(0), attributes: { keepdims: int(0) }, opset: 18 },
  { opType: 'Flatten', shape: [2, 3, 5], attributes: { axis: int(1) } },
  { opType: 'Flatten', shape: [3, 5], attributes: { axis: int(1) } },
  { opType: 'Gather', shape: [3, 5], attributes: { axis: int(1) }, picks: 1, more: (f) => [f.shape([1, 4, 0, 2])] },
  { opType: 'Gather', shape: [3, 5], picks: 0, more: (f) => [f.shape([1, 2])] },
  { opType: 'Gather', shape: [3, 5], attributes: { axis: int(-2) }, picks: 0, more: (f) => [f.graph.constant('i', { dtype: 'int64', shape: [], data: BigInt64Array.of(1n) })] },
  { opType: 'Gather', shape: [3, 5], more: (f) => [f.graph.constant('i', { dtype: 'int64', shape: [2, 1], data: BigInt64Array.of(1n, 0n) })] },
  { opType: 'Reshape', shape: [2, 3, 5], more: (f) => [f.shape([2, 3, 5, 1])] },
  { opType: 'Reshape', shape: [2, 3, 5], more: (f) => [f.shape([1, 2, 3, -1])] },
  { opType: 'Reshape', shape: [2, 3, 5], more: (f) => [f.shape([0, 3, -1, 1])] },
  { opType: 'Expand', shape: [3, 1], more: (f) => [f.shape([2, 1, 5])] },
  { opType: 'Softmax', shape: [2, 3, 5] },
  { opType: 'Relu', shape: [2, 3] },
  { opType: 'MaxPool', shape: [2, 3, 7], attributes: { kernel_shape: ints([1]) } },
  { opType: 'GlobalMaxPool', shape: [2, 3, 7] },
  { opType: 'DepthToSpace', shape: [2, 4, 3, 5], attributes: { blocksize: int(2) } },
  { opType: 'SpaceToDepth', shape: [3, 5, 2, 4], attributes: { blocksize: int(2) } },
  { opType: 'Tile', shape: [2, 3], more: (f) => [f.shape([3, 1])] },
  { opType: 'Slice', shape: [2, 3, 5], more: (f) => [f.shape([1], 's'), f.shape([4], 'e'), f.shape([2], 'a')] },
  { opType: 'Concat', shape: [2, 3], attributes: { axis: int(1) }, more: (f) => [f.integers([2, 2])] },
  { opType: 'Identity', shape: [2, 3] },
]; // prettier-ignore

const nameOf = ({ opType, shape, attributes, opset }: Case) => `${opType} of [${shape.join()}] ${JSON.stringify(attributes ?? {})} ${opset ?? ''}`; // prettier-ignore

describe('an affine along an axis goes where onnxruntime moves it', () => {
  test.each(CASES.map((one) => [nameOf(one), one] as const))('%s', async (_, one) => {
    const { axes, dims } = await axesByRuntime(one);
    for (const [axis, size] of one.shape.entries()) {
      if (size === 1) continue;
      const step = stepOf(one, 'forward', along(axis, size), one.shape);
      // What it makes of several entries, or of none, is another question; that it goes elsewhere is not allowed.
      if (axes[axis] === undefined) continue;
      if (step.kind === 'push' && step.to[0]!.affine.scale.length === size) expect(axisOf(step), `axis ${axis}`).toBe(axes[axis]);
    }
    for (const [axis, size] of dims.entries()) {
      const own = axes.indexOf(axis);
      if (size === 1 || own < 0) continue;
      const step = stepOf(one, 'back', along(axis, size), one.shape);
      if (step.kind === 'push' && step.to[0]!.value.name === 'x' && step.to[0]!.affine.scale.length === size) expect(axisOf(step), `axis ${axis}`).toBe(own);
    }
  }); // prettier-ignore

  /** Operators that are known to let every axis pass that they keep. */
  const KEEPERS = ['Squeeze', 'Unsqueeze', 'Transpose', 'ReduceMax', 'ReduceMin', 'Identity', 'Gather'];

  test.each(CASES.filter(({ opType }) => KEEPERS.includes(opType)).map((one) => [nameOf(one), one] as const))('and nowhere else, all of them: %s', async (_, one) => {
    const { axes, dims } = await axesByRuntime(one);
    for (const [axis, size] of one.shape.entries()) {
      if (size !== 1 && axis !== one.picks) expect(axisOf(stepOf(one, 'forward', along(axis, size), one.shape)), `forward ${axis}`).toBe(axes[axis]);
    }
    for (const [axis, size] of dims.entries()) {
      const own = axes.indexOf(axis);
      if (size !== 1 && (own >= 0 || axis !== one.picks)) expect(axisOf(stepOf(one, 'back', along(axis, size), one.shape)), `back ${axis}`).toBe(own < 0 ? undefined : own);
    }
    const uniform = affine(0, vectorOf([2]), vectorOf([3]));
    expect(stepOf(one, 'back', uniform, one.shape)).toMatchObject({ kind: 'push', to: [{ affine: uniform }] });
    expect(stepOf(one, 'forward', uniform, one.shape)).toMatchObject({ kind: 'push', to: [{ affine: uniform }] });
  }); // prettier-ignore
});

describe('an affine along an axis is refused', () => {
  const at1 = along(1, 3);
  const UNKNOWN: readonly (readonly [string, Case, readonly Dim[] | undefined])[] = [
    ['by a Squeeze of an unknown rank', { opType: 'Squeeze', shape: [], more: axesInput(0) }, undefined],
    ['by a Squeeze that may take any axis', { opType: 'Squeeze', shape: [] }, ['n', 3, 5]],
    ['by an Unsqueeze of an unknown rank', { opType: 'Unsqueeze', shape: [], more: axesInput(0) }, undefined],
    ['by a Squeeze whose axes are computed', { opType: 'Squeeze', shape: [], more: (f) => [f.input([1], 'a', 'int64')] }, [1, 3, 5]],
    ['by an Unsqueeze whose axes are computed', { opType: 'Unsqueeze', shape: [], more: (f) => [f.input([1], 'a', 'int64')] }, [2, 3, 5]],
    ['by a Transpose of an unknown rank', { opType: 'Transpose', shape: [] }, undefined],
    ['by a reduction over all axes', { opType: 'ReduceMax', shape: [] }, [2, 3, 5]],
    ['by a reduction of an unknown rank', { opType: 'ReduceSum', shape: [], attributes: { axes: ints([0]) }, opset: 11 }, undefined],
    ['by a Gather of an unknown rank', { opType: 'Gather', shape: [], more: (f) => [f.shape([0, 1])] }, undefined],
    ['by a Gather whose indices have an unknown rank', { opType: 'Gather', shape: [], more: (f) => [f.graph.input('i', { dtype: 'int64' })] }, [2, 3, 5]],
    ['by pixels that are moved', { opType: 'DepthToSpace', shape: [], attributes: { blocksize: int(2) } }, undefined],
  ]; // prettier-ignore

  test.each(UNKNOWN)('%s, either way', (_, one, shape) => {
    const own = one.opType === 'DepthToSpace' ? along(2, 3) : at1;
    expect(stepOf(one, 'forward', own, shape).kind).toBe('refuse');
    expect(stepOf(one, 'back', own, shape).kind).toBe('refuse');
    const uniform = affine(0, vectorOf([2]), vectorOf([0]));
    expect(stepOf(one, 'forward', uniform, shape)).toMatchObject({ kind: 'push', to: [{ affine: uniform }] });
    expect(stepOf(one, 'back', uniform, shape)).toMatchObject({ kind: 'push', to: [{ affine: uniform }] });
  });

  test('with a negative scale, by what takes the largest or the smallest', () => {
    const negative = affine(0, vectorOf([1, -2]), vectorOf([1, 0]));
    const fine = affine(0, vectorOf([1, 0]), vectorOf([1, -7]));
    for (const opType of ['ReduceMax', 'ReduceMin']) {
      const one: Case = { opType, shape: [2, 3], attributes: { axes: ints([1]) } };
      for (const direction of ['back', 'forward'] as const) {
        expect(stepOf(one, direction, negative, one.shape).kind).toBe('refuse');
        expect(axisOf(stepOf(one, direction, fine, one.shape))).toBe(0);
      }
    }
  });
});

describe('a sum over m elements', () => {
  const one: Case = { opType: 'ReduceSum', shape: [2, 3, 5], more: axesInput(0, 2) };
  const own = along(1, 3);
  const shifts = (step: Step) => (step.kind === 'push' ? step.to[0]!.affine.shift.map(({ hi, lo }) => [hi, lo]) : step);

  test('adds up m shifts, and takes an m-th of one', () => {
    expect(shifts(stepOf(one, 'forward', own, one.shape))).toEqual([[0, 0], [-10, 0], [-20, 0]]);
    const tenth = (n: number) => -n / 10;
    const back = stepOf(one, 'back', own, one.shape);
    expect(back.kind === 'push' && back.to[0]!.affine.shift.map(({ hi }) => hi + 0)).toEqual([0, tenth(1), tenth(2)]);
  }); // prettier-ignore

  test('lets a shift pass only where m is known, and a scale wherever the axis is', () => {
    const scale = affine(1, vectorOf([2, 3, 4]), vectorOf([0]));
    for (const direction of ['back', 'forward'] as const) {
      expect(stepOf(one, direction, own, [2, 3, 'w'])).toMatchObject({ kind: 'refuse' });
      expect(axisOf(stepOf(one, direction, scale, [2, 3, 'w']))).toBe(1);
      expect(stepOf(one, direction, own, [0, 3, 5])).toMatchObject({ kind: 'refuse' });
    }
  });
});

describe('blocks of pixels', () => {
  const scales = (step: Step) => (step.kind === 'push' ? step.to[0]!.affine.scale.map(({ hi }) => hi) : step.kind);
  const channels = (...values: number[]): Affine => affine(1, vectorOf(values), vectorOf(values.map((own) => -own)));

  test.each([
    ['DCR', [2, 3, 2, 3, 2, 3, 2, 3]],
    ['CRD', [2, 2, 2, 2, 3, 3, 3, 3]],
  ] as const)('%s', (mode, wide) => {
    const one: Case = { opType: 'DepthToSpace', shape: [5, 8, 3, 7], attributes: { blocksize: int(2), mode: string(mode) } }; // prettier-ignore
    expect(scales(stepOf(one, 'back', channels(2, 3), one.shape))).toEqual(wide);
    expect(scales(stepOf(one, 'forward', channels(...wide), one.shape))).toEqual([2, 3]);
    const other = mode === 'DCR' ? [2, 2, 2, 2, 3, 3, 3, 3] : [2, 3, 2, 3, 2, 3, 2, 3];
    expect(scales(stepOf(one, 'forward', channels(...other), one.shape))).toBe('refuse');
    const shifted = affine(1, vectorOf([2]), vectorOf(other));
    expect(scales(stepOf(one, 'forward', shifted, one.shape))).toBe('refuse');
    expect(axisOf(stepOf(one, 'back', along(0, 5), one.shape))).toBe(0);
    expect(axisOf(stepOf(one, 'forward', along(0, 5), one.shape))).toBe(0);
  });

  test('of any mode go back to space as DCR', () => {
    const one: Case = { opType: 'SpaceToDepth', shape: [5, 2, 6, 14], attributes: { blocksize: int(2), mode: string('CRD') } }; // prettier-ignore
    expect(scales(stepOf(one, 'forward', channels(2, 3), one.shape))).toEqual([2, 3, 2, 3, 2, 3, 2, 3]);
    expect(scales(stepOf(one, 'back', channels(2, 3, 2, 3, 2, 3, 2, 3), one.shape))).toEqual([2, 3]);
  });
});
