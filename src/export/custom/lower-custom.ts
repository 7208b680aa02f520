import { EdgefoldError } from '../../errors.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import { asKeras } from '../reorder.ts';
import type { SourceLayer } from '../source-model.ts';
import { WrittenGraph } from './custom-graph.ts';
import type { CustomLayer, CustomLayers, CustomLayerSource } from './custom-layer.ts';

/** The custom layers of one export, and which of them the model had a use for. */
export class CustomRegistry {
  readonly #layers: ReadonlyMap<string, CustomLayer>;
  readonly #used = new Set<string>();

  /** @throws {EdgefoldError} USAGE if an entry is no function. */
  constructor(layers: CustomLayers = {}) {
    this.#layers = new Map(Object.entries(layers).map(([name, layer]) => [name, checked(name, layer)]));
  }

  /** @param path the layer's name with those of the models around it. */
  find({ name, className, sourceClassName }: SourceLayer, path: string): CustomLayer | undefined {
    const key = [path, name, className, sourceClassName].find((each) => this.#layers.has(each));
    if (key === undefined) return undefined;
    this.#used.add(key);
    return this.#layers.get(key);
  }

  get unused(): readonly string[] {
    return [...this.#layers.keys()].filter((name) => !this.#used.has(name));
  }
}

function checked(name: string, layer: unknown): CustomLayer {
  if (typeof layer === 'function') return layer as CustomLayer;
  throw new EdgefoldError('USAGE', 'a custom layer is no function', {
    where: name,
    expected: '(layer, inputs, graph) => tensor',
    received: layer === null ? 'null' : typeof layer,
  });
}

/**
 * Runs the user's code for one layer. Its tensors lie as Keras has them.
 * @throws {EdgefoldError} UNSUPPORTED, naming the layer, for whatever that code throws.
 */
export function lowerCustom(
  custom: CustomLayer,
  layer: Layer,
  inputs: readonly Handle[],
  graph: GraphWriter,
): readonly Handle[] {
  const written = new WrittenGraph(layer, graph);
  const tensors = inputs.map((input) => written.wrap(asKeras(graph, input)));
  const given: unknown = guarded(layer, () => custom(sourceOf(layer), tensors, written));
  const outputs: readonly unknown[] = Array.isArray(given) ? given : [given];
  return outputs.map((output) => written.handleOf(output));
}

function sourceOf({ name, source, kerasMajor }: Layer): CustomLayerSource {
  const weights = source.weights.map((weight) => ({
    name: weight.name,
    shape: weight.shape,
    data: () => weight.tensor().data,
  }));
  return { name, className: source.className, config: source.config, kerasMajor, weights };
}

function guarded<T>(layer: Layer, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof EdgefoldError) throw cause;
    throw new EdgefoldError('UNSUPPORTED', 'its custom layer failed', {
      where: layer.label,
      received: cause instanceof Error ? cause.message : String(cause),
      hint: 'The fault is in the code given for it, not in the model.',
      cause,
    });
  }
}
