import { int, ints } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import type { Dim } from '../../tensor.ts';
import { softmax } from '../activations.ts';
import { both, causal, hidden, widened } from '../attention/visible.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { asKeras } from '../reorder.ts';
import { staticChannels } from '../spatial.ts';

/**
 * Keras `Attention` and `AdditiveAttention`: each query looks at all values, by how well their keys fit:
 *
 *   y = softmax(s) · value          Attention, dot        s = scale · query · keyᵀ
 *                                   Attention, concat     s = concat_score_weight · Σ tanh(scale · (query + key))
 *                                   AdditiveAttention     s = Σ scale · tanh(query + key)
 *
 * Shapes: query `[N, T, D]`, value `[N, S, E]`, key `[N, S, D]` (the value, if it is not given), s `[N, T, S]`,
 * y `[N, T, E]`; scale `[]`, in AdditiveAttention `[D]`. The mask of the value and a causal one hide scores; where the
 * query is masked y is zero. With `return_attention_scores`, softmax(s) comes behind y.
 * Defaults: Attention `use_scale` false, `score_mode` dot; AdditiveAttention `use_scale` true.
 * Source: https://keras.io/api/layers/attention_layers/ · keras/src/layers/attention/attention.py
 */
export const attention: LayerLowering = {
  classNames: ['Attention', 'AdditiveAttention'],
  note: 'score_mode dot and concat, use_scale, causal and Keras masks, return_attention_scores',
  traps: 'where the query is masked the output is zero; dropout does nothing',
  merges: true,
  inTraining: 'may drop scores',
  mask: 'own',

  lower(layer, inputs, graph) {
    const tensors = inputs.map((x, i) => asKeras(graph, graph.part(`input_${i}`).float(x)));
    const [query, value, key = value] = tensors;
    if (!query || !value || !key || tensors.length > 3)
      return layer.unsupported(`it is called with ${inputs.length} tensors`);
    if (tensors.some(({ shape }) => shape.length !== 3)) layer.unsupported('its tensors are not all of rank 3');
    const [queryMask, valueMask] = masksOf(layer, inputs);
    const scores = scoresOf(layer, query, key, graph.part('scores'));
    const mask = seen(layer, { query, value, valueMask }, graph.part('mask'));
    const weights = softmax(hidden(graph, scores, mask), graph.part('weights'));
    const shape = [...query.shape.slice(0, 2), value.shape[2]!];
    const product = { shape, ...(queryMask ? { suffix: 'product' } : {}) };
    const y = graph.handle(graph.node('MatMul', [weights.value, value.value], product), shape);
    const output = queryMask ? { ...unmaskedOnly(graph, y, queryMask()), mask: queryMask } : y;
    return layer.call.constant(-1, 'return_attention_scores') === true ? [output, weights] : [output];
  },
};

/** Those that the call names, or those of the tensors. */
function masksOf(layer: Layer, inputs: readonly Handle[]): readonly Handle['mask'][] {
  const written = layer.call.members(-1, 'mask');
  if (!written) return inputs.map(({ mask }) => mask);
  return written.map((mask) => mask && (() => mask.value));
}

function scoresOf(layer: Layer, query: Handle, key: Handle, graph: GraphWriter): Handle {
  const shape = [...query.shape.slice(0, 2), key.shape[1]!];
  if (layer.className === 'AdditiveAttention') return additive(layer, query, key, shape, graph);
  const scale = layer.flag('use_scale', false) ? graph.parameter(layer.weight('scale', [])) : undefined;
  const mode = layer.choice('score_mode', ['dot', 'concat'], 'dot');
  if (mode === 'concat') return concatenating(layer, query, key, { shape, scale }, graph);
  const [N, S, D] = key.shape as [Dim, Dim, Dim];
  const turned = graph.node('Transpose', [key.value], {
    shape: [N, D, S],
    attributes: { perm: ints([0, 2, 1]) },
    suffix: 'key',
  });
  const fit = graph.handle(
    graph.node('MatMul', [query.value, turned], { shape, ...(scale ? { suffix: 'product' } : {}) }),
    shape,
  );
  return scale ? graph.like(fit, 'Mul', { operands: [scale] }) : fit;
}

interface Concatenating {
  readonly shape: readonly Dim[];
  readonly scale: Value | undefined;
}

function concatenating(
  layer: Layer,
  query: Handle,
  key: Handle,
  { shape, scale }: Concatenating,
  graph: GraphWriter,
): Handle {
  const sum = pairs(graph, query, key);
  const scaled = scale ? graph.like(sum, 'Mul', { operands: [scale], suffix: 'scaled' }) : sum;
  const bent = graph.like(scaled, 'Tanh', { suffix: 'tanh' });
  const total = summed(graph, bent, shape, 'total');
  const weight = graph.parameter(layer.weight('concat_score_weight', []));
  return graph.like(total, 'Mul', { operands: [weight] });
}

function additive(layer: Layer, query: Handle, key: Handle, shape: readonly Dim[], graph: GraphWriter): Handle {
  const bent = graph.like(pairs(graph, query, key), 'Tanh', { suffix: 'tanh' });
  if (!layer.flag('use_scale', true)) return summed(graph, bent, shape);
  const scale = graph.parameter(layer.weight('scale', [staticChannels(layer, query.shape[2]!)]));
  return summed(graph, graph.like(bent, 'Mul', { operands: [scale], suffix: 'scaled' }), shape);
}

/** query + key for each pair: [N, T, S, D]. */
function pairs(graph: GraphWriter, query: Handle, key: Handle): Handle {
  const [N, T, D] = query.shape as [Dim, Dim, Dim];
  const S = key.shape[1]!;
  const raised = (x: Handle, axis: number, shape: readonly Dim[], suffix: string) =>
    graph.node('Unsqueeze', [x.value, graph.integers(`${suffix}_axis`, [axis])], { shape, suffix });
  const operands = [raised(query, 2, [N, T, 1, D], 'query'), raised(key, 1, [N, 1, S, D], 'key')];
  return graph.handle(graph.node('Add', operands, { shape: [N, T, S, D], suffix: 'pairs' }), [N, T, S, D]);
}

function summed(graph: GraphWriter, x: Handle, shape: readonly Dim[], suffix?: string): Handle {
  const output = { shape, attributes: { keepdims: int(0) }, ...(suffix === undefined ? {} : { suffix }) };
  return graph.handle(graph.node('ReduceSum', [x.value, graph.integers('features', [3])], output), shape);
}

interface Sight {
  readonly query: Handle;
  readonly value: Handle;
  readonly valueMask: Handle['mask'];
}

/** What a query may look at, [N or 1, T or 1, S]. Files of Keras before 2.12 say `causal` in the layer. */
function seen(layer: Layer, { query, value, valueMask }: Sight, graph: GraphWriter): Value | undefined {
  const isCausal = layer.call.constant(-1, 'use_causal_mask') === true || layer.flag('causal', false);
  const ofValue = valueMask && widened(graph, valueMask(), [1], 'value');
  return both(graph, ofValue, isCausal ? causal(graph.part('causal'), query, value) : undefined);
}

function unmaskedOnly(graph: GraphWriter, y: Handle, mask: Value): Handle {
  const rows = widened(graph, mask, [2], 'query_mask');
  return { ...y, value: graph.node('Where', [rows, y.value, graph.scalar('zero', 0)], { shape: y.shape }) };
}
