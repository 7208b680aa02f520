import { float, int } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { float32 } from '../../../src/tensor.ts';
import { largest, stepOf, type Attributes, type Draft, type Fact } from './draft.ts';
import { sameAxis, type Operator } from './operator.ts';
import type { Random, Tape } from './tape.ts';

/** Affines along one axis, in every form that exporters write. */

export interface AffineOptions {
  readonly axis: number;
  /** No negative scale. */
  readonly isMonotonic?: boolean;
  /** No shift. */
  readonly keepsZero?: boolean;
  /** A scale and a shift that no Relu and no zero padding lets through. */
  readonly isAwkward?: boolean;
  /** Small shifts and no tiny variance: others may be better kept apart for the sake of accuracy. */
  readonly isTame?: boolean;
}

type Form = (draft: Draft, x: Value, options: AffineOptions, tape: Tape) => Value | undefined;

/** A node, or several, that make y = scale · x + shift along the axis. */
export const affineAlong: Form = (draft, x, options, tape) => {
  const { shape } = draft.fact(x);
  const isChannel = options.axis === 1 && shape.length >= 2;
  const forms = isChannel ? [batchNormalization, arithmetic, decomposed, batchNormalization] : [arithmetic, decomposed];
  return (options.isAwkward ? (isChannel ? batchNormalization : decomposed) : tape.pick(forms))(
    draft,
    x,
    options,
    tape,
  );
};

const SCALES = [1, 2, 0.5, -1, 1, -2, 4, 0.5, -0.5, 0];
const POSITIVE_SCALES = [1, 2, 0.5, 1, 4, 0.5, 0.25, 0];
const AWKWARD_SCALES = [-1, -2, 2, -0.5];

function scales({ isMonotonic, isAwkward }: AffineOptions, n: number, random: Random, exact: boolean): number[] {
  const list = isAwkward ? AWKWARD_SCALES : isMonotonic ? POSITIVE_SCALES : SCALES;
  const some = Array.from({ length: n }, () => random.pick(list) * (exact ? 1 : 0.75 + random.real() / 2));
  if (isAwkward) [-2, 1].slice(0, n).forEach((s, c) => (some[c] = s));
  return some.map(Math.fround);
}

function shifts({ keepsZero, isAwkward, isTame }: AffineOptions, n: number, random: Random, exact: boolean): number[] {
  const size = isTame ? 0.25 : 1;
  const next = () => size * (keepsZero ? 0 : exact ? random.pick([0, 1, -1, 2, -3]) : 2 * random.real() - 1);
  const some = Array.from({ length: n }, () => Math.fround(next()));
  if (isAwkward) some[0] = 3;
  return some;
}

/** What y holds, from its scales and everything that is added on the way. */
function affineFact({ shape, max, step }: Fact, scale: readonly number[], added: readonly number[]): Fact {
  const smallest = Math.min(...scale.map((s) => stepOf([s])), 0);
  return { shape, max: max * largest(scale) + largest(added) * (1 + largest(scale)) + 1, step: Math.min(step + smallest, stepOf(added) + smallest) }; // prettier-ignore
}

const EPSILONS = [2 ** -10, 2 ** -10, 0, 2 ** -20, 0.25];

/** √(variance + epsilon) is a power of two in an exact draft; variance 0 and tiny ones are among them. */
const batchNormalization: Form = (draft, x, options, tape) => {
  const fact = draft.fact(x);
  const n = fact.shape[1]!;
  const random = tape.random();
  const scale = scales(options, n, random, draft.exact);
  const mean = shifts(options, n, random, draft.exact);
  const beta = shifts({ ...options, isAwkward: false }, n, random, draft.exact);
  if (options.isAwkward) beta[0] = -1;
  const { epsilon, variance, roots } = spread(draft, options, n, random);
  const gamma = scale.map((s, c) => Math.fround(s * roots[c]!));
  const y = affineFact(fact, scale, [...mean, ...beta]);
  if (!draft.allows(y)) return undefined;
  const parameter = (name: string, values: readonly number[]) => {
    let at = 0;
    return draft.constant([n], () => values[at++]!, tape, name);
  };
  const inputs = [x, parameter('gamma', gamma), parameter('beta', beta), parameter('mean', mean), parameter('var', variance)]; // prettier-ignore
  return draft.node('BatchNormalization', inputs, attributesOf(draft, epsilon, tape), y);
};

function spread(draft: Draft, { isTame }: AffineOptions, n: number, random: Random) {
  const each = (next: () => number) => Array.from({ length: n }, next);
  if (draft.exact) {
    const epsilon = random.pick(EPSILONS);
    const roots = each(() => random.pick(isTame ? [1, 2, 0.5, 4] : [1, 2, 0.5, 4, 2 ** -6]));
    const usable = roots.map((root) => (root * root >= epsilon ? root : 0.5));
    return { epsilon, variance: usable.map((root) => root * root - epsilon), roots: usable };
  }
  const epsilon = random.pick([undefined, 1e-3, undefined]);
  const variance = each(() => Math.fround(isTame ? 0.5 + random.real() : random.pick([0.5 + random.real(), 1e-5, 0])));
  return { epsilon, variance, roots: variance.map((v) => Math.sqrt(v + Math.fround(epsilon ?? 1e-5))) };
}

function attributesOf({ opset }: Draft, epsilon: number | undefined, tape: Tape): Attributes {
  return {
    ...(epsilon === undefined ? {} : { epsilon: float(epsilon) }),
    ...(opset < 9 && tape.flag() ? { spatial: int(1) } : {}),
    ...(opset >= 14 && tape.flag() ? { training_mode: int(0) } : {}),
    ...(tape.flag() ? { momentum: float(0.5) } : {}),
  };
}

/** One of + − · / with a constant, from either side, or a negation. */
const arithmetic: Form = (draft, x, options, tape) => {
  const kinds = options.keepsZero
    ? ['Mul', 'Div', ...(options.isMonotonic ? [] : ['Neg'])]
    : options.isMonotonic
      ? ['Mul', 'Add', 'Sub', 'Div']
      : ['Mul', 'Add', 'Sub', 'Div', 'Neg', 'const − x'];
  return arithmeticOf(tape.pick(kinds), draft, x, options, tape);
};

function arithmeticOf(kind: string, draft: Draft, x: Value, options: AffineOptions, tape: Tape): Value | undefined {
  const fact = draft.fact(x);
  if (kind === 'Neg') return draft.node('Neg', [x], {}, fact);
  const random = tape.random();
  const n = tape.flag(4) ? 1 : fact.shape[options.axis]!;
  const multiplies = kind === 'Mul' || kind === 'Div';
  const scale = scales(options, n, random, draft.exact).map((s) => (kind === 'Div' ? s || 1 : s));
  const values = multiplies ? scale : shifts(options, n, random, draft.exact);
  const factors = kind === 'Div' ? scale.map((s) => 1 / s) : scale;
  const y = multiplies ? affineFact(fact, factors, [0]) : affineFact(fact, [1], values);
  if (!draft.allows(y)) return undefined;
  const c = constantAlong(draft, values, fact.shape.length, options.axis, tape);
  const first = kind === 'const − x' || ((kind === 'Mul' || kind === 'Add') && tape.flag());
  return draft.node(kind === 'const − x' ? 'Sub' : kind, first ? [c, x] : [x, c], {}, y);
}

/** `[n, 1, …]` or the same with ones in front; a single number in any rank up to that of x. */
export function constantAlong(draft: Draft, values: readonly number[], rank: number, axis: number, tape: Tape): Value {
  const behind = new Array<number>(rank - axis - 1).fill(1);
  const front = new Array<number>(axis).fill(1);
  const shapes = values.length === 1 ? [[], [1], [1, ...behind]] : [[values.length, ...behind], [...front, values.length, ...behind]]; // prettier-ignore
  let at = 0;
  return draft.constant(tape.pick(shapes), () => values[at++]!, tape, 'c');
}

/** (x − mean) / √(variance + epsilon) · gamma + beta as five nodes, the root made of constants at run time. */
const decomposed: Form = (draft, x, options, tape) => {
  const fact = draft.fact(x);
  const n = fact.shape[options.axis]!;
  const random = tape.random();
  const [gamma, beta, mean] = [scales(options, n, random, draft.exact), shifts(options, n, random, draft.exact), shifts({ ...options, isAwkward: false }, n, random, draft.exact)]; // prettier-ignore
  const y = affineFact(affineFact(fact, [0.5, 1], mean), gamma, [...beta, ...mean]);
  if (!draft.allows(y)) return undefined;
  const vector = (name: string, values: readonly number[]) =>
    draft.graph.constant(
      name,
      float32([n, ...new Array<number>(fact.shape.length - options.axis - 1).fill(1)], values),
    );
  const root = rootOf(draft, vector('variance', new Array<number>(n).fill(4 - 2 ** -10)));
  const centred = draft.node('Sub', [x, vector('mean', mean)], {}, affineFact(fact, [1], mean));
  const scaled = draft.node('Div', [centred, root], {}, affineFact(draft.fact(centred), [0.5], [0]));
  const product = draft.node('Mul', tape.flag() ? [scaled, vector('gamma', gamma)] : [vector('gamma', gamma), scaled], {}, y); // prettier-ignore
  return draft.node('Add', [product, vector('beta', beta)], {}, y);
};

function rootOf(draft: Draft, variance: Value): Value {
  const epsilon = draft.scalar(2 ** -10, 'epsilon');
  const sum = draft.graph.node('Add', { inputs: [variance, epsilon], output: { name: 'spread' } });
  return draft.graph.node('Sqrt', { inputs: [sum], output: { name: 'root' } });
}

export const affine: Operator = {
  name: 'an affine',
  applies: ({ shape }) => shape.length >= 1,
  grow(draft, x, tape) {
    const { shape } = draft.fact(x);
    const axis = shape.length >= 2 && tape.flag() ? 1 : tape.next(shape.length);
    const y = affineAlong(draft, x, { axis, isMonotonic: tape.flag(), keepsZero: tape.flag(3) }, tape);
    return y && { y, back: sameAxis, forward: sameAxis };
  },
};
