import type { Dim } from '../../tensor.ts';
import { allKnown, type Operator } from './operator.ts';

/**
 * The elements of a small integer tensor that follow from shapes, so that `Reshape(x, Pack(Shape(x)[0], 7, 7))` needs
 * no node that computes a shape. An element that is known at run time only is the symbol of the size that it is; what
 * is computed from one has a symbol of its own.
 *
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops (the operators of the table)
 * @returns `undefined` where this operator is none of them, or its inputs are not known.
 */
export function contentsOf(op: Operator): readonly Dim[] | undefined {
  return Object.hasOwn(RULES, op.className) ? RULES[op.className]!(op) : undefined;
}

type Rule = (op: Operator) => readonly Dim[] | undefined;

const same: Rule = (op) => (op.input(0).dtype === 'int32' ? op.input(0).contents : undefined);

const arithmetic =
  (combine: (a: number, b: number) => number): Rule =>
  (op) => {
    const [a, b] = [op.input(0).contents, op.input(1).contents];
    if (!a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return undefined;
    return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => {
      const [left, right] = [a[a.length === 1 ? 0 : i]!, b[b.length === 1 ? 0 : i]!];
      const both = typeof left === 'number' && typeof right === 'number';
      return both ? asInt32(combine(left, right)) : `${op.name}_${i}`;
    });
  };

/** Whatever would overflow is left to the runtime, under a name. */
function asInt32(value: number): Dim {
  return Math.abs(value) < 2 ** 31 ? value : 'overflow';
}

function joined(parts: readonly (readonly Dim[] | undefined)[]): readonly Dim[] | undefined {
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

const RULES: Readonly<Record<string, Rule>> = {
  Shape: (op) => op.input(0).shape,
  Rank: (op) => [op.input(0).shape.length],
  Size: (op) => {
    const { shape } = op.input(0);
    return allKnown(shape) ? [asInt32(shape.reduce((a, b) => a * b, 1))] : undefined;
  },
  Identity: same,
  StopGradient: same,
  Snapshot: same,
  Squeeze: same,
  Cast: (op) => (op.element('DstT', 'float32') === 'int32' ? same(op) : undefined),
  ExpandDims: (op) => (op.input(0).shape.length === 0 ? same(op) : undefined),
  Reshape: (op) => ((op.input(1).contents?.length ?? 2) <= 1 ? same(op) : undefined),
  Pack: (op) => (op.inputs.every(({ shape }) => shape.length === 0) ? joined(op.inputs.map(({ contents }) => contents)) : undefined),
  ConcatV2: (op) => joined(op.inputs.slice(0, -1).map(({ contents, shape }) => (shape.length === 1 ? contents : undefined))),
  StridedSlice: stridedSlice,
  Slice: (op) => {
    const [contents, begin, size] = op.inputs.slice(0, 3).map((input) => input.contents);
    const [start, count] = [begin?.[0], size?.[0]];
    if (!contents || typeof start !== 'number' || typeof count !== 'number') return undefined;
    return contents.slice(start, count < 0 ? undefined : start + count);
  },
  GatherV2: (op) => {
    const [contents, indices] = op.inputs.map((input) => input.contents);
    if (!contents || !indices || op.input(0).shape.length !== 1) return undefined;
    const taken = indices.map((index) => (typeof index === 'number' ? contents[index] : undefined));
    return taken.every((entry) => entry !== undefined) ? taken : undefined;
  },
  Prod: (op) => {
    const { contents } = op.input(0);
    if (!contents || contents.length === 1) return contents;
    return [allKnown(contents) ? asInt32(contents.reduce((a, b) => a * b, 1)) : `${op.name}_0`];
  },
  AddV2: arithmetic((a, b) => a + b),
  Add: arithmetic((a, b) => a + b),
  Sub: arithmetic((a, b) => a - b),
  Mul: arithmetic((a, b) => a * b),
  FloorDiv: arithmetic((a, b) => (b === 0 ? NaN : Math.floor(a / b))),
  Maximum: arithmetic(Math.max),
  Minimum: arithmetic(Math.min),
}; // prettier-ignore

/** A part of a vector: `shape[0:2]`, `shape[-1]`. */
function stridedSlice(op: Operator): readonly Dim[] | undefined {
  const { contents, shape } = op.input(0);
  const bounds = op.inputs.slice(1, 4).map((input) => input.contents);
  if (!contents || shape.length !== 1 || bounds.some((bound) => bound?.length !== 1 || !allKnown(bound)))
    return undefined;
  if (op.integer('new_axis_mask', 0) !== 0 || op.integer('ellipsis_mask', 0) !== 0) return undefined;
  const [begin, end, step] = bounds.map((bound) => bound![0] as number) as [number, number, number];
  if (step !== 1) return undefined;
  if (op.integer('shrink_axis_mask', 0) & 1) {
    const entry = contents.at(begin);
    return entry === undefined ? undefined : [entry];
  }
  const from = op.integer('begin_mask', 0) & 1 ? 0 : begin;
  return contents.slice(from, op.integer('end_mask', 0) & 1 ? undefined : end);
}
