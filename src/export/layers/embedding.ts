import { int } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import { float32, int64, transposed, type Tensor } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { asKeras } from '../reorder.ts';

/**
 * Keras `Embedding`: y[n, t] = embeddings[x[n, t]].
 *
 * Shapes: x `[N, T]` of integers (Keras casts others to int32), embeddings `[input_dim, output_dim]`,
 * y `[N, T, output_dim]`. With `mask_zero`, the steps whose x is 0 are masked for the layers that follow.
 * A `ReversibleEmbedding` called with `reverse=True` is the way back: y = x · embeddingsᵀ, or x · reverse_embeddings
 * `[output_dim, input_dim]` without `tie_weights`, and then cap · tanh(y / cap) with a `logit_soft_cap`.
 * Defaults: `mask_zero` false, `tie_weights` true.
 * Source: https://keras.io/api/layers/core_layers/embedding/
 */
export const embedding: LayerLowering = {
  classNames: ['Embedding', 'ReversibleEmbedding'],
  note: 'mask_zero is heeded by the layers listed here; back to logits, tied or not, with logit_soft_cap',
  traps: 'floats are cut to integers; the mask compares what was given',
  mask: 'own',

  lower(layer, [given], graph) {
    const width = layer.size('output_dim');
    if (layer.call.constant(1, 'reverse') === true) return logits(layer, graph.float(given), width, graph);
    const table = graph.parameter(layer.weight('embeddings', [layer.size('input_dim'), width]));
    const x = asKeras(graph, given);
    const integer = x.value.dtype === 'int32' || x.value.dtype === 'int64';
    const ids = integer ? x : graph.cast(x, 'int32');
    const shape = [...ids.shape, width];
    const y = graph.handle(graph.node('Gather', [table, ids.value], { shape, attributes: { axis: int(0) } }), shape);
    return layer.flag('mask_zero', false)
      ? { ...y, mask: () => nonzero(graph, x.value.dtype === 'float32' ? x : ids) }
      : y;
  },
};

/** x · embeddingsᵀ */
function logits(layer: Layer, given: Handle, width: number, graph: GraphWriter): Handle {
  const x = asKeras(graph, given);
  const count = layer.size('input_dim');
  const matrix = layer.flag('tie_weights', true)
    ? graph.parameter(layer.weight('embeddings', [count, width]), 'turned', (tensor) => transposed(tensor, [1, 0]))
    : graph.parameter(layer.weight('reverse_embeddings', [width, count]));
  const shape = [...x.shape.slice(0, -1), count];
  const capped = layer.value('logit_soft_cap') !== undefined;
  const product = { shape, ...(capped ? { suffix: 'product' } : {}) };
  const y = graph.handle(graph.node('MatMul', [x.value, matrix], product), shape);
  if (!capped) return y;
  const cap = graph.scalar('cap', layer.number('logit_soft_cap', 1));
  const bent = graph.like(graph.like(y, 'Div', { operands: [cap], suffix: 'part' }), 'Tanh', { suffix: 'tanh' });
  return graph.like(bent, 'Mul', { operands: [cap] });
}

/** Keras compares what it was given, before the cast. */
function nonzero(graph: GraphWriter, { value, shape }: Handle): Value {
  const tensor = value.dtype === 'int64' ? int64([0]) : value.dtype === 'int32' ? INT32_ZERO : float32([1], [0]);
  const masked = graph.node('Equal', [value, graph.constant('no_step', tensor)], {
    shape,
    dtype: 'bool',
    suffix: 'masked',
  });
  return graph.node('Not', [masked], { shape, dtype: 'bool', suffix: 'mask' });
}

const INT32_ZERO: Tensor<'int32'> = { dtype: 'int32', shape: [1], data: Int32Array.of(0) };
