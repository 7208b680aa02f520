import { refsIn } from './call-order.ts';
import type { Layer, Origin } from './layer.ts';
import type { Handle } from './layout.ts';
import type { SourceCall, TensorRef } from './source-model.ts';

/**
 * The mask of a tensor merged from several. The generations of Keras join masks differently (all of them, any of
 * them, none if one is missing), so a joint mask may be passed on but not be read.
 */
export function jointMask(layer: Layer, inputs: readonly Handle[]): Handle['mask'] {
  if (!inputs.some(({ mask }) => mask)) return undefined;
  return () => layer.unsupported('a layer behind it reads the joint mask of its inputs');
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
