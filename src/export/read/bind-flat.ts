import { EdgefoldError } from '../../errors.ts';
import { expectedVariables, hasParts, isKind, kindOf, leavesOf, namedByName } from './bind-layer.ts';
import type { LayerSpec, ModelSpec, NamedWeight, StoredWeight, WeightBindings } from './spec.ts';
import { isStatistic } from './variable-names.ts';
import { isPlausible } from './weight-shapes.ts';

/** One variable that some layer must have. */
interface Slot {
  readonly layer: LayerSpec;
  readonly variable: string;
}

/** The order in which a writer lists the weights of a whole model. */
export type WeightOrder = (model: ModelSpec) => readonly Slot[];

/**
 * Binds one list of weights to all layers of a model: the group of a nested model in an `.h5` file, or a TF.js
 * manifest. Names decide (`<layer>/<variable>`); where they do not tell the layers apart, as with two copies of one
 * model or with `conv2d_1_1/kernel:0` for layer `conv2d_1`, the order of the list does, and every shape that the
 * configs fix must agree.
 *
 * @throws {EdgefoldError} WEIGHTS if neither way leads to one weight for every variable.
 */
export function bindFlat(
  model: ModelSpec,
  stored: readonly StoredWeight[],
  orders: readonly WeightOrder[],
  where: string,
): WeightBindings {
  const named = bindByLayerName(model, stored, where);
  if (named) return named;
  for (const order of orders) {
    const replayed = bindByOrder(order(model), stored);
    if (replayed) return replayed;
  }
  throw notMatched(model, stored, where);
}

/** Trainable weights of the whole model first, statistics and frozen layers after. Keras `_legacy_weights`. */
export const trainableFirst: WeightOrder = (model) => {
  const { trainable, frozen } = legacySlots(model);
  return [...trainable, ...frozen];
};

/** Layer by layer, each nested model in the order of {@link trainableFirst}. */
export const layerByLayer: WeightOrder = (model) =>
  model.layers.flatMap((layer) => (layer.model ? trainableFirst(layer.model) : slotsOf(layer)));

/** As {@link layerByLayer}, layers sorted by the bytes of their names. */
export const layersByName: WeightOrder = (model) =>
  layerByLayer({ ...model, layers: [...model.layers].sort((a, b) => (a.name < b.name ? -1 : 1)) });

interface LegacySlots {
  readonly trainable: readonly Slot[];
  readonly frozen: readonly Slot[];
}

/** Source: `trainable_weights`, `non_trainable_weights` in tf_keras/src/engine/{training,base_layer}.py. */
function legacySlots(model: ModelSpec): LegacySlots {
  const parts = model.layers.map((layer) => (layer.model ? legacySlots(layer.model) : legacyLeaf(layer)));
  const trainable = parts.flatMap((part) => part.trainable);
  const frozen = parts.flatMap((part) => part.frozen);
  return model.trainable ? { trainable, frozen } : { trainable: [], frozen: [...trainable, ...frozen] };
}

function legacyLeaf(layer: LayerSpec): LegacySlots {
  const slots = slotsOf(layer);
  if (!layer.trainable) return { trainable: [], frozen: slots };
  return {
    trainable: slots.filter(({ variable }) => !isStatistic(variable)),
    frozen: slots.filter(({ variable }) => isStatistic(variable)),
  };
}

function slotsOf(layer: LayerSpec): readonly Slot[] {
  return (expectedVariables(layer) ?? []).map((variable) => ({ layer, variable }));
}

/** `undefined` if names leave any weight without a layer, or any layer without its weights. */
function bindByLayerName(model: ModelSpec, stored: readonly StoredWeight[], where: string): WeightBindings | undefined {
  const leaves = leavesOf(model);
  const byName = new Map(leaves.map((layer) => [layer.name, layer]));
  const hasTwins = byName.size < leaves.length;
  const lists = new Map<LayerSpec, StoredWeight[]>();
  for (const weight of stored) {
    const layer = ownerByName(weight.name, byName);
    if (!layer) return undefined;
    const list = lists.get(layer) ?? [];
    const isTwin = list.some(({ name }) => kindOf(name) === kindOf(weight.name));
    if (isTwin && expectedVariables(layer) && !hasParts(layer)) return undefined;
    lists.set(layer, [...list, weight]);
  }
  const weighted = leaves.filter((layer) => lists.has(layer) || (expectedVariables(layer) ?? []).length > 0);
  if (hasTwins && weighted.some((layer) => byName.get(layer.name) !== layer)) return undefined;
  if (weighted.some((layer) => !lists.has(layer))) return undefined;
  return new Map(weighted.map((layer) => [layer, namedByName(layer, lists.get(layer)!, where)]));
}

/** The layer that a weight's name mentions last: `sequential/dense/kernel` is of `dense`. */
function ownerByName(name: string, layers: ReadonlyMap<string, LayerSpec>): LayerSpec | undefined {
  const parts = name.split('/').slice(0, 16);
  for (let end = parts.length - 1; end > 0; end--) {
    for (let start = 0; start < end; start++) {
      const layer = layers.get(parts.slice(start, end).join('/'));
      if (layer) return layer;
    }
  }
  return undefined;
}

function bindByOrder(slots: readonly Slot[], stored: readonly StoredWeight[]): WeightBindings | undefined {
  if (slots.length !== stored.length) return undefined;
  const bindings = new Map<LayerSpec, NamedWeight[]>();
  for (const [index, { layer, variable }] of slots.entries()) {
    const weight = stored[index]!;
    if (!isKind(variable, kindOf(weight.name))) return undefined;
    const list = bindings.get(layer) ?? [];
    list.push({ variable, stored: weight });
    bindings.set(layer, list);
  }
  for (const [layer, weights] of bindings) if (!isPlausible(layer, weights)) return undefined;
  return bindings;
}

function notMatched(model: ModelSpec, stored: readonly StoredWeight[], where: string): EdgefoldError {
  const slots = layerByLayer(model);
  const byName = new Map(leavesOf(model).map((layer) => [layer.name, layer]));
  const stray = stored.find(({ name }) => !ownerByName(name, byName));
  const bare = slots.find(({ layer, variable }) => !stored.some((weight) => isOf(weight, layer, variable, byName)));
  return new EdgefoldError('WEIGHTS', 'the weights do not fit the layers', {
    where: bare ? `${where}, layer ${bare.layer.name}` : where,
    expected: bare ? `a weight ${bare.layer.name}/${bare.variable}` : `${slots.length} weights`,
    received: stray ? `a weight ${stray.name} of no layer` : `${stored.length} weights`,
    hint: 'The weights may belong to another model, or the file may be incomplete.',
  });
}

function isOf(
  weight: StoredWeight,
  layer: LayerSpec,
  variable: string,
  byName: ReadonlyMap<string, LayerSpec>,
): boolean {
  return isKind(variable, kindOf(weight.name)) && ownerByName(weight.name, byName) === layer;
}
