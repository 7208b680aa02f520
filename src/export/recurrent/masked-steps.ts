import { int } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import { int64, type Dim, type Tensor } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Handle } from '../layout.ts';
import { asKeras } from '../reorder.ts';

/**
 * What a recurrent layer makes of a mask: at a masked step the state stays as it is, and the output is that of the
 * step before, or zero. So the steps that count are put one behind the other, the operator runs over as many as there
 * are (`sequence_lens`), and each step then looks up its result. This is exact for any mask: in front, behind, in the
 * middle, different for each sample, and for samples that are masked as a whole.
 *
 *   seen[n, t]   steps that count, up to and with t          x′[n, i] = x[n, the i-th step that counts]
 *   forward      y[n, t] = y′[n, seen − 1]                   backward  y[n, t] = y′[n, seen − mask]
 *   or zero      y[n, t] = y′[n, mask · seen − 1]
 *
 * Behind its last step a sample of y′ is zero, and if a step is masked there is one such place; the index −1, which
 * means the last, finds it.
 *
 * Source: `rnn` of keras/src/backend/tensorflow/rnn.py.
 */
export interface MaskedSteps {
  /** x′, [N, T, I]. */
  readonly packed: Handle;
  /** int32 [N] */
  readonly lengths: Value;
  /** y of y′, both [N, T, H]; y of every step at its own place. */
  readonly unpacked: (y: Handle, kind: Hold, writer: GraphWriter) => Handle;
}

/** What stands at a masked step: the result before it, the one behind it (in a run from the end), or zero. */
export type Hold = 'forward' | 'backward' | 'zero';

const INT32 = 6;
const INT64 = 7;

export function maskedSteps(graph: GraphWriter, given: Handle, mask: Value): MaskedSteps {
  const x = asKeras(graph, given);
  const [N, T] = x.shape as [Dim, Dim];
  const of = (opType: string, inputs: readonly Value[], suffix: string, attributes = {}) =>
    graph.node(opType, inputs, { shape: [N, T], dtype: 'int32', suffix, attributes });
  const axis = graph.constant('time_axis', int64Scalar(1));
  const counted = of('Cast', [mask], 'counted', { to: int(INT32) });
  const seen = of('CumSum', [counted, axis], 'seen');
  const left = of('CumSum', [counted, axis], 'left', { reverse: int(1) });
  const rank = of('Mul', [left, counted], 'rank');
  const [, order] = graph.part('order').nodes(
    'TopK',
    [rank, stepCount(graph, x)],
    [
      { shape: [N, T], dtype: 'int32', suffix: 'ranks' },
      { shape: [N, T], dtype: 'int64' },
    ],
    { axis: int(1) },
  );
  const sum = graph.node('ReduceSum', [counted, graph.integers('steps_axis', [1])], {
    shape: [N],
    dtype: 'int32',
    attributes: { keepdims: int(0) },
    suffix: 'lengths',
  });
  const place = { forward: () => behind(seen), zero: () => behind(of('Mul', [seen, counted], 'kept')), backward: () => of('Sub', [seen, counted], 'next') }; // prettier-ignore
  const behind = (count: Value) => of('Sub', [count, graph.constant('one', ONE)], 'place');
  return {
    packed: picked(graph, x, order!, 'packed'),
    lengths: sum,
    unpacked: (y, hold, writer) => picked(writer, y, graph.node('Cast', [place[hold]()], { shape: [N, T], dtype: 'int64', attributes: { to: int(INT64) }, suffix: 'places' })), // prettier-ignore
  };
}

const ONE: Tensor<'int32'> = { dtype: 'int32', shape: [], data: Int32Array.of(1) };

function int64Scalar(value: number): Tensor<'int64'> {
  return { ...int64([value]), shape: [] };
}

/** T, as TopK wants it. */
function stepCount(graph: GraphWriter, { value, shape }: Handle): Value {
  const T = shape[1]!;
  if (typeof T === 'number') return graph.integers('steps', [T]);
  const sizes = graph.node('Shape', [value], { shape: [3], dtype: 'int64', suffix: 'sizes' });
  return graph.node('Gather', [sizes, graph.integers('time', [1])], { shape: [1], dtype: 'int64', suffix: 'steps' });
}

/** [N, T, F] of `value[n, places[n, t]]`. */
function picked(graph: GraphWriter, x: Handle, places: Value, suffix?: string): Handle {
  const [N, T] = x.shape as [Dim, Dim];
  const columns = graph.node('Unsqueeze', [places, graph.integers('last_axis', [2])], {
    shape: [N, T, 1],
    dtype: 'int64',
    suffix: suffix === undefined ? 'columns' : `${suffix}_columns`,
  });
  return graph.like(x, 'GatherND', { operands: [columns], attributes: { batch_dims: int(1) }, ...(suffix === undefined ? {} : { suffix }) }); // prettier-ignore
}
