import { float, int, ints, string } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { float32, sizeOf } from '../../../src/tensor.ts';
import type { Draft, Fact } from './draft.ts';
import { both, withAxes, type AxisMap, type Grown, type Operator } from './operator.ts';
import type { Tape } from './tape.ts';

/** Operators that gather elements along axes, or put some around them. */

const isImage = ({ shape }: Fact) => shape.length >= 3 && shape.length <= 5;

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

export const WINDOW_OPERATORS: readonly Operator[] = [maxPool, averagePool, reduce, pad, resize];
