import type { Layer } from './layer.ts';
import type { Handle } from './layout.ts';

/**
 * The mask of a tensor merged from several. The generations of Keras join masks differently (all of them, any of
 * them, none if one is missing), so a joint mask may be passed on but not be read.
 */
export function jointMask(layer: Layer, inputs: readonly Handle[]): Handle['mask'] {
  if (!inputs.some(({ mask }) => mask)) return undefined;
  return () => layer.unsupported('a layer behind it reads the joint mask of its inputs');
}
