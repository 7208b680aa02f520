import { EdgefoldError } from '../../../errors.ts';
import { namedByName } from '../bind-layer.ts';
import type { LayerSpec, ModelSpec, NamedWeight, StoredWeight } from '../spec.ts';
import { wrapperAttributes } from '../wrapped.ts';
import type { Bundle } from './bundle.ts';
import type { SavedObject } from './objects.ts';

/** More objects than all layers together hold; keeps a file in which each layer holds all others from being walked for ever. */
const MAX_PARTS = 2_000_000;
/** Lists of what a layer holds elsewhere too, and what is no part of it. */
const NOT_PARTS: ReadonlySet<string> = new Set([
  'trainable_variables', 'non_trainable_variables', 'layers', 'layer_metrics', 'layer_regularization_losses',
  'regularization_losses', 'keras_api', 'optimizer', 'signatures',
]); // prettier-ignore

/**
 * Binds the variables of a checkpoint to layers: `layer-<n>` of a model's object is its n-th layer, where a Sequential
 * does not count its input. A layer's variables are those in its list `variables`, or, where it has none, all below it.
 *
 * Source: `_trackable_children` in tf_keras/src/engine/functional.py and sequential.py.
 */
export class ObjectBinder {
  readonly bindings = new Map<LayerSpec, readonly NamedWeight[]>();
  readonly stored: StoredWeight[] = [];
  readonly #objects: readonly SavedObject[];
  readonly #bundle: Bundle;
  #parts = 0;

  constructor(objects: readonly SavedObject[], bundle: Bundle) {
    this.#objects = objects;
    this.#bundle = bundle;
  }

  /** @throws {EdgefoldError} WEIGHTS if objects and layers are not the same. */
  async bindModel(model: ModelSpec, object: number, where: string): Promise<void> {
    const children = this.#layersOf(object);
    const layers = children.length < model.layers.length && model.className === 'Sequential' ? model.layers.slice(1) : model.layers; // prettier-ignore
    if (children.length !== layers.length) {
      throw new EdgefoldError('WEIGHTS', 'the checkpoint has other layers than the model', {
        where,
        expected: `${layers.length} layers`,
        received: `${children.length}`,
        hint: 'The variables may belong to another model.',
      });
    }
    for (const [index, layer] of layers.entries()) await this.#bindLayer(layer, children[index]!, where);
  }

  async #bindLayer(layer: LayerSpec, object: number, where: string): Promise<void> {
    const at = `${where}, layer ${layer.name}`;
    const attributes = wrapperAttributes(layer.className);
    if (!layer.model) return this.#bindLeaf(layer, object, where);
    if (!attributes) return this.bindModel(layer.model, object, at);
    for (const [index, inner] of layer.model.layers.entries()) {
      const child = this.#objects[object]?.children.get(attributes[index] ?? '');
      if (child === undefined) throw new EdgefoldError('WEIGHTS', 'the checkpoint lacks a layer', { where: at, expected: attributes[index] ?? 'a layer' }); // prettier-ignore
      await this.#bindLayer(inner, child, at);
    }
  }

  async #bindLeaf(layer: LayerSpec, object: number, where: string): Promise<void> {
    const weights: StoredWeight[] = [];
    for (const { key, fullName } of this.#variablesOf(object, where)) {
      weights.push(await this.#bundle.weight(key, fullName === '' ? key.replace(/\/\.ATTRIBUTES\/.*$/, '') : fullName));
    }
    this.stored.push(...weights);
    this.bindings.set(layer, namedByName(layer, weights, where));
  }

  /** In order of their numbers. */
  #layersOf(object: number): number[] {
    return [...(this.#objects[object]?.children ?? [])]
      .flatMap(([name, id]) => (/^layer-\d+$/.test(name) ? [[Number(name.slice(6)), id] as const] : []))
      .sort(([a], [b]) => a - b)
      .map(([, id]) => id);
  }

  #variablesOf(object: number, where: string) {
    const list = this.#objects[object]?.children.get('variables');
    const open = [list ?? object];
    const seen = new Set<number>();
    const found: { readonly key: string; readonly fullName: string }[] = [];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (seen.has(id)) continue;
      seen.add(id);
      if (++this.#parts > MAX_PARTS) throw new EdgefoldError('LIMIT', 'the layers have too many parts', { where });
      const { variable, children } = this.#objects[id]!;
      if (variable) found.push(variable);
      open.push(...[...children].flatMap(([name, child]) => (NOT_PARTS.has(name) ? [] : [child])).reverse());
    }
    return found;
  }
}
