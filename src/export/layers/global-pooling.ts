import { int } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import { CHANNELS_FIRST, KERAS, type Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { asKeras } from '../reorder.ts';
import { spatialRank } from '../spatial.ts';

/**
 * Keras `GlobalAveragePooling1D/2D/3D` and `GlobalMaxPooling1D/2D/3D`: the mean or maximum over all points.
 *
 * Shapes: x `[N, …i, C]`, y `[N, C]`, or `[N, …1, C]` with `keepdims`.
 *
 *   channels in front    GlobalAveragePool / GlobalMaxPool, then Flatten
 *   channels behind      ReduceMean / ReduceMax over the axes between: no Transpose
 *   masked, one axis     Σ x·mask / Σ mask, as Keras has it for the average
 *
 * Defaults: `keepdims` false.
 * Source: https://keras.io/api/layers/pooling_layers/global_average_pooling2d/
 */
export const globalPooling: LayerLowering = {
  classNames: [
    ...['GlobalAveragePooling1D', 'GlobalAveragePooling2D', 'GlobalAveragePooling3D'],
    ...['GlobalMaxPooling1D', 'GlobalMaxPooling2D', 'GlobalMaxPooling3D'],
  ],
  note: 'keepdims; GlobalAveragePooling1D heeds the mask of an Embedding',
  traps: 'a masked average leaves the masked steps out of the count',
  mask: 'own',

  lower(layer, [given], graph) {
    const rank = spatialRank(layer) + 2;
    const x = graph.float(given);
    if (x.shape.length !== rank) layer.unsupported(`its input has rank ${x.shape.length} in place of ${rank}`);
    const kind = layer.className.startsWith('GlobalAverage') ? 'Average' : 'Max';
    const keep = layer.flag('keepdims', false);
    const first =
      layer.choice('data_format', ['channels_last', 'channels_first'], 'channels_last') === 'channels_first';
    if (x.mask && kind === 'Average' && layer.className.endsWith('1D'))
      return masked(layer, x, x.mask(), first || keep, graph);
    if (first) return inFront(kind, { ...asKeras(graph, x), layout: KERAS }, keep, x.shape[1]!, graph);
    if (x.layout.kind === 'channels-first') return inFront(kind, x, keep, x.shape.at(-1)!, graph);
    return behind(kind, x, keep, graph);
  },
};

function inFront(kind: 'Average' | 'Max', x: Handle, keep: boolean, channels: Dim, graph: GraphWriter): Handle {
  const batch = x.shape[0]!;
  const ones = x.shape.slice(2).map(() => 1);
  const shape = [batch, channels, ...ones];
  const suffix = keep ? {} : { suffix: 'points' };
  const value = graph.node(`Global${kind}Pool`, [x.value], { shape, ...suffix });
  if (!keep) return graph.handle(flat(value, [batch, channels], graph), [batch, channels]);
  if (x.layout.kind === 'keras') return graph.handle(value, shape);
  return graph.handle(value, [batch, ...ones, channels], CHANNELS_FIRST);
}

function flat(value: Value, shape: readonly Dim[], graph: GraphWriter): Value {
  return graph.node('Flatten', [value], { shape, attributes: { axis: int(1) } });
}

/** ReduceMean and ReduceMax take their axes as an input from opset 18 on. */
function behind(kind: 'Average' | 'Max', x: Handle, keep: boolean, graph: GraphWriter): Handle {
  const [batch, ...rest] = x.shape as [Dim, ...Dim[]];
  const points = rest.slice(0, -1);
  const { inputs, attributes } = graph.axes(
    points.map((_, i) => i + 1),
    18,
  );
  const shape = [batch, ...(keep ? points.map(() => 1) : []), rest.at(-1)!];
  const output = { shape, attributes: { ...attributes, keepdims: int(keep ? 1 : 0) } };
  return graph.handle(graph.node(kind === 'Max' ? 'ReduceMax' : 'ReduceMean', [x.value, ...inputs], output), shape);
}

/** A masked step is left out of the sum and of the count. */
function masked(layer: Layer, given: Handle, mask: Value, plain: boolean, graph: GraphWriter): Handle {
  if (plain) layer.unsupported('it averages over a mask with keepdims or channels_first');
  const x = asKeras(graph, given);
  const [batch, steps, channels] = x.shape as [Dim, Dim, Dim];
  const weights = graph.node('Cast', [mask], { shape: [batch, steps], attributes: { to: int(1) }, suffix: 'mask' });
  const columns = graph.node('Unsqueeze', [weights, graph.integers('last', [2])], {
    shape: [batch, steps, 1],
    suffix: 'columns',
  });
  const seen = graph.like(x, 'Mul', { operands: [columns], suffix: 'seen' });
  const sum = (value: Value, shape: readonly Dim[], suffix: string) =>
    graph.node('ReduceSum', [value, graph.integers(`${suffix}_axis`, [1])], {
      shape,
      attributes: { keepdims: int(0) },
      suffix,
    });
  const shape = [batch, channels];
  const total = sum(seen.value, shape, 'total');
  return graph.handle(graph.node('Div', [total, sum(columns, [batch, 1], 'count')], { shape }), shape);
}
