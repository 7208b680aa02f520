import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Handle } from '../layout.ts';

/** `x`, as Keras has it, without these axes, each of size 1. */
export function squeezed(graph: GraphWriter, x: Handle, axes: readonly number[], suffix?: string): Handle {
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  return movedTo(graph, 'Squeeze', x, { axes, shape, suffix });
}

/** `x`, as Keras has it, with axes of size 1 put in at these places of the result. */
export function unsqueezed(graph: GraphWriter, x: Handle, axes: readonly number[], suffix?: string): Handle {
  const shape: Dim[] = [...x.shape];
  for (const axis of [...axes].sort((a, b) => a - b)) shape.splice(axis, 0, 1);
  return movedTo(graph, 'Unsqueeze', x, { axes, shape, suffix });
}

interface Target {
  readonly axes: readonly number[];
  readonly shape: readonly Dim[];
  readonly suffix: string | undefined;
}

function movedTo(graph: GraphWriter, opType: string, x: Handle, { axes, shape, suffix }: Target): Handle {
  const name = opType === 'Squeeze' ? 'squeezed_axes' : 'added_axes';
  const output = { shape, dtype: x.value.dtype, ...(suffix === undefined ? {} : { suffix }) };
  return graph.handle(graph.node(opType, [x.value, graph.integers(name, axes)], output), shape);
}
