import { ACTIVATIONS } from './activations.ts';
import type { GraphWriter } from './graph-writer.ts';
import { isObject, type Layer } from './layer.ts';
import type { Handle } from './layout.ts';
import type { JsonValue, SourceLayer } from './source-model.ts';

/**
 * Applies what a layer's `activation` entry says: a name, a name wrapped as a function object (Keras 3), or a whole
 * layer object (`LeakyReLU`). No entry is the identity.
 *
 * @throws {EdgefoldError} UNSUPPORTED for a function that is none of Keras's own.
 */
export function applyActivation(layer: Layer, x: Handle, graph: GraphWriter): Handle {
  const entry = layer.value('activation');
  return entry === undefined ? x : applyFunction(entry, layer, x, graph);
}

/** Applies one entry that stands for a function. */
export function applyFunction(entry: JsonValue, layer: Layer, x: Handle, graph: GraphWriter): Handle {
  const name = activationName(entry);
  if (name !== undefined) return activation(name, layer)(x, graph, layer);
  return isObject(entry) ? lowerObject(entry, layer, x, graph) : layer.malformed('activation', 'an activation');
}

/** The name under which a configuration gives a function; `undefined` for anything else. */
export function activationName(entry: JsonValue): string | undefined {
  if (typeof entry === 'string') return entry;
  if (!isObject(entry) || entry.class_name !== 'function') return undefined;
  return typeof entry.config === 'string' ? entry.config : undefined;
}

function activation(name: string, layer: Layer) {
  return (
    ACTIVATIONS.get(name) ??
    layer.unsupported(`its activation ${JSON.stringify(name)} is not known here`, `Known are ${known()}.`)
  );
}

function known(): string {
  return [...ACTIVATIONS.keys()].join(', ');
}

function lowerObject(entry: Exclude<JsonValue, null | string>, layer: Layer, x: Handle, graph: GraphWriter): Handle {
  if (!isObject(entry)) return layer.malformed('activation', 'an activation');
  const { class_name: className, config = {} } = entry;
  if (className === '__lambda__') layer.unsupported('its activation is Python code stored in the file');
  if (typeof className !== 'string' || !isObject(config)) return layer.malformed('activation', 'an activation');
  const module = typeof entry.module === 'string' ? entry.module : undefined;
  const inner: SourceLayer = {
    ...layer.source,
    name: layer.name,
    className,
    sourceClassName: className,
    module,
    config,
    calls: [],
    weights: [],
    model: undefined,
  };
  return graph.workshop.lowerInner(inner, x, graph);
}
