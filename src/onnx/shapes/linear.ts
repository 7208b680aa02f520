import type { Dim } from '../../tensor.ts';
import { broadcast } from './dims.ts';
import type { ShapeRule } from './types.ts';
import { reachOf, windowOutput, windowsOf } from './window.ts';

/** Numpy `matmul`: the last two axes are matrices, the others broadcast; a vector loses its axis. */
export const matMul: ShapeRule = (x) => {
  const [a, b] = [x.shape(0), x.shape(1)];
  if (!a?.length || !b?.length) return [{ dtype: x.dtype(0) }];
  const rows = a.length > 1 ? a.slice(-2, -1) : [];
  const columns = b.length > 1 ? b.slice(-1) : [];
  return [{ dtype: x.dtype(0), shape: [...broadcast(a.slice(0, -2), b.slice(0, -2)), ...rows, ...columns] }];
};

export const gemm: ShapeRule = (x) => {
  const [a, b] = [x.shape(0), x.shape(1)];
  if (a?.length !== 2 || b?.length !== 2) return [{ dtype: x.dtype(0) }];
  return [{ dtype: x.dtype(0), shape: [a[x.node.int('transA', 0) ? 1 : 0]!, b[x.node.int('transB', 0) ? 0 : 1]!] }];
};

/** x `[N, C, …]`, W `[M, C/group, …kernel]`, y `[N, M, …]`. */
export const conv: ShapeRule = (x) => {
  const [data, weight] = [x.shape(0), x.shape(1)];
  if (!data || weight?.length !== data.length || data.length < 3) return [{ dtype: x.dtype(0) }];
  const kernel = kernelOf(weight);
  const windows = kernel && windowsOf(x.node, kernel, data.slice(2));
  const spatial = data.slice(2).map((size, axis) => (windows ? windowOutput(size, windows[axis]!) : ''));
  return [{ dtype: x.dtype(0), shape: [data[0]!, weight[0]!, ...spatial] }];
};

/**
 * x `[N, C, …]`, W `[C, M/group, …kernel]`, y `[N, M, …]`; along each spatial axis
 *
 *   out = (in − 1) · stride + output_padding + reach − pads, or in · stride with `auto_pad` SAME
 *
 * Source: https://onnx.ai/onnx/operators/onnx__ConvTranspose.html
 */
export const convTranspose: ShapeRule = (x) => {
  const [data, weight] = [x.shape(0), x.shape(1)];
  const kernel = weight && kernelOf(weight);
  if (!data || !kernel || weight.length !== data.length || data.length < 3) return [{ dtype: x.dtype(0) }];
  const M = typeof weight[1] === 'number' ? weight[1] * x.node.int('group', 1) : '';
  const same = x.node.string('auto_pad', 'NOTSET').startsWith('SAME');
  const outputShape = x.node.ints('output_shape');
  const outputPadding = x.node.ints('output_padding');
  const spatial = windowsOf(x.node, kernel, undefined).map((window, axis): Dim => {
    const size = data[axis + 2]!;
    if (outputShape) return outputShape[axis] ?? '';
    if (typeof size !== 'number') return '';
    // Where windows leave gaps, onnxruntime does not fill them up: neither size can be relied on.
    if (same) return reachOf(window) < window.stride ? '' : size * window.stride;
    const [before, after] = window.pads ?? [0, 0];
    return (size - 1) * window.stride + (outputPadding?.[axis] ?? 0) + reachOf(window) - before - after;
  });
  return [{ dtype: x.dtype(0), shape: [data[0]!, M, ...spatial] }];
};

export const pool: ShapeRule = (x) => {
  const data = x.shape(0);
  const kernel = x.node.ints('kernel_shape');
  if (!data || kernel?.length !== data.length - 2) return [{ dtype: x.dtype(0) }];
  const ceil = x.node.int('ceil_mode', 0) === 1;
  const windows = windowsOf(x.node, kernel, data.slice(2));
  const shape = data.map((size, axis) => (axis < 2 ? size : windowOutput(size, windows[axis - 2]!, ceil)));
  return [
    { dtype: x.dtype(0), shape },
    { dtype: 'int64', shape },
  ];
};

export const globalPool: ShapeRule = (x) => [
  { dtype: x.dtype(0), shape: x.shape(0)?.map((size, axis) => (axis < 2 ? size : 1)) },
];

function kernelOf(weight: readonly Dim[]): number[] | undefined {
  const kernel = weight.slice(2);
  return kernel.every((size) => typeof size === 'number') ? kernel : undefined;
}

/** LSTM, GRU and RNN: Y `[T, directions, N, H]`, Y_h and Y_c `[directions, N, H]`; batch first with `layout` 1. */
export const recurrent: ShapeRule = (x) => {
  const data = x.shape(0);
  const hidden = x.node.int('hidden_size') ?? x.shape(2)?.[2];
  const directions = x.node.string('direction', 'forward') === 'bidirectional' ? 2 : 1;
  const dtype = x.dtype(0);
  if (data?.length !== 3 || hidden === undefined) return [{ dtype }, { dtype }, { dtype }];
  const batchFirst = x.node.int('layout', 0) === 1;
  const [time, batch] = batchFirst ? [data[1]!, data[0]!] : [data[0]!, data[1]!];
  const state = { dtype, shape: batchFirst ? [batch, directions, hidden] : [directions, batch, hidden] };
  const all = batchFirst ? [batch, time, directions, hidden] : [time, directions, batch, hidden];
  return [{ dtype, shape: all }, state, state];
};
