import { int, ints } from '../onnx/attribute.ts';
import type { Value } from '../onnx/graph.ts';
import type { Dim } from '../tensor.ts';
import type { GraphWriter } from './graph-writer.ts';
import type { Handle } from './layout.ts';

/** The sizes of a tensor's axes, as far as the file knows them, else as the running model does: int64 [axes]. */
export function sizesAt(graph: GraphWriter, x: Handle, axes: readonly number[], suffix: string): Value {
  const known = axes.map((axis) => x.shape[axis]!);
  if (known.every((dim): dim is number => typeof dim === 'number')) return graph.integers(suffix, known);
  const all = graph.node('Shape', [x.value], { shape: [x.shape.length], dtype: 'int64', suffix: `${suffix}_all` });
  const places = graph.integers(`${suffix}_axes`, axes);
  const output = { shape: [axes.length], dtype: 'int64', suffix, attributes: { axis: int(0) } } as const;
  return graph.node('Gather', [all, places], output);
}

/** Axes in another order; nothing where it is the order that they have. */
export function permuted(graph: GraphWriter, x: Handle, perm: readonly number[], suffix?: string): Handle {
  if (perm.every((axis, i) => axis === i)) return x;
  const shape = perm.map((axis): Dim => x.shape[axis]!);
  const output = {
    shape,
    dtype: x.value.dtype,
    attributes: { perm: ints(perm) },
    ...(suffix === undefined ? {} : { suffix }),
  };
  return graph.handle(graph.node('Transpose', [x.value], output), shape);
}

/** One Reshape whose target is made of pieces, each known or not: constants and sizes of the running model. */
export function reshapedTo(
  graph: GraphWriter,
  x: Handle,
  shape: readonly Dim[],
  pieces: readonly Value[],
  suffix?: string,
): Handle {
  const output = { shape: [shape.length], dtype: 'int64', suffix: 'target', attributes: { axis: int(0) } } as const;
  const target = pieces.length === 1 ? pieces[0]! : graph.node('Concat', pieces, output);
  const result = { shape, dtype: x.value.dtype, ...(suffix === undefined ? {} : { suffix }) };
  return graph.handle(graph.node('Reshape', [x.value, target], result), shape);
}
