import { int } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { affine, affineAlong } from './affine-operators.ts';
import { barrier, BRANCHING_OPERATORS, split } from './branching-operators.ts';
import type { Draft, Fact } from './draft.ts';
import { LINEAR_OPERATORS } from './linear-operators.ts';
import type { Grown, Operator } from './operator.ts';
import { PASSING_OPERATORS } from './passing-operators.ts';
import { Tape } from './tape.ts';

/**
 * Anything at all; an affine behind weights that can take it in; one in front of such; one that nothing can take in;
 * one behind two weights that meet; one in front of two that part.
 */
export const FAMILIES = ['free', 'behind', 'in front', 'stuck', 'joined', 'parted'] as const;
export type Family = (typeof FAMILIES)[number];

/** What theory demands: that at most so many nodes of affines are left, or that one is still there. */
export type Expectation = { readonly kind: 'gone'; readonly most: number } | { readonly kind: 'kept' };

export interface Network {
  readonly outputs: readonly Value[];
  /** Names of the operators. */
  readonly grown: readonly string[];
  readonly expected?: Expectation | undefined;
}

type Steps = readonly (readonly number[])[];
type Grower = (draft: Draft, x: Value, steps: Steps, tape: Tape) => Network;

const OPERATORS = [
  ...LINEAR_OPERATORS, ...PASSING_OPERATORS, ...BRANCHING_OPERATORS, affine, affine, affine, affine, affine, affine,
]; // prettier-ignore

/** One operator after the other, each behind the last value or an earlier one. Loose ends are outputs. */
const free: Grower = (draft, x, steps, tape) => {
  const values = [x];
  const grown: string[] = [];
  for (const step of steps) {
    const decisions = new Tape(step);
    const operator = decisions.pick(OPERATORS);
    const from = decisions.flag(4) ? decisions.pick(values) : values.at(-1)!;
    const result = growOn(operator, draft, from, decisions);
    if (!result) continue;
    grown.push(operator.name);
    values.push(result.y, ...(result.others ?? []));
  }
  const inner = tape.flag(4) ? [tape.pick(values)].filter(({ producer }) => producer) : [];
  return { outputs: [...new Set([...loose(values), ...inner])], grown };
};

const loose = (values: readonly Value[]) => values.filter((value) => value.producer && value.uses.size === 0);

const growOn = (operator: Operator, draft: Draft, x: Value, tape: Tape): Grown | undefined =>
  operator.applies(draft.fact(x), draft) ? operator.grow(draft, x, tape) : undefined;

/** An operator of these that applies, starting from where the tape says. */
function growAny(operators: readonly Operator[], draft: Draft, x: Value, tape: Tape) {
  const fitting = operators.filter(({ applies }) => applies(draft.fact(x), draft));
  const operator = fitting.length > 0 ? tape.pick(fitting) : undefined;
  const result = operator?.grow(draft, x, tape);
  return result && { ...result, name: operator!.name };
}

/** How an affine gets along a chain of operators: along which axis, and under which conditions. */
interface Way {
  readonly y: Value;
  readonly axis: number | undefined;
  readonly isMonotonic: boolean;
  readonly keepsZero: boolean;
  readonly names: readonly string[];
}

function chain(draft: Draft, from: Value, axis: number, direction: 'back' | 'forward', steps: Steps): Way {
  let way: Way = { y: from, axis, isMonotonic: false, keepsZero: false, names: [] };
  for (const step of steps.slice(0, 4)) {
    const grown = growAny(PASSING_OPERATORS, draft, way.y, new Tape(step));
    const next = grown && way.axis !== undefined ? grown[direction]?.(way.axis) : undefined;
    // What lets nothing through is not taken into the chain, and hangs there as another reader of nothing.
    if (!grown) continue;
    way = {
      y: grown.y,
      axis: next,
      isMonotonic: way.isMonotonic || grown.isMonotonic === true,
      keepsZero: way.keepsZero || grown.keepsZero === true,
      names: [...way.names, grown.name],
    };
  }
  return way;
}

/** Weights, a few operators that let affines pass, and affines that all of them can do. */
const behind: Grower = (draft, x, [first = [], second = [], third = [], ...steps], tape) => {
  const from = tape.flag() ? barrier.grow(draft, x, tape)!.y : x;
  const linear = growAny(LINEAR_OPERATORS, draft, from, new Tape(first));
  if (linear?.features === undefined) return free(draft, x, [first, second, third, ...steps], tape);
  const way = chain(draft, linear.y, linear.features, 'back', steps.slice(tape.next(4)));
  const axis = way.axis ?? 0;
  const options = { axis, isMonotonic: way.isMonotonic || tape.flag(), keepsZero: way.keepsZero, isTame: true };
  const one = draft.fact(way.y).shape.length > axis ? affineAlong(draft, way.y, options, new Tape(second)) : undefined;
  const two = one && tape.flag() ? affineAlong(draft, one, options, new Tape(third)) : one;
  const y = two ?? one ?? way.y;
  const last = tape.flag() ? barrier.grow(draft, y, tape)!.y : y;
  const isSure = one !== undefined && way.axis !== undefined;
  return {
    outputs: [last],
    grown: [linear.name, ...way.names],
    expected: isSure ? { kind: 'gone', most: linear.makesBiasNode ? 1 : 0 } : undefined,
  };
};

/** An affine, a few operators that let it pass, and weights that sum over its axis, once or twice. */
const inFront: Grower = (draft, x, [first = [], second = [], third = [], ...steps], tape) => {
  const from = tape.flag() ? barrier.grow(draft, x, tape)!.y : x;
  const rank = draft.fact(from).shape.length;
  const axis = tape.flag() ? rank - 1 : Math.min(1, rank - 1);
  const options = { axis, isMonotonic: tape.flag(), keepsZero: tape.flag(), isTame: true };
  const scaled = affineAlong(draft, from, options, new Tape(first));
  if (!scaled) return free(draft, x, [first, second, third, ...steps], tape);
  const way = chain(draft, scaled, axis, 'forward', steps.slice(tape.next(4)));
  const readers = [second, third].slice(0, 1 + tape.next(2)).map((step) => growAny(LINEAR_OPERATORS, draft, way.y, new Tape(step))); // prettier-ignore
  // A subtraction with nothing else may be there for the sake of accuracy, and two biases are two nodes for one.
  const isCentring = draft.graph.nodes.some(({ opType }) => opType === 'Sub');
  const isSure =
    way.axis !== undefined &&
    !isCentring &&
    (options.isMonotonic || !way.isMonotonic) &&
    (options.keepsZero || !way.keepsZero) &&
    readers.every((reader) => reader?.sumsOver === way.axis && (options.keepsZero || !reader?.keepsZero));
  const most = readers.filter((reader) => reader?.makesBiasNode).length;
  const ends = readers.flatMap((reader) => (reader ? [tape.flag() ? barrier.grow(draft, reader.y, tape)!.y : reader.y] : [])); // prettier-ignore
  return {
    outputs: ends.length > 0 ? [...new Set(ends)] : [way.y],
    grown: [...way.names, ...readers.flatMap((reader) => reader?.name ?? [])],
    expected: isSure && (options.keepsZero || most < 2) ? { kind: 'gone', most } : undefined,
  };
};

/** An affine that is no one's: of negative scales and with a shift, between functions that are no affines. */
const stuck: Grower = (draft, x, [first = [], second = [], third = [], ...steps], tape) => {
  const start = tape.next(STUCK.length);
  const y = draft.fact(x).shape.length < 2 ? undefined : STUCK[start]!(draft, x, [first, second], tape);
  const scaled = y && affineAlong(draft, y.y, { axis: y.axis ?? 1, isAwkward: true }, new Tape(third));
  if (!scaled || draft.fact(scaled).shape.length < 2) return free(draft, x, [first, second, third, ...steps], tape);
  const last = barrier.grow(draft, scaled, tape)!.y;
  return { outputs: [...new Set([last, ...(y.outputs ?? [])])], grown: y.names ?? [], expected: { kind: 'kept' } };
};

interface Obstacle {
  readonly y: Value;
  readonly axis?: number;
  readonly outputs?: readonly Value[];
  readonly names?: readonly string[];
}
type Stuck = (draft: Draft, x: Value, steps: readonly [readonly number[], readonly number[]], tape: Tape) => Obstacle | undefined; // prettier-ignore

/** Weights whose features lie along axis 1, as that of a BatchNormalization. */
function features(draft: Draft, x: Value, step: readonly number[]) {
  const linear = growAny(LINEAR_OPERATORS, draft, x, new Tape(step));
  return linear?.features === 1 ? linear : undefined;
}

const STUCK: readonly Stuck[] = [
  // Nothing to take it in.
  (draft, x, _, tape) => barrier.grow(draft, x, tape),
  // The weights give out what they make.
  (draft, x, [first]) => {
    const linear = features(draft, x, first);
    return linear && { y: linear.y, outputs: [linear.y] };
  },
  // Somebody else reads what they make.
  (draft, x, [first], tape) => {
    const linear = features(draft, x, first);
    return linear && { y: linear.y, outputs: [barrier.grow(draft, linear.y, tape)!.y] };
  },
  // Something in between lets no negative scale through.
  (draft, x, [first, second]) => {
    const linear = features(draft, x, first);
    const between = linear && growAny(PASSING_OPERATORS, draft, linear.y, new Tape(second));
    const isObstacle = between?.isMonotonic && between.back?.(1) === 1;
    return isObstacle ? { y: between.y, names: [between.name] } : undefined;
  },
  // The affine acts along another axis than the features, however equal their sizes.
  (draft, x, [first]) => {
    const linear = growAny(LINEAR_OPERATORS, draft, x, new Tape(first));
    const shape = linear && draft.fact(linear.y).shape;
    if (linear?.features === undefined || linear.features === 1 || shape![1]! < 2) return undefined;
    return { y: linear.y, axis: 1 };
  },
];

/** Where two values of one shape meet, and what an affine behind them must be for both to take it in. */
const MEETINGS = [
  { opType: 'Concat' },
  { opType: 'Add' },
  { opType: 'Sub' },
  { opType: 'Sum' },
  { opType: 'Mean' },
  { opType: 'Max', isMonotonic: true },
  { opType: 'Min', isMonotonic: true },
  { opType: 'Mul', keepsZero: true },
] as const;

/** Two weights, what joins what they make, and an affine that both take in or one can take for both. */
const joined: Grower = (draft, x, [first = [], second = [], third = [], ...steps], tape) => {
  const [a, b] = [0, 1].map(() => growAny(LINEAR_OPERATORS, draft, x, new Tape(first)));
  const meeting = tape.pick(MEETINGS);
  const both = a && b ? [draft.fact(a.y), draft.fact(b.y)] : [];
  const axis = a?.features;
  const fact = axis === undefined || both.length < 2 ? undefined : meet(meeting.opType, both as [Fact, Fact], axis);
  if (!a || !b || !fact || !draft.allows(fact)) return free(draft, x, [first, second, third, ...steps], tape);
  const attributes = meeting.opType === 'Concat' ? { axis: int(axis!) } : {};
  const y = draft.node(meeting.opType, [a.y, b.y], attributes, fact);
  const options = { axis: axis!, isMonotonic: tape.flag(), keepsZero: tape.flag(3), isTame: true, ...meeting };
  const scaled = affineAlong(draft, y, options, new Tape(second));
  const most = a.makesBiasNode ? 2 : 0;
  const own = AFFINE_MEETINGS.includes(meeting.opType) ? 1 : 0;
  return {
    outputs: [scaled ?? y],
    grown: [a.name, b.name],
    expected: scaled ? { kind: 'gone', most: most + own } : undefined,
  };
};

/** Those that are counted among the affines, although they are none of one value. */
const AFFINE_MEETINGS: readonly string[] = ['Add', 'Sub', 'Mul'];

function meet(opType: string, [a, b]: readonly [Fact, Fact], axis: number): Fact | undefined {
  if (a.shape.join() !== b.shape.join()) return undefined;
  const [max, step] = [a.max + b.max, Math.min(a.step, b.step)];
  if (opType === 'Concat') return { shape: a.shape.with(axis, 2 * a.shape[axis]!), max, step };
  if (opType === 'Mul') return { shape: a.shape, max: a.max * b.max + 1, step: a.step + b.step };
  return { shape: a.shape, max, step: step - Number(opType === 'Mean') };
}

/** An affine, a Split along its axis or another, and weights behind each part. */
const parted: Grower = (draft, x, [first = [], second = [], third = [], ...steps], tape) => {
  const rank = draft.fact(x).shape.length;
  const axis = Math.min(1, rank - 1);
  const options = { axis, isMonotonic: true, keepsZero: tape.flag(), isTame: true };
  const scaled = affineAlong(draft, x, options, new Tape(first));
  const cut = scaled && growOn(split, draft, scaled, new Tape(second));
  if (!cut) return free(draft, x, [first, second, third, ...steps], tape);
  const parts = [cut.y, ...(cut.others ?? [])];
  const readers = parts.map((part) => growAny(LINEAR_OPERATORS, draft, part, new Tape(third)));
  const isSure =
    draft.graph.nodes.every(({ opType }) => opType !== 'Sub') &&
    readers.every((reader) => reader?.sumsOver === axis && (options.keepsZero || !reader.keepsZero));
  const most = readers.filter((reader) => reader?.makesBiasNode).length;
  const ends = readers.flatMap((reader) => reader?.y ?? []);
  return {
    outputs: ends.length > 0 ? [...new Set(ends)] : parts,
    grown: readers.flatMap((reader) => reader?.name ?? []),
    expected: isSure && (options.keepsZero || most < 2) ? { kind: 'gone', most } : undefined,
  };
};

export const GROWERS: Readonly<Record<Family, Grower>> = { free, behind, 'in front': inFront, stuck, joined, parted };
