import { float, int, ints, string } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { float32, sizeOf } from '../../../src/tensor.ts';
import type { Draft, Fact } from './draft.ts';
import { both, sameAxis, withAxes, type AxisMap, type Grown, type Operator } from './operator.ts';
import { WINDOW_OPERATORS } from './window-operators.ts';

/** Operators without weights that an affine may pass, along the axes and under the conditions that theory gives. */

const always = () => true;

const pointwise: Operator = {
  name: 'Relu, LeakyRelu, PRelu',
  applies: ({ shape }) => shape.length >= 1,
  grow(draft, x, tape) {
    const fact = draft.fact(x);
    const slope = tape.pick([0.5, 2, -1, 0.25]);
    const kept = { ...fact, max: 2 * fact.max, step: fact.step - 2 };
    const law = { ...both(sameAxis), isMonotonic: true, keepsZero: true } as const;
    const kind = draft.allows(kept) ? tape.next(3) : 0;
    if (kind === 0) return { y: draft.node('Relu', [x], {}, fact), ...law };
    if (kind === 1) return { y: draft.node('LeakyRelu', [x], { alpha: float(slope) }, kept), ...law };
    const shape = [fact.shape.at(-1)!];
    const values = shape.flatMap((n) => Array.from({ length: n }, (_, i) => (i % 2 ? slope : 0.5)));
    return { y: draft.node('PRelu', [x, draft.graph.constant('slope', float32(shape, values))], {}, kept), ...law };
  },
};

const identity: Operator = {
  name: 'Identity, Dropout',
  applies: always,
  grow(draft, x, tape) {
    const fact = draft.fact(x);
    if (tape.flag()) return { y: draft.node('Identity', [x], {}, fact), ...both(sameAxis) };
    return { y: draft.node('Dropout', [x], draft.opset < 12 && tape.flag() ? { ratio: float(0.25) } : {}, fact), ...both(sameAxis) }; // prettier-ignore
  },
};

const transpose: Operator = {
  name: 'Transpose',
  applies: ({ shape }) => shape.length >= 2,
  grow(draft, x, tape) {
    const fact = draft.fact(x);
    const axes = [...fact.shape.keys()];
    const random = tape.random();
    const shuffled = axes.map((axis) => ({ axis, key: random.real() })).sort((a, b) => a.key - b.key);
    const perm = tape.flag(4) ? axes.toReversed() : shuffled.map(({ axis }) => axis);
    const isDefault = perm.join() === axes.toReversed().join();
    const shape = perm.map((axis) => fact.shape[axis]!);
    const y = draft.node('Transpose', [x], isDefault && tape.flag() ? {} : { perm: ints(perm) }, { ...fact, shape });
    return { y, ...both((axis) => perm.indexOf(axis)) };
  },
};

/** Merges two neighbouring axes; an affine along the first one repeats in the merged axis, or is tiled by the other. */
const merge: Operator = {
  name: 'Reshape that merges two axes',
  applies: ({ shape }) => shape.length >= 2,
  grow(draft, x, tape) {
    const fact = draft.fact(x);
    const at = tape.next(fact.shape.length - 1);
    const merged = fact.shape[at]! * fact.shape[at + 1]!;
    const shape = fact.shape.toSpliced(at, 2, merged);
    const given = shape.map((dim, axis) => (axis < at && tape.flag() ? 0 : axis === at && tape.flag() ? -1 : dim));
    const y = draft.node('Reshape', [x, draft.integers(given, 'shape')], {}, { ...fact, shape });
    const forward: AxisMap = (axis) => (axis <= at ? axis : axis - 1);
    const isWhole = (axis: number) => axis < at || axis > at + 1 || fact.shape[2 * at + 1 - axis] === 1;
    return { y, forward, back: (axis) => (isWhole(axis) ? forward(axis) : undefined) };
  },
};

/** Splits an axis, or turns everything around; which affines pass depends on sizes, so theory says nothing here. */
const reshape: Operator = {
  name: 'Reshape to anything',
  applies: ({ shape }) => shape.length >= 1,
  grow(draft, x, tape) {
    const fact = draft.fact(x);
    const size = sizeOf(fact.shape);
    const factors = [1, 2, 3, 4, 5, 6].filter((factor) => size % factor === 0);
    const [a, b] = [tape.pick(factors), tape.pick(factors)];
    const shape = size % (a * b) === 0 ? [a, size / (a * b), b] : [a, size / a];
    const given = tape.flag() ? shape.map((dim, axis) => (axis === 1 ? -1 : dim)) : shape;
    return { y: draft.node('Reshape', [x, draft.integers(given, 'shape')], {}, { ...fact, shape }) };
  },
};

const flatten: Operator = {
  name: 'Flatten',
  applies: ({ shape }) => shape.length >= 1,
  grow(draft, x, tape) {
    const fact = draft.fact(x);
    const at = tape.flag() ? tape.next(fact.shape.length + 1) : 1;
    const shape = [sizeOf(fact.shape.slice(0, at)), sizeOf(fact.shape.slice(at))];
    const y = draft.node('Flatten', [x], at === 1 ? {} : { axis: int(at) }, { ...fact, shape });
    return { y, forward: (axis) => (axis < at ? 0 : 1) };
  },
};

const squeeze: Operator = {
  name: 'Squeeze',
  applies: ({ shape }) => shape.length >= 2 && shape.includes(1),
  grow(draft, x, tape) {
    const fact = draft.fact(x);
    const at = tape.pick([...fact.shape.keys()].filter((axis) => fact.shape[axis] === 1));
    const { attributes, inputs } = withAxes(draft, [draft.opset >= 11 && tape.flag() ? at - fact.shape.length : at], 13); // prettier-ignore
    const y = draft.node('Squeeze', [x, ...inputs], attributes, { ...fact, shape: fact.shape.toSpliced(at, 1) });
    return { y, ...both((axis) => (axis === at ? undefined : axis - Number(axis > at))) };
  },
};

const unsqueeze: Operator = {
  name: 'Unsqueeze',
  applies: ({ shape }) => shape.length <= 4,
  grow(draft, x, tape) {
    const fact = draft.fact(x);
    const at = tape.next(fact.shape.length + 1);
    const { attributes, inputs } = withAxes(draft, [at], 13);
    const y = draft.node('Unsqueeze', [x, ...inputs], attributes, { ...fact, shape: fact.shape.toSpliced(at, 0, 1) });
    return { y, ...both((axis) => axis + Number(axis >= at)) };
  },
};

/** Channels turn into pixels or back; theory lets every vector pass towards the many channels, not back. */
const depthToSpace: Operator = {
  name: 'DepthToSpace, SpaceToDepth',
  applies: ({ shape }) => shape.length === 4,
  grow(draft, x, tape): Grown | undefined {
    const fact = draft.fact(x);
    const [N, C, H, W] = fact.shape as [number, number, number, number];
    const blocksize = int(2);
    const channels: AxisMap = (axis) => (axis < 2 ? axis : undefined);
    if (C % 4 === 0) {
      const mode = draft.opset >= 11 && tape.flag() ? { mode: string(tape.pick(['DCR', 'CRD'])) } : {};
      return { y: draft.node('DepthToSpace', [x], { blocksize, ...mode }, { ...fact, shape: [N, C / 4, 2 * H, 2 * W] }), back: channels }; // prettier-ignore
    }
    if (H % 2 || W % 2) return undefined;
    return { y: draft.node('SpaceToDepth', [x], { blocksize }, { ...fact, shape: [N, 4 * C, H / 2, W / 2] }), forward: channels }; // prettier-ignore
  },
};

const slice: Operator = {
  name: 'Slice',
  applies: ({ shape }) => shape.some((dim, axis) => axis > 0 && dim > 1),
  grow(draft, x, tape) {
    const fact = draft.fact(x);
    const at = tape.pick([...fact.shape.keys()].filter((axis) => axis > 0 && fact.shape[axis]! > 1));
    const size = fact.shape[at]!;
    const start = tape.next(size);
    const step = draft.opset >= 10 ? 1 + tape.next(2) : 1;
    const end = tape.flag() ? size : start + 1 + tape.next(size - start);
    const shape = fact.shape.with(at, Math.ceil((end - start) / step));
    const y = sliceNode(draft, x, { at, start: tape.flag() ? start - size : start, end: end === size && tape.flag() ? 2 ** 40 : end, step }, { ...fact, shape }); // prettier-ignore
    return { y, ...both(sameAxis) };
  },
};

interface Cut {
  readonly at: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

function sliceNode(draft: Draft, x: Value, { at, start, end, step }: Cut, fact: Fact): Value {
  if (draft.opset < 10) return draft.node('Slice', [x], { axes: ints([at]), starts: ints([start]), ends: ints([end]) }, fact); // prettier-ignore
  const lists = [[start], [end], [at], [step]].map((list) => draft.integers(list, 'bounds'));
  return draft.node('Slice', [x, ...lists], {}, fact);
}

const gatherSlices: Operator = {
  name: 'Gather of slices',
  applies: ({ shape }) => shape.length >= 1 && shape.length <= 4,
  grow(draft, x, tape) {
    const fact = draft.fact(x);
    const at = tape.next(fact.shape.length);
    const shape = tape.pick([[2], [3], [fact.shape[at]!], [2, 2], []]);
    const random = tape.random();
    const data = BigInt64Array.from({ length: sizeOf(shape) }, () => BigInt(Math.floor(random.real() * fact.shape[at]!))); // prettier-ignore
    const taken = draft.graph.constant('taken', { dtype: 'int64', shape, data });
    const out = { ...fact, shape: fact.shape.toSpliced(at, 1, ...shape) };
    const moved = (own: boolean) => (axis: number) => (axis === at && !own ? undefined : axis <= at ? axis : axis + shape.length - 1); // prettier-ignore
    const [isRow, isOnce] = [shape.length === 1, new Set(data).size === data.length];
    const y = draft.node('Gather', [x, taken], at === 0 ? {} : { axis: int(at) }, out);
    return { y, forward: moved(isRow), back: moved(isRow && isOnce) };
  },
};

export const PASSING_OPERATORS: readonly Operator[] = [
  identity, pointwise, transpose, merge, reshape, flatten, squeeze, unsqueeze, depthToSpace, slice, gatherSlices,
  ...WINDOW_OPERATORS,
]; // prettier-ignore
