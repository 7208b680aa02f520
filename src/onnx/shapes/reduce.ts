import type { ShapeRule } from './types.ts';
import { normalAxis } from './dims.ts';

export const REDUCING = [
  'ReduceL1', 'ReduceL2', 'ReduceLogSum', 'ReduceLogSumExp', 'ReduceMax', 'ReduceMean', 'ReduceMin', 'ReduceProd',
  'ReduceSum', 'ReduceSumSquare',
]; // prettier-ignore

/** No axes means all of them, unless `noop_with_empty_axes`. */
export const reduce: ShapeRule = (x) => {
  const source = x.shape(0);
  const axes = x.ints('axes', 1);
  if (!source || (!axes && x.has(1))) return [{ dtype: x.dtype(0) }];
  const noop = x.node.int('noop_with_empty_axes', 0) === 1;
  const gone = axes?.length ? axes.map((axis) => normalAxis(axis, source.length)) : noop ? [] : [...source.keys()];
  const shape =
    x.node.int('keepdims', 1) === 1
      ? source.map((dim, axis) => (gone.includes(axis) ? 1 : dim))
      : source.filter((_, axis) => !gone.includes(axis));
  return [{ dtype: x.dtype(0), shape }];
};

export const argReduce: ShapeRule = (x) => {
  const source = x.shape(0);
  const gone = source && normalAxis(x.node.int('axis', 0), source.length);
  const keeps = x.node.int('keepdims', 1) === 1;
  return [{ dtype: 'int64', shape: source?.flatMap((dim, axis) => (axis !== gone ? [dim] : keeps ? [1] : [])) }];
};
