import { float, int, string } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { sizeOf } from '../../../src/tensor.ts';
import { divisors, gain, largest, stepOf, type Attributes, type Draft } from './draft.ts';
import type { Grown, Operator } from './operator.ts';
import type { Random, Tape } from './tape.ts';

/** Operators with parameters of other kinds: recurrent layers, tables, normalisations. */

/** A Relu keeps a state of integers exact, which the gates of the others do not. */
export const recurrent: Operator = {
  name: 'LSTM, GRU or RNN',
  applies: ({ shape }) => shape.length === 3,
  grow(draft, x, tape) {
    const [T, N, I] = draft.fact(x).shape as [number, number, number];
    const [opType, gates] = draft.exact ? (['RNN', 1] as const) : tape.pick([['LSTM', 4], ['GRU', 3], ['RNN', 1]] as const); // prettier-ignore
    const H = 1 + tape.next(3);
    const directions = tape.flag() ? 2 : 1;
    const W = draft.weight([directions, gates * H, I], I, tape);
    const R = draft.weight([directions, gates * H, H], H, tape, 'R');
    const B = tape.flag(3) ? undefined : draft.weight([directions, 2 * gates * H], 1, tape, 'B');
    const fact = stateOf(draft, x, [W, R, B], { T, N, H, directions });
    if (!draft.allows(fact)) return undefined;
    const attributes = recurrentAttributes(draft, opType, H, directions, tape);
    return { y: draft.node(opType, [x, W, R, B], attributes, fact), sumsOver: 2 };
  },
};

interface State {
  readonly T: number;
  readonly N: number;
  readonly H: number;
  readonly directions: number;
}

function stateOf(
  draft: Draft,
  x: Value,
  [W, R, B]: readonly [Value, Value, Value | undefined],
  { T, N, H, directions }: State,
) {
  const shape = [T, directions, N, H];
  if (!draft.exact) return { shape, max: 1, step: -Infinity };
  const { max, step } = draft.fact(x);
  const perGate = (value: Value) => gain(draft.elements(value), (index) => Math.floor(index / (value.shape!.at(-1) as number))); // prettier-ignore
  const given = perGate(W) * max + (B ? 2 * largest(draft.elements(B)) : 0);
  let state = 0;
  for (let t = 0; t < T; t++) state = given + perGate(R) * state;
  return { shape, max: state + 1, step };
}

function recurrentAttributes(draft: Draft, opType: string, H: number, directions: number, tape: Tape): Attributes {
  const direction = directions === 2 ? 'bidirectional' : tape.pick(['forward', 'reverse']);
  return {
    hidden_size: int(H),
    direction: string(direction),
    ...(draft.exact ? { activations: { kind: 'strings', value: new Array<string>(directions).fill('Relu') } } : {}),
    ...(opType === 'GRU' && tape.flag() ? { linear_before_reset: int(1) } : {}),
  };
}

/** A table of constants, from which indices take rows; its rank and that of the indices vary. */
export const embedding: Operator = {
  name: 'Gather from a table',
  applies: () => true,
  grow(draft, _, tape) {
    const random = tape.random();
    const [rows, features] = [2 + tape.next(4), 1 + tape.next(5)];
    const table = draft.weight([rows, features], 1, tape, 'table');
    const shape = tape.pick([[3], [2, 2], [2, 1, 3]]);
    const data = draft.elements(table);
    const fact = { shape: [...shape, features], max: largest(data), step: draft.exact ? stepOf(data) : -Infinity };
    return { y: draft.node('Gather', [table, indices(draft, shape, rows, random)], {}, fact), features: shape.length };
  },
};

function indices(draft: Draft, shape: readonly number[], rows: number, random: Random): Value {
  const data = BigInt64Array.from({ length: sizeOf(shape) }, () => BigInt(Math.floor(random.real() * rows)));
  return draft.graph.constant('indices', { dtype: 'int64', shape, data });
}

/** Normalisations round, and so are for drafts of real numbers only. */
export const normalization: Operator = {
  name: 'InstanceNormalization, LayerNormalization or GroupNormalization',
  applies: ({ shape }, { exact }) => !exact && shape.length >= 2,
  grow(draft, x, tape): Grown | undefined {
    const { shape } = draft.fact(x);
    const kinds = [
      ...(shape.length >= 3 ? (['InstanceNormalization'] as const) : []),
      ...(draft.opset >= 17 ? (['LayerNormalization'] as const) : []),
      ...(draft.opset >= 21 && shape.length >= 3 ? (['GroupNormalization'] as const) : []),
    ];
    if (kinds.length === 0) return undefined;
    const opType = tape.pick(kinds);
    const axis = opType === 'LayerNormalization' ? shape.length - 1 : 1;
    const features = shape[axis]!;
    const [gamma, beta] = [draft.weight([features], 1, tape, 'gamma'), draft.weight([features], 1, tape, 'beta')];
    const attributes = {
      epsilon: float(0.25),
      ...(opType === 'GroupNormalization' ? { num_groups: int(tape.pick(divisors(features))) } : {}),
    };
    const fact = { shape, max: 100, step: -Infinity };
    return { y: draft.node(opType, [x, gamma, beta], attributes, fact), features: axis };
  },
};
