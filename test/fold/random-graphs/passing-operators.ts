import { float, int, ints, string } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { float32, sizeOf } from '../../../src/tensor.ts';
import type { Draft, Fact } from './draft.ts';
import { sameAxis, type AxisMap, type Grown, type Operator } from './operator.ts';
import type { Tape } from './tape.ts';

/** Operators without weights that an affine may pass, along the axes and under the conditions that theory gives. */

const always = () => true;
const isImage = ({ shape }: Fact) => shape.length >= 3 && shape.length <= 5;

const both = (axes: AxisMap) => ({ back: axes, forward: axes });

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

/** Axes that come from an attribute or, in newer opsets, from an input. */
function withAxes(draft: Draft, axes: readonly number[], inputSince: number) {
  if (draft.opset < inputSince) return { attributes: { axes: ints(axes) }, inputs: [] };
  return { attributes: {}, inputs: [draft.integers(axes, 'axes')] };
}

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

const inFront: AxisMap = (axis) => (axis < 2 ? axis : undefined);

const maxPool: Operator = {
  name: 'MaxPool, GlobalMaxPool',
  applies: isImage,
  grow(draft, x, tape) {
    const fact = draft.fact(x);
    const image = fact.shape.slice(2);
    const law = { ...both(inFront), isMonotonic: true } as const;
    if (tape.flag(4)) return { y: draft.node('GlobalMaxPool', [x], {}, pooled(fact, image.map(() => 1))), ...law }; // prettier-ignore
    const kernel = image.map((size) => Math.min(size, 1 + tape.next(3)));
    const pads = kernel.map((size) => (size > 1 && tape.flag() ? 1 : 0));
    const out = image.map((size, i) => size + 2 * pads[i]! - kernel[i]! + 1);
    const attributes = { kernel_shape: ints(kernel), pads: ints([...pads, ...pads]) };
    return { y: draft.node('MaxPool', [x], attributes, pooled(fact, out)), ...law };
  },
};

const pooled = (fact: Fact, image: readonly number[]): Fact => ({ ...fact, shape: [...fact.shape.slice(0, 2), ...image] }); // prettier-ignore

/** A mean of these many elements, which an exact draft can have only of a power of two. */
function mean(draft: Draft, fact: Fact, counts: readonly number[]): Fact | undefined {
  const bits = counts.map(Math.log2);
  if (draft.exact && !bits.every(Number.isInteger)) return undefined;
  const found = { ...fact, step: fact.step - Math.max(...bits) };
  return draft.allows({ ...found, max: fact.max * Math.max(...counts) }) ? found : undefined;
}

const averagePool: Operator = {
  name: 'AveragePool, GlobalAveragePool',
  applies: isImage,
  grow(draft, x, tape): Grown | undefined {
    const fact = draft.fact(x);
    const image = fact.shape.slice(2);
    if (tape.flag(4)) {
      const whole = mean(draft, pooled(fact, image.map(() => 1)), [sizeOf(image)]); // prettier-ignore
      return whole && { y: draft.node('GlobalAveragePool', [x], {}, whole), ...both(inFront) };
    }
    const kernel = image.map((size) => Math.min(size, 1 + tape.next(2)));
    const pads = kernel.map((size) => (size > 1 && tape.flag() ? 1 : 0));
    const counts = [1, sizeOf(kernel)];
    const out = mean(draft, pooled(fact, image.map((size, i) => size + 2 * pads[i]! - kernel[i]! + 1)), counts); // prettier-ignore
    if (!out) return undefined;
    const countsPads = tape.flag();
    const attributes = { kernel_shape: ints(kernel), pads: ints([...pads, ...pads]), count_include_pad: int(countsPads ? 1 : 0) }; // prettier-ignore
    const law = countsPads && pads.includes(1) ? { ...both(inFront), keepsZero: true as const } : both(inFront);
    return { y: draft.node('AveragePool', [x], attributes, out), ...law };
  },
};

const reduce: Operator = {
  name: 'ReduceMean, ReduceSum, ReduceMax, ReduceMin',
  applies: ({ shape }) => shape.length >= 2,
  grow(draft, x, tape): Grown | undefined {
    const fact = draft.fact(x);
    const gone = [...fact.shape.keys()].filter((axis) => axis > 0 && tape.flag());
    if (gone.length === 0) gone.push(fact.shape.length - 1);
    const opType = tape.pick(['ReduceMean', 'ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin']);
    const keeps = tape.flag();
    const shape = keeps ? fact.shape.map((dim, axis) => (gone.includes(axis) ? 1 : dim)) : fact.shape.filter((_, axis) => !gone.includes(axis)); // prettier-ignore
    const out = reduced(draft, opType, { ...fact, shape }, sizeOf(gone.map((axis) => fact.shape[axis]!)));
    if (!out) return undefined;
    const given = tape.flag() && draft.opset >= 11 ? gone.map((axis) => axis - fact.shape.length) : gone;
    const { attributes, inputs } = withAxes(draft, given, opType === 'ReduceSum' ? 13 : 18);
    const y = draft.node(opType, [x, ...inputs], { ...attributes, keepdims: int(keeps ? 1 : 0) }, out);
    const left = (axis: number) => (keeps ? axis : axis - gone.filter((other) => other < axis).length);
    const law = both((axis) => (gone.includes(axis) ? undefined : left(axis)));
    return { y, ...law, ...(opType === 'ReduceMax' || opType === 'ReduceMin' ? { isMonotonic: true } : {}) };
  },
};

function reduced(draft: Draft, opType: string, fact: Fact, count: number): Fact | undefined {
  if (opType === 'ReduceMean') return mean(draft, fact, [count]);
  if (opType !== 'ReduceSum') return fact;
  // A shift behind the sum is shared out among its terms.
  const part = mean(draft, fact, [count]);
  const sum = part && { ...part, max: part.max * count };
  return sum && draft.allows(sum) ? sum : undefined;
}

const PAD_MODES = ['constant', 'constant', 'edge', 'reflect'];

const pad: Operator = {
  name: 'Pad',
  applies: ({ shape }) => shape.length >= 1,
  grow(draft, x, tape) {
    const fact = draft.fact(x);
    const modes = draft.opset >= 19 ? [...PAD_MODES, 'wrap'] : PAD_MODES;
    const mode = tape.pick(modes);
    const amount = (axis: number) => (fact.shape[axis]! < 2 || axis === 0 ? 0 : tape.next(2));
    const [begin, end] = [[...fact.shape.keys()].map(amount), [...fact.shape.keys()].map(amount)] as const;
    const value = mode === 'constant' && tape.flag() ? 3 : 0;
    const shape = fact.shape.map((dim, axis) => dim + begin[axis]! + end[axis]!);
    const y = padNode(draft, x, { mode, pads: [...begin, ...end], value, tape }, { ...fact, shape, max: Math.max(fact.max, value) }); // prettier-ignore
    const isPadded = (axis: number) => begin[axis]! + end[axis]! > 0;
    const addsRim = mode === 'constant' && [...begin, ...end].some((n) => n > 0);
    const passes: AxisMap = (axis) => (isPadded(axis) || (addsRim && value !== 0) ? undefined : axis);
    return { y, ...both(passes), ...(addsRim ? { keepsZero: true as const } : {}) };
  },
};

interface Padding {
  readonly mode: string;
  readonly pads: readonly number[];
  readonly value: number;
  readonly tape: Tape;
}

function padNode(draft: Draft, x: Value, { mode, pads, value, tape }: Padding, fact: Fact): Value {
  const modeAttribute = mode === 'constant' && tape.flag() ? {} : { mode: string(mode) };
  if (draft.opset < 11) {
    return draft.node('Pad', [x], { ...modeAttribute, pads: ints(pads), ...(value ? { value: float(value) } : {}) }, fact); // prettier-ignore
  }
  const constant = value ? draft.scalar(value, 'value') : undefined;
  return draft.node('Pad', [x, draft.integers(pads, 'pads'), constant], modeAttribute, fact);
}

/** Nearest neighbours are exact, and means of neighbours only in a draft of real numbers. */
const resize: Operator = {
  name: 'Resize, Upsample',
  applies: ({ shape }) => shape.length === 4,
  grow(draft, x, tape) {
    const fact = draft.fact(x);
    const scales = [1, 1, 1 + tape.next(2), 1 + tape.next(2)];
    const shape = fact.shape.map((dim, axis) => dim * scales[axis]!);
    const out = { ...fact, shape };
    if (!draft.allows(out)) return undefined;
    const mode = string(draft.exact ? 'nearest' : tape.pick(['nearest', 'linear']));
    return { y: resizeNode(draft, x, scales, { mode }, out), ...both(inFront) };
  },
};

function resizeNode(
  draft: Draft,
  x: Value,
  scales: readonly number[],
  { mode }: { mode: ReturnType<typeof string> },
  fact: Fact,
) {
  // prettier-ignore
  if (draft.opset < 9) return draft.node('Upsample', [x], { mode, scales: { kind: 'floats', value: scales } }, fact);
  const given = draft.graph.constant('scales', float32([4], scales));
  if (draft.opset < 10) return draft.node('Upsample', [x, given], { mode }, fact);
  if (draft.opset < 11) return draft.node('Resize', [x, given], { mode }, fact);
  const asymmetric = string('asymmetric');
  const roi = draft.opset < 13 ? draft.graph.constant('roi', float32([0], [])) : undefined;
  return draft.node('Resize', [x, roi, given], { mode, coordinate_transformation_mode: asymmetric, nearest_mode: string('floor') }, fact); // prettier-ignore
}

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
    const shape = tape.pick([[2], [3], [2, 2], []]);
    const random = tape.random();
    const data = BigInt64Array.from({ length: sizeOf(shape) }, () => BigInt(Math.floor(random.real() * fact.shape[at]!))); // prettier-ignore
    const taken = draft.graph.constant('taken', { dtype: 'int64', shape, data });
    const out = { ...fact, shape: fact.shape.toSpliced(at, 1, ...shape) };
    const moved = (axis: number) => (axis === at ? undefined : axis < at ? axis : axis + shape.length - 1);
    return { y: draft.node('Gather', [x, taken], at === 0 ? {} : { axis: int(at) }, out), ...both(moved) };
  },
};

export const PASSING_OPERATORS: readonly Operator[] = [
  identity, pointwise, transpose, merge, reshape, flatten, squeeze, unsqueeze, maxPool, averagePool, reduce, pad,
  resize, depthToSpace, slice, gatherSlices,
]; // prettier-ignore
