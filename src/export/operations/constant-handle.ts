import type { DType, Tensor } from '../../tensor.ts';
import { float32, transposed } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { channelsFirstAxes, laidOut, type Handle, type Layout } from '../layout.ts';
import type { ArrayConstant } from './array-constant.ts';

/** The type that numbers have by themselves: integers are int32, others float32. Small integers are computed in int32. */
export function naturalType({ data, dtype }: ArrayConstant): DType {
  if (dtype === undefined) return data.every(Number.isInteger) ? 'int32' : 'float32';
  return dtype === 'float32' || dtype === 'int64' || dtype === 'bool' ? dtype : 'int32';
}

/** A constant as Keras has it. */
export function constantHandle(array: ArrayConstant, graph: GraphWriter, suffix: string, dtype?: DType): Handle {
  const value = graph.constant(suffix, asTensor(array, dtype ?? naturalType(array)));
  return graph.handle(value, array.shape);
}

/** A constant that broadcasts against tensors of this rank and layout. */
export function broadcastConstant(array: ArrayConstant, dtype: DType, rank: number, layout: Layout): Tensor {
  const { shape, data } = array;
  if (data.length === 1 && shape.length <= rank) return asTensor({ ...array, shape: [] }, dtype);
  const raised = [...new Array<number>(Math.max(0, rank - shape.length)).fill(1), ...shape];
  if (layout.kind === 'keras') return asTensor({ ...array, shape: raised }, dtype);
  if (layout.kind === 'reordered') return laidOut(float32(raised, data), layout);
  const moved = transposed({ dtype: 'float64', shape: raised, data: Float64Array.from(data) }, channelsFirstAxes(rank));
  return asTensor({ shape: moved.shape, data: [...moved.data], dtype: undefined }, dtype);
}

function asTensor({ shape, data }: ArrayConstant, dtype: DType): Tensor {
  if (dtype === 'int64') return { dtype, shape, data: BigInt64Array.from(data, (n) => BigInt(Math.trunc(n))) };
  if (dtype === 'int32') return { dtype, shape, data: Int32Array.from(data) };
  if (dtype === 'bool') return { dtype, shape, data: Uint8Array.from(data, (n) => (n === 0 ? 0 : 1)) };
  return float32(shape, data);
}
