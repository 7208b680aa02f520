import { ints } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { CHANNELS_FIRST, type Handle } from '../layout.ts';
import { asKeras, offeredForm, offerForm } from '../reorder.ts';

/**
 * A sequence [N, T, F] as [T, N, F], in which ONNX's recurrent operators read it: as the layer before it made it, or
 * by one Transpose from where it lies.
 */
export function asTimeMajor(graph: GraphWriter, given: Handle): Value {
  const offered = offeredForm(graph, given, 'time-major');
  if (offered) return offered.value;
  const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : given;
  const [N, T, F] = x.shape as [Dim, Dim, Dim];
  const perm = x.layout.kind === 'channels-first' ? [2, 0, 1] : [1, 0, 2];
  const output = { shape: [T, N, F], attributes: { perm: ints(perm) }, suffix: 'time_major' };
  const value = graph.node('Transpose', [x.value], output);
  const made = graph.handle(value, output.shape);
  offerForm(graph, x, 'time-major', () => made);
  return value;
}

/**
 * The sequence [N, T, F] of a value [T, N, F], by a Transpose that falls away where only other recurrent layers read
 * it. Convolutions behind it get their [N, F, T] by one Transpose too.
 */
export function fromTimeMajor(graph: GraphWriter, value: Value): Handle {
  const [T, N, F] = value.shape as [Dim, Dim, Dim];
  const y = graph.handle(graph.node('Transpose', [value], { shape: [N, T, F], attributes: { perm: ints([1, 0, 2]) } }), [N, T, F]); // prettier-ignore
  offerForm(graph, y, 'time-major', () => graph.handle(value, [T, N, F]));
  offerForm(graph, y, 'channels-first', () => {
    const output = { shape: [N, F, T], attributes: { perm: ints([1, 2, 0]) }, suffix: 'channels_first' };
    return graph.handle(graph.node('Transpose', [value], output), [N, T, F], CHANNELS_FIRST);
  });
  return y;
}

/** The steps of `[T, …]` or, along axis 1, `[N, T, …]` in reverse. */
export function reversed(graph: GraphWriter, value: Value, axis: 0 | 1, suffix?: string): Value {
  const name = (part: string) => `${suffix ?? 'reverse'}_${part}`;
  const inputs = [
    value,
    graph.integers(name('starts'), [-1]),
    graph.integers(name('ends'), [-(2 ** 31)]),
    graph.integers(name('axes'), [axis]),
    graph.integers(name('steps'), [-1]),
  ];
  return graph.node('Slice', inputs, {
    shape: value.shape!,
    dtype: value.dtype,
    ...(suffix === undefined ? {} : { suffix }),
  });
}
