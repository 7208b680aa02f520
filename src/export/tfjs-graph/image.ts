import type { Handle } from '../layout.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { asChannelsFirst, asKeras } from '../reorder.ts';
import type { Spatial } from '../spatial.ts';
import type { Operator } from './operator.ts';

/** The input of a spatial operator as it lies when channels are in front: free for `NCHW`, on demand for `NHWC`. */
export function imageInput(op: Operator, x: Handle, graph: GraphWriter, rank = 2): Spatial {
  if (x.shape.length !== rank + 2) op.broken(`its input has rank ${x.shape.length} in place of ${rank + 2}`);
  const isLast = channelsLast(op);
  const { value, shape } = isLast ? asChannelsFirst(graph, x) : asKeras(graph, x);
  const [batch, ...rest] = shape;
  const channels = isLast ? rest.at(-1)! : rest[0]!;
  const sizes = isLast ? rest.slice(0, -1) : rest.slice(1);
  return { value, batch: batch!, channels, sizes, dataFormat: isLast ? 'channels_last' : 'channels_first' };
}

export function channelsLast(op: Operator): boolean {
  const format = op.text('data_format', 'NHWC');
  if (!/^(NHWC|NCHW|NDHWC|NCDHW)$/.test(format)) op.malformed('data_format', 'NHWC or NCHW');
  return format.endsWith('C');
}

/** The entries of `strides` and the like, which have one for every axis, that are for the spatial ones. */
export function spatialEntries(op: Operator, key: string, rank: number): number[] {
  const all = op.sizes(key, rank + 2, 1);
  const start = channelsLast(op) ? 1 : 2;
  const rest = all.filter((_, axis) => axis < start || axis >= start + rank);
  if (rest.some((entry) => entry !== 1)) op.unsupported(`its ${key} go over samples or channels`);
  return all.slice(start, start + rank);
}
