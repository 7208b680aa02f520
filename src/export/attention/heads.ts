import { ints } from '../../onnx/attribute.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import { staticChannels } from '../spatial.ts';

/** One dense layer of an attention: x `[…, D]`, kernel `[D, …heads, H]`, bias `[…heads, H]`, y `[…, heads·H]`. */
export function projected(layer: Layer, name: string, x: Handle, sizes: readonly number[], graph: GraphWriter): Handle {
  return dense(layer, name, x, [staticChannels(layer, x.shape.at(-1)!)], sizes, graph);
}

/** y = x · kernel + bias over the last axis, of a kernel `[…inner, …outer]` read as a matrix. */
export function dense(
  layer: Layer,
  name: string,
  x: Handle,
  inner: readonly number[],
  outer: readonly number[],
  graph: GraphWriter,
): Handle {
  const size = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
  const kernel = layer.weight(`${name}/kernel`, [...inner, ...outer]);
  const matrix = graph.parameter(kernel, 'as a matrix', (tensor) => ({ ...tensor, shape: [size(inner), size(outer)] }));
  const shape = [...x.shape.slice(0, -1), size(outer)];
  const useBias = layer.flag('use_bias', true);
  const product = graph.node('MatMul', [x.value, matrix], { shape, ...(useBias ? { suffix: 'product' } : {}) });
  const y = graph.handle(product, shape);
  if (!useBias) return y;
  const bias = graph.parameter(layer.weight(`${name}/bias`, outer), 'as a vector', (tensor) => ({ ...tensor, shape: [size(outer)] })); // prettier-ignore
  return graph.like(y, 'Add', { operands: [bias] });
}

/** [B…, T, heads·H] → [B…, heads…, T, H], or with the last two the other way round. */
export function inHeads(graph: GraphWriter, x: Handle, sizes: readonly number[], turned = false): Handle {
  const outer = x.shape.slice(0, -1);
  const split = [...outer, ...sizes];
  const target = graph.integers('heads_shape', [...outer.map(() => 0), ...sizes]);
  const apart = graph.node('Reshape', [x.value, target], { shape: split, suffix: 'heads' });
  const [T, first] = [outer.length - 1, outer.length];
  const batch = outer.slice(0, -1).map((_, axis) => axis);
  const heads = sizes.slice(0, -1).map((_, i) => first + i);
  const last = split.length - 1;
  const perm = [...batch, ...heads, ...(turned ? [last, T] : [T, last])];
  const shape = perm.map((axis) => split[axis]!);
  return graph.handle(graph.node('Transpose', [apart], { shape, attributes: { perm: ints(perm) } }), shape);
}

/** [B…, heads…, T, H] → [B…, T, heads·H] */
export function outOfHeads(graph: GraphWriter, x: Handle, heads: number): Handle {
  const rank = x.shape.length;
  const batch = rank - heads - 2;
  const axes = Array.from({ length: heads }, (_, i) => batch + i);
  const perm = [...Array.from({ length: batch }, (_, i) => i), rank - 2, ...axes, rank - 1];
  const shape = perm.map((axis) => x.shape[axis]!);
  const moved = graph.node('Transpose', [x.value], { shape, attributes: { perm: ints(perm) }, suffix: 'side_by_side' });
  const width = shape.slice(batch + 1).reduce<number>((product, dim) => product * Number(dim), 1);
  const joined = [...shape.slice(0, batch + 1), width];
  const target = graph.integers('joined_shape', [...shape.slice(0, batch + 1).map(() => 0), width]);
  return graph.handle(graph.node('Reshape', [moved, target], { shape: joined }), joined);
}
