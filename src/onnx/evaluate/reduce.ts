import { sizeOf, stridesOf } from '../../tensor.ts';
import type { Call, Rule } from './call.ts';
import { inRange } from './integer.ts';
import { zeros } from './real.ts';
import { sourceIndices, steps } from './take.ts';

/** How elements gather in one result: from `start`, each joined, then finished with their number. */
interface Reduction {
  readonly start: number;
  readonly join: (sum: number, x: number) => number;
  /** It makes no new number. */
  readonly isChoice?: boolean;
  readonly finish?: (sum: number, count: number) => number;
}

/** No axes means all of them, unless `noop_with_empty_axes`; then nothing is gathered. */
function axesOf(call: Call, rank: number): number[] {
  const axes = call.ints('axes', 1) ?? [];
  if (axes.length > 0) return axes.map((axis) => call.axis(axis, rank));
  return call.node.int('noop_with_empty_axes', 0) === 1 ? [] : steps(rank, 1);
}

interface Groups {
  readonly shape: readonly number[];
  readonly count: number;
  /** The result that each element goes to. */
  readonly of: Int32Array;
}

function groupsOf(call: Call): Groups {
  const { shape } = call.input(0);
  const axes = axesOf(call, shape.length);
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const strides = stridesOf(kept);
  const of = sourceIndices(shape.map((size, axis) => steps(size, axes.includes(axis) ? 0 : strides[axis]!)));
  const result = call.node.int('keepdims', 1) === 1 ? kept : shape.filter((_, axis) => !axes.includes(axis));
  return { shape: result, count: axes.reduce((count, axis) => count * shape[axis]!, 1), of };
}

function reduction({ start, join, isChoice, finish }: Reduction): Rule {
  return (call) => {
    const { data, dtype } = call.input(0);
    const { shape, count, of } = groupsOf(call);
    const result = zeros(shape).fill(start);
    for (let i = 0; i < data.length; i++) result[of[i]!] = join(result[of[i]!]!, data[i]!);
    const finished = finish ? result.map((sum) => finish(sum, count)) : result;
    return call.one(shape, isChoice ? finished : inRange(call, finished, dtype));
  };
}

/** log Σ e^x, the largest x of each group taken out first. */
const logSumExp: Rule = (call) => {
  const { data } = call.input(0);
  const { shape, of } = groupsOf(call);
  const largest = new Float64Array(sizeOf(shape)).fill(-Infinity);
  for (let i = 0; i < data.length; i++) largest[of[i]!] = Math.max(largest[of[i]!]!, data[i]!);
  const sums = new Float64Array(largest.length);
  for (let i = 0; i < data.length; i++) sums[of[i]!]! += Math.exp(data[i]! - (Number.isFinite(largest[of[i]!]) ? largest[of[i]!]! : 0)); // prettier-ignore
  return call.one(shape, sums.map((sum, i) => Math.log(sum) + (Number.isFinite(largest[i]) ? largest[i]! : 0))); // prettier-ignore
};

const largest: Reduction = { start: -Infinity, isChoice: true, join: (a, b) => (a > b || a !== a ? a : b) };
const smallest: Reduction = { start: Infinity, isChoice: true, join: (a, b) => (a < b || a !== a ? a : b) };
const add = (sum: number, x: number): number => sum + x;

export const REDUCE: Readonly<Record<string, Rule>> = {
  ReduceSum: reduction({ start: 0, join: add }),
  ReduceMean: reduction({ start: 0, join: add, finish: (sum, count) => sum / count }),
  ReduceProd: reduction({ start: 1, join: (product, x) => product * x }),
  ReduceMax: reduction(largest),
  ReduceMin: reduction(smallest),
  ReduceL1: reduction({ start: 0, join: (sum, x) => sum + Math.abs(x) }),
  ReduceL2: reduction({ start: 0, join: (sum, x) => sum + x * x, finish: Math.sqrt }),
  ReduceSumSquare: reduction({ start: 0, join: (sum, x) => sum + x * x }),
  ReduceLogSum: reduction({ start: 0, join: add, finish: Math.log }),
  ReduceLogSumExp: logSumExp,
};
