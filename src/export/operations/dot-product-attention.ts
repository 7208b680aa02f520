import type { Value } from '../../onnx/graph.ts';
import type { Dim } from '../../tensor.ts';
import { softmax } from '../activations.ts';
import { asBool, both, causal, hidden } from '../attention/visible.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Handle } from '../layout.ts';
import { asKeras } from '../reorder.ts';
import { permuted } from '../target-shape.ts';
import { plain } from './arithmetic.ts';
import { elementwise } from './broadcast.ts';
import { groupedHeads } from './grouped-heads.ts';
import type { OperationCall } from './operation-call.ts';
import type { Operation } from './operation.ts';

/**
 * `keras.ops.dot_product_attention`: y = softmax(scale · Q·Kᵀ + bias) · V, in heads.
 *
 * Shapes: query `[N, T, heads, H]`, key `[N, S, heads, H]`, value `[N, S, heads, E]`, bias and mask against
 * `[N, heads, T, S]`, y `[N, T, heads, E]`. Fewer heads of key and value serve several of the query.
 * Defaults: `scale` 1/√H. Scores that the mask or `is_causal` hides count as −10⁹.
 * Source: keras/src/backend/tensorflow/nn.py
 */
export const DOT_PRODUCT_ATTENTION: Operation = {
  names: ['DotProductAttention'],
  parameters: ['query', 'key', 'value', 'bias', 'mask', 'scale', 'is_causal', 'flash_attention', 'attn_logits_soft_cap'],

  lower(call, graph) {
    if (call.has('attn_logits_soft_cap')) return call.unsupported('it caps its scores, which depends on the backend of Keras');
    const tensors = (['query', 'key', 'value'] as const).map((name) => asKeras(graph, graph.part(name).float(call.tensor(name))));
    const [query, key, value] = tensors as [Handle, Handle, Handle];
    if (tensors.some(({ shape }) => shape.length !== 4)) return call.unsupported('its tensors are not of rank 4');
    const heads = call.known(query.shape[2], 'the number of its heads');
    const inHeads = (x: Handle, name: string, perm: readonly number[]) => permuted(graph.part(name), groupedHeads(call, x, heads, graph.part(name)), perm);
    const [Q, K, V] = [inHeads(query, 'query', [0, 2, 1, 3]), inHeads(key, 'key', [0, 2, 3, 1]), inHeads(value, 'value', [0, 2, 1, 3])];
    const H = call.known(key.shape[3], 'the width of its heads');
    const scale = call.has('scale') ? call.operand('scale') : plain(1 / Math.sqrt(H));
    const scaled = elementwise(call, 'Mul', [Q, scale], graph.part('query'), { dtype: 'float32', suffix: 'scaled' });
    const shape: Dim[] = [...Q.shape.slice(0, 3), K.shape[3]!];
    const product = graph.handle(graph.part('scores').node('MatMul', [scaled.value, K.value], { shape }), shape);
    const scores = call.has('bias') ? elementwise(call, 'Add', [product, call.operand('bias')], graph.part('scores'), { dtype: 'float32', suffix: 'biased' }) : product;
    const weights = softmax(hidden(graph.part('scores'), scores, seen(call, query, value, graph)), graph.part('weights'));
    const all = [...shape.slice(0, 3), V.shape[3]!];
    const mixed = graph.handle(graph.part('mixed').node('MatMul', [weights.value, V.value], { shape: all }), all);
    return permuted(graph, mixed, [0, 2, 1, 3]);
  },
}; // prettier-ignore

function seen(call: OperationCall, query: Handle, value: Handle, graph: GraphWriter): Value | undefined {
  const written = call.has('mask') ? asKeras(graph, call.tensor('mask')) : undefined;
  const mask = written && asBool(graph.part('mask'), written, 'given');
  const before = call.flag('is_causal', false) ? causal(graph.part('causal'), query, value) : undefined;
  return both(graph.part('mask'), mask, before);
}
