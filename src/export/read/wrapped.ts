import type { JsonObject, JsonValue } from '../source-model.ts';
import { isObject, member, objectMember, stringMember } from './json.ts';

/**
 * The layers that a wrapper holds, in the order in which their weights are saved: the one of a TimeDistributed, or the
 * forward and the backward one of a Bidirectional. A backward layer that is not written is the forward one turned
 * round. `undefined` for a layer that is no wrapper, or a Bidirectional of one that is.
 *
 * Source: keras/src/layers/rnn/bidirectional.py, tf_keras/src/layers/rnn/bidirectional.py.
 */
export function wrappedLayers(className: string, config: JsonObject): readonly JsonValue[] | undefined {
  const layer = objectMember(config, 'layer');
  if (!WRAPPERS.has(className) || !layer) return undefined;
  if (className !== 'Bidirectional') return [layer];
  if (!isSimple(layer)) return undefined;
  const backward = member(config, 'backward_layer');
  const turned = member(objectMember(layer, 'config') ?? {}, 'go_backwards') !== true;
  return [
    renamed(layer, 'forward'),
    isObject(backward) ? backward : renamed(layer, 'backward', { go_backwards: turned }),
  ];
}

/** Layers that hold others are not recurrent; and since one is read twice here, nesting them would grow without end. */
function isSimple(layer: JsonObject): boolean {
  const config = member(layer, 'config');
  return isObject(config) && !Object.hasOwn(config, 'layer') && !Object.hasOwn(config, 'layers');
}

const WRAPPERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['TimeDistributed', ['layer']],
  ['SpectralNormalization', ['layer']],
  ['Bidirectional', ['forward_layer', 'backward_layer']],
]);

/** The attributes of a wrapper, each of which holds one layer, in the order of {@link wrappedLayers}. */
export function wrapperAttributes(className: string): readonly string[] | undefined {
  return WRAPPERS.get(className);
}

function renamed(layer: JsonObject, prefix: string, changes: JsonObject = {}): JsonObject {
  const config = objectMember(layer, 'config') ?? {};
  const name = stringMember(config, 'name') ?? 'layer';
  const prefixed = name.startsWith(`${prefix}_`) ? name : `${prefix}_${name}`;
  return { ...layer, config: { ...config, ...changes, name: prefixed } };
}
