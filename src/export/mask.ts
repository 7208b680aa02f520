import { int } from '../onnx/attribute.ts';
import type { Value } from '../onnx/graph.ts';
import type { Dim } from '../tensor.ts';
import { refsIn } from './call-order.ts';
import type { GraphWriter } from './graph-writer.ts';
import type { Layer, Origin } from './layer.ts';
import type { Handle } from './layout.ts';
import { asKeras } from './reorder.ts';
import type { SourceCall, TensorRef } from './source-model.ts';

/**
 * The mask of a sum, a product or the like of several tensors: in Keras 3 the steps that any of them counts, and none
 * if one of them has no mask; in Keras 2 and TF.js the steps that all those with a mask count.
 *
 * Source: `compute_mask` of {keras,tf_keras}/src/layers/merging/base_merge.py.
 */
export function mergedMask(layer: Layer, inputs: readonly Handle[], graph: GraphWriter): Handle['mask'] {
  const masks = inputs.flatMap(({ mask }) => mask ?? []);
  const any = layer.kerasMajor === 3;
  if (masks.length === 0 || (any && masks.length < inputs.length)) return undefined;
  return once(() => chained(layer, masks.map((mask) => mask()), any ? 'Or' : 'And', graph.part('mask'))); // prettier-ignore
}

/**
 * The mask of sequences [N, T, F] that are put together. Along T, their masks one behind the other, where a tensor
 * without one counts everywhere. Along F, as of a sum; a tensor without a mask makes every step count in Keras 3.
 *
 * Source: `compute_mask` of {keras,tf_keras}/src/layers/merging/concatenate.py.
 */
export function concatenatedMask(
  layer: Layer,
  inputs: readonly Handle[],
  axis: number,
  graph: GraphWriter,
): Handle['mask'] {
  if (!inputs.some(({ mask }) => mask)) return undefined;
  const rank = inputs[0]!.shape.length;
  if (axis === rank - 1) return mergedMask(layer, inputs, graph);
  if (axis !== 1 || rank !== 3) return () => layer.unsupported('a layer behind it reads the mask of tensors that it puts together along another axis than time or features'); // prettier-ignore
  return once(() => {
    const writer = graph.part('mask');
    const masks = inputs.map((x, i) => x.mask?.() ?? everywhere(layer, x, writer.part(`${i}`)));
    const sizes = masks.map(({ shape }) => shape![1]!);
    const T = sizes.every((size) => typeof size === 'number') ? sizes.reduce((a, b) => a + b, 0) : graph.symbol(1);
    return writer.node('Concat', masks, {
      shape: [masks[0]!.shape![0]!, T],
      dtype: 'bool',
      attributes: { axis: int(1) },
    });
  });
}

function chained(layer: Layer, masks: readonly Value[], opType: 'And' | 'Or', graph: GraphWriter): Value {
  const ranks = new Set(masks.map(({ shape }) => shape!.length));
  if (ranks.size > 1) layer.unsupported('its inputs have masks of different ranks');
  return masks.reduce((all, mask, i) => graph.node(opType, [all, mask], { shape: mask.shape!, dtype: 'bool', suffix: `of_${i + 1}` })); // prettier-ignore
}

/** True for every step of [N, T, F]: a comparison of each with itself, but for NaN, which spoils the result anyway. */
function everywhere(layer: Layer, x: Handle, graph: GraphWriter): Value {
  const { value, shape } = asKeras(graph, x);
  const [N, T, F] = shape as [Dim, Dim, Dim];
  if (F === 0) layer.unsupported('it has no features');
  const cut = [graph.integers('starts', [0]), graph.integers('ends', [1]), graph.integers('axes', [2])];
  const first = graph.node('Slice', [value, ...cut], { shape: [N, T, 1], dtype: value.dtype, suffix: 'first' });
  const flat = graph.node('Squeeze', [first, graph.integers('axis', [2])], {
    shape: [N, T],
    dtype: value.dtype,
    suffix: 'flat',
  });
  return graph.node('Equal', [flat, flat], { shape: [N, T], dtype: 'bool', suffix: 'everywhere' });
}

function once(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}

/**
 * Keras 3 looks for the mask of a tensor only where the layer is called with nothing else: one that is given a state
 * as well computes as if nothing were masked. Source: `Layer.__call__` of keras/src/layers/layer.py.
 */
export function heedsMask({ args, kwargs }: SourceCall, { kerasMajor }: Origin): boolean {
  if (kerasMajor === 2 || Object.hasOwn(kwargs, 'mask')) return true;
  return [...args, ...Object.values(kwargs)].filter((argument) => refsIn(argument).length > 0).length <= 1;
}

/**
 * The inputs of a call, the first with the mask that the call names. Where it names one for each of several, those
 * repeat what the handles know already.
 */
export function withMask(
  layer: Layer,
  inputs: readonly (Handle | undefined)[],
  { kwargs }: SourceCall,
  find: (ref: TensorRef) => Handle | undefined,
): readonly (Handle | undefined)[] {
  const written = Object.hasOwn(kwargs, 'mask') ? kwargs.mask : undefined;
  const [first, ...rest] = inputs;
  if (!written || !('ref' in written) || !first) return inputs;
  const mask = find(written.ref);
  if (!mask) return [undefined, ...rest];
  if (mask.value.dtype !== 'bool') layer.unsupported('its mask is not of true and false');
  return [{ ...first, mask: () => mask.value }, ...rest];
}
