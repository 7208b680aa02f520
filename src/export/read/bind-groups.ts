import { EdgefoldError } from '../../errors.ts';
import { bindFlat, layerByLayer, trainableFirst } from './bind-flat.ts';
import { kindOf, namedByName, needsWeights } from './bind-layer.ts';
import type { LayerSpec, ModelSpec, NamedWeight, StoredWeight, WeightBindings } from './spec.ts';

/**
 * Binds weights that lie in one group for each layer of the top model (legacy `.h5`). A nested model has one group
 * with the weights of all its layers. Groups are found by layer name; where the architecture was made again and its
 * layers carry other numbers (`dense_3` for `dense_1`), by order, as Keras itself loads them.
 *
 * @throws {EdgefoldError} WEIGHTS if a layer's group is missing or does not fit.
 */
export function bindGroups(
  model: ModelSpec,
  groups: ReadonlyMap<string, readonly StoredWeight[]>,
  where: string,
): WeightBindings {
  const bindings = new Map<LayerSpec, readonly NamedWeight[]>();
  for (const [layer, stored] of pairedGroups(model, groups, where)) {
    const at = `${where}, layer ${layer.name}`;
    if (!layer.model) bindings.set(layer, namedByName(layer, stored, where));
    else
      for (const [inner, weights] of bindNested(layer.model, stored.filter(isOfInner), at))
        bindings.set(inner, weights);
  }
  return bindings;
}

/** A wrapper's own statistic, which only training needs. */
function isOfInner({ name }: StoredWeight): boolean {
  return kindOf(name) !== 'vector_u';
}

function bindNested(model: ModelSpec, stored: readonly StoredWeight[], where: string): WeightBindings {
  return bindFlat(model, stored, [trainableFirst, layerByLayer], where);
}

function pairedGroups(
  model: ModelSpec,
  groups: ReadonlyMap<string, readonly StoredWeight[]>,
  where: string,
): readonly (readonly [LayerSpec, readonly StoredWeight[]])[] {
  const needy = model.layers.filter((layer) => needsWeights(layer) === true);
  const filled = [...groups.values()].filter((stored) => stored.length > 0);
  const missing = needy.filter(({ name }) => !groups.get(name)?.length);
  if (missing.length === 0) {
    return model.layers.flatMap((layer) => {
      const stored = groups.get(layer.name);
      return stored?.length ? [[layer, stored] as const] : [];
    });
  }
  if (needy.length === filled.length) return needy.map((layer, index) => [layer, filled[index]!]);
  throw new EdgefoldError('WEIGHTS', 'the file holds no weights for some layers', {
    where,
    expected: `weights of ${missing
      .slice(0, 5)
      .map(({ name }) => name)
      .join(', ')}`,
    received: `weights of ${[...groups.keys()].slice(0, 5).join(', ') || 'no layer'}`,
    hint: 'The weights may belong to another model, or the file may be incomplete.',
  });
}
