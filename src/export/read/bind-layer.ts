import { EdgefoldError } from '../../errors.ts';
import { isQuantized } from './config.ts';
import type { LayerSpec, ModelSpec, NamedWeight, StoredWeight } from './spec.ts';
import { isSameVariable, variableNames } from './variable-names.ts';

/** Only old files lack these, and inference does not read them. */
const OPTIONAL: ReadonlySet<string> = new Set(['count']);

/** Variable names that the layer must have; `undefined` for a class that is not known here, or is quantized. */
export function expectedVariables({ className, config }: LayerSpec): readonly string[] | undefined {
  return isQuantized(config) ? undefined : variableNames(className, config);
}

/** Whether the file must hold weights for a layer: `undefined` where the class is not known. */
export function needsWeights(layer: LayerSpec): boolean | undefined {
  if (!layer.model) {
    const expected = expectedVariables(layer);
    return expected && expected.length > 0;
  }
  const inner = layer.model.layers.map(needsWeights);
  if (inner.includes(true)) return true;
  return inner.includes(undefined) ? undefined : false;
}

/** All layers that are no models, nested ones in the place of their model. */
export function leavesOf(model: ModelSpec): readonly LayerSpec[] {
  return model.layers.flatMap((layer) => (layer.model ? leavesOf(layer.model) : [layer]));
}

/**
 * Names a layer's weights by what they are called in the file: the last part of `conv2d_1_1/kernel:0`. Where those
 * names mean nothing (`param_0`), their order is Keras's.
 *
 * @throws {EdgefoldError} WEIGHTS if one is missing or left over.
 */
export function namedByName(layer: LayerSpec, stored: readonly StoredWeight[], where: string): readonly NamedWeight[] {
  const expected = expectedVariables(layer);
  if (!expected) return distinctlyNamed(layer, stored);
  if (hasParts(layer)) return namedInOrder(layer, stored, where);
  const found = expected.flatMap((variable) => {
    const weight = stored.find(({ name }) => isKind(variable, kindOf(name)));
    return weight ? [{ variable, stored: weight }] : [];
  });
  const missing = expected.filter((variable) => !found.some((weight) => weight.variable === variable));
  if (missing.every((variable) => OPTIONAL.has(variable)) && found.length === stored.length) return found;
  if (found.length === 0 && stored.length === expected.length) return namedByIndex(layer, stored, where);
  throw mismatch(layer, expected, stored, where);
}

/** Whether several of its variables have the same kind: those of the parts of an attention, or of several cells. */
export function hasParts(layer: LayerSpec): boolean {
  return expectedVariables(layer)?.some((variable) => variable.includes('/')) ?? false;
}

/** By place, if each has the kind that stands there. */
function namedInOrder(layer: LayerSpec, stored: readonly StoredWeight[], where: string): readonly NamedWeight[] {
  const named = namedByIndex(layer, stored, where);
  const fits = named.every(({ variable, stored: { name } }) => isKind(variable, kindOf(name)));
  return fits ? named : fail(mismatch(layer, expectedVariables(layer)!, stored, where));
}

function fail(error: EdgefoldError): never {
  throw error;
}

/** Names a layer's weights by their place, for formats that store no names. */
export function namedByIndex(layer: LayerSpec, stored: readonly StoredWeight[], where: string): readonly NamedWeight[] {
  const expected = expectedVariables(layer);
  if (!expected) return distinctlyNamed(layer, stored);
  const required = expected.filter((variable) => !OPTIONAL.has(variable));
  if (stored.length > expected.length || stored.length < required.length) {
    throw mismatch(layer, expected, stored, where);
  }
  return stored.map((weight, index) => ({ variable: expected[index]!, stored: weight }));
}

/** `conv2d_1_1/kernel:0` is a `kernel`. */
export function kindOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).replace(/:\d+$/, '');
}

/** Whether a kind as written is the variable; TensorFlow 1 numbers repeated names (`kernel_1`). */
export function isKind(variable: string, kind: string): boolean {
  return isSameVariable(variable, kind) || isSameVariable(variable, kind.replace(/_\d+$/, ''));
}

/** For classes not known here: the last part of each name, or as much of its path as tells them apart. */
function distinctlyNamed(layer: LayerSpec, stored: readonly StoredWeight[]): readonly NamedWeight[] {
  const kinds = stored.map(({ name }) => kindOf(name));
  const areDistinct = new Set(kinds).size === kinds.length;
  return stored.map((weight, index) => ({
    variable: areDistinct ? kinds[index]! : afterLayerName(layer.name, weight.name),
    stored: weight,
  }));
}

function afterLayerName(layer: string, name: string): string {
  const start = name.indexOf(`${layer}/`);
  return (start < 0 ? name : name.slice(start + layer.length + 1)).replace(/:\d+$/, '');
}

function mismatch(
  layer: LayerSpec,
  expected: readonly string[],
  stored: readonly StoredWeight[],
  where: string,
): EdgefoldError {
  return new EdgefoldError(
    'WEIGHTS',
    `the weights of a ${layer.sourceClassName} are not those that its config asks for`,
    {
      where: `${where}, layer ${layer.name}`,
      expected: expected.join(', ') || 'none',
      received: stored.map(({ name }) => name).join(', ') || 'none',
      hint: 'The weights may belong to another model, or the file may be incomplete.',
    },
  );
}
