import { float, int, ints } from '../../../src/onnx/attribute.ts';
import { Node, Value } from '../../../src/onnx/graph.ts';
import { affineAlong } from './affine-operators.ts';
import type { Draft, Fact } from './draft.ts';
import { LINEAR_OPERATORS } from './linear-operators.ts';
import type { Grown, Operator } from './operator.ts';
import type { Tape } from './tape.ts';

/** Operators of several float values or with several outputs, and such as let no affine pass. */

export const split: Operator = {
  name: 'Split',
  applies: ({ shape }) => shape.some((dim, axis) => axis > 0 && dim > 1),
  grow(draft, x, tape): Grown {
    const fact = draft.fact(x);
    const at = tape.pick([...fact.shape.keys()].filter((axis) => axis > 0 && fact.shape[axis]! > 1));
    const size = fact.shape[at]!;
    const first = 1 + tape.next(size - 1);
    const facts = [first, size - first].map((part) => ({ ...fact, shape: fact.shape.with(at, part) }));
    const sizes = [first, size - first];
    const [y, ...others] = draft.opset < 13
      ? draft.nodes('Split', [x], { axis: int(at), split: ints(sizes) }, facts)
      : draft.nodes('Split', [x, draft.integers(sizes, 'sizes')], { axis: int(at) }, facts); // prettier-ignore
    return { y: y!, others };
  },
};

/** Values of the draft that differ from this one along one axis at most. */
const matching = (draft: Draft, { shape }: Fact, at: number) =>
  [...draft.facts].filter(([, other]) => other.shape.length === shape.length && other.shape.every((dim, axis) => axis === at || dim === shape[axis])); // prettier-ignore

const concat: Operator = {
  name: 'Concat',
  applies: ({ shape }) => shape.length >= 2,
  grow(draft, x, tape) {
    const fact = draft.fact(x);
    const at = tape.next(fact.shape.length);
    const [z, other] = tape.pick(matching(draft, fact, at));
    const inputs = tape.flag() ? [z, x] : [x, z];
    const shape = fact.shape.with(at, fact.shape[at]! + other.shape[at]!);
    const y = { shape, max: Math.max(fact.max, other.max), step: Math.min(fact.step, other.step) };
    return draft.allows(y) ? { y: draft.node('Concat', inputs, { axis: int(at) }, y) } : undefined;
  },
};

const several: Operator = {
  name: 'Add, Sub, Mul, Sum, Mean, Max or Min of branches',
  applies: () => true,
  grow(draft, x, tape) {
    const [opType, most] = tape.pick(SEVERAL);
    const candidates = matching(draft, draft.fact(x), NaN).map(([value]) => value);
    const others = Array.from({ length: 1 + tape.next(most - 1) }, () => tape.pick(candidates));
    const inputs = tape.flag() ? [x, ...others] : [...others, x];
    const y = severalFact(opType, inputs.map((value) => draft.fact(value))); // prettier-ignore
    const isRounded = opType === 'Mean' && inputs.length === 3 && draft.exact;
    return draft.allows(y) && !isRounded ? { y: draft.node(opType, inputs, {}, y) } : undefined;
  },
};

const SEVERAL = [['Add', 2], ['Sub', 2], ['Mul', 2], ['Sum', 3], ['Mean', 3], ['Max', 3], ['Min', 3], ['Add', 2]] as const; // prettier-ignore

function severalFact(opType: string, facts: readonly Fact[]): Fact {
  const total = (numbers: readonly number[]) => numbers.reduce((sum, n) => sum + n, 0);
  const [maxima, steps] = [facts.map(({ max }) => max), facts.map(({ step }) => step)];
  const { shape } = facts[0]!;
  if (opType === 'Mul')
    return { shape, max: maxima.reduce((product, max) => product * max, 1) + 1, step: total(steps) };
  return { shape, max: total(maxima), step: Math.min(...steps) - Number(opType === 'Mean') };
}

/** Reads nothing of x but its shape, and expands x to that. (onnxruntime's optimiser breaks a Reshape to it.) */
const expandToItself: Operator = {
  name: 'Expand by Shape',
  applies: ({ shape }, { opset }) => shape.length >= 1 && opset >= 8,
  grow(draft, x) {
    const shape = draft.graph.node('Shape', { inputs: [x], output: { name: 'shape_of' } });
    return { y: draft.node('Expand', [x, shape], {}, draft.fact(x)) };
  },
};

/** A function that is no affine and commutes with none; on integers it may do nothing, which nobody can know. */
export const barrier: Operator = {
  name: 'Floor or Tanh',
  applies: () => true,
  grow(draft, x) {
    const { shape, max, step } = draft.fact(x);
    const y = draft.exact ? { shape, max, step: Math.max(step, 0) } : { shape, max: 1, step };
    return { y: draft.node(draft.exact ? 'Floor' : 'Tanh', [x], {}, y) };
  },
};

const clip: Operator = {
  name: 'Clip, Abs',
  applies: () => true,
  grow(draft, x, tape) {
    const fact = draft.fact(x);
    if (tape.flag()) return { y: draft.node('Abs', [x], {}, fact) };
    if (draft.opset < 11) return { y: draft.node('Clip', [x], { min: float(-2), max: float(6) }, { ...fact, max: 6 }) };
    return { y: draft.node('Clip', [x, draft.scalar(-2, 'min'), draft.scalar(6, 'max')], {}, { ...fact, max: 6 }) };
  },
};

/** An If both of whose branches hold weights and an affine of their own, and read those around them. */
const branches: Operator = {
  name: 'If',
  applies: ({ shape }) => shape.length >= 2,
  grow(draft, x, tape): Grown | undefined {
    const operators = LINEAR_OPERATORS.filter(({ applies, name }) => applies(draft.fact(x), draft) && name.startsWith('MatMul')); // prettier-ignore
    const operator = tape.pick(operators);
    const bodies = ['then', 'else'].map((name) => body(draft.inside(name), x, operator, tape));
    const [first, second] = bodies;
    if (!first || !second || draft.fact(x).shape.length < 2) return undefined;
    const shape = first.fact.shape;
    if (second.fact.shape.join() !== shape.join()) return undefined;
    const fact = { shape, max: Math.max(first.fact.max, second.fact.max), step: Math.min(first.fact.step, second.fact.step) }; // prettier-ignore
    return { y: ifNode(draft, first.draft, second.draft, fact, tape.flag()) };
  },
};

function body(draft: Draft, x: Value, operator: Operator, tape: Tape) {
  const y = operator.grow(draft, x, tape)?.y;
  const z = y && affineAlong(draft, y, { axis: 1 }, tape);
  const last = z ?? y;
  if (!last) return undefined;
  const output = draft.node('Identity', [last], {}, draft.fact(last));
  draft.graph.outputs.push(Object.assign(output, { dtype: 'float32' as const }));
  return { draft, fact: draft.fact(output) };
}

function ifNode(draft: Draft, first: Draft, second: Draft, fact: Fact, condition: boolean): Value {
  const data = Uint8Array.of(Number(condition));
  const cond = draft.graph.constant('condition', { dtype: 'bool', shape: [], data });
  const y = new Value(draft.graph.uniqueName('if'));
  draft.facts.set(y, fact);
  const attributes = {
    then_branch: { kind: 'graph', value: first.graph },
    else_branch: { kind: 'graph', value: second.graph },
  } as const;
  draft.graph.nodes.push(new Node('If', { name: draft.graph.uniqueName('if'), inputs: [cond], outputs: [y], attributes })); // prettier-ignore
  return y;
}

export const BRANCHING_OPERATORS: readonly Operator[] = [
  split,
  concat,
  several,
  several,
  expandToItself,
  barrier,
  clip,
  branches,
];
