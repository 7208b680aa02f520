import { EdgefoldError } from '../../errors.ts';
import { namedByIndex, needsWeights } from './bind-layer.ts';
import { toSnakeCase } from './class-names.ts';
import type { LayerSpec, ModelSpec, NamedWeight, StoredWeight, WeightBindings } from './spec.ts';
import { variableFolders } from './variable-names.ts';
import { wrapperAttributes } from './wrapped.ts';

/** A folder of the weights file: variables by index, and folders below. */
interface Folder {
  readonly path: string;
  readonly children: Map<string, Folder>;
  readonly variables: Map<number, StoredWeight>;
}

/**
 * Binds weights stored by path, `layers/<class>[_<n>]/vars/<index>` (`.keras`, `.weights.h5`, and TF.js files converted
 * from them). Folders are named after classes. Writers number them differently (TensorFlow 2.13 counts every weighted
 * layer twice), so within each parent and class the folders that hold anything, by number, are paired with the layers
 * that need anything, in list order; the layer name beside the weights (Keras 3.7 and later) goes first.
 *
 * Source: `_walk_saveable` and `_save_container_state` of keras/src/saving/saving_lib.py.
 * @throws {EdgefoldError} WEIGHTS if folders and layers cannot be paired.
 */
export function bindByPath(model: ModelSpec, stored: readonly StoredWeight[], where: string): WeightBindings {
  const bindings = new Map<LayerSpec, readonly NamedWeight[]>();
  bindModel(model, folderTree(stored), bindings, where);
  return bindings;
}

/** One form for every writer: Windows wrote `\`, and TensorFlow 2.13 named the root otherwise. */
export function normalizedPath(path: string): string {
  return path
    .replaceAll('\\', '/')
    .replace(/^\/+/, '')
    .replace(/(^|\/)_layer_checkpoint_dependencies(?=\/)/g, '$1layers');
}

function folderTree(stored: readonly StoredWeight[]): Folder {
  const root: Folder = newFolder('');
  for (const weight of stored) {
    const parts = normalizedPath(weight.name).split('/');
    const index = Number(parts.pop());
    if (parts.pop() !== 'vars' || !Number.isInteger(index)) continue;
    let folder = root;
    for (const part of parts) folder = child(folder, part);
    folder.variables.set(index, weight);
  }
  return root;
}

function newFolder(path: string): Folder {
  return { path, children: new Map(), variables: new Map() };
}

function child(folder: Folder, name: string): Folder {
  const found = folder.children.get(name);
  if (found) return found;
  const made = newFolder(folder.path === '' ? name : `${folder.path}/${name}`);
  folder.children.set(name, made);
  return made;
}

function bindModel(model: ModelSpec, folder: Folder, bindings: Map<LayerSpec, readonly NamedWeight[]>, where: string) {
  const folders = folder.children.get('layers')?.children ?? new Map<string, Folder>();
  for (const [base, layers] of byClass(model)) {
    for (const [layer, own] of paired(base, layers, folders, where)) {
      bindLayer(layer, own, bindings, where);
    }
  }
}

function bindLayer(layer: LayerSpec, own: Folder, bindings: Map<LayerSpec, readonly NamedWeight[]>, where: string) {
  const at = `${where}, layer ${layer.name}`;
  const attributes = wrapperAttributes(layer.className);
  if (attributes && own.variables.size > 0) bindings.set(layer, namedByIndex(layer, inOrder(own), where));
  if (!layer.model) bindings.set(layer, namedByIndex(layer, variablesOf(layer, own), where));
  else if (!attributes) bindModel(layer.model, own, bindings, at);
  else layer.model.layers.forEach((inner, i) => {
    bindLayer(inner, own.children.get(attributes[i]!) ?? newFolder(`${own.path}/${attributes[i]!}`), bindings, at);
  }); // prettier-ignore
}

/** Classes that call themselves otherwise than in the file. */
const FOLDER_CLASSES: ReadonlyMap<string, string> = new Map([['GroupQueryAttention', 'GroupedQueryAttention']]);

/** Layers by the name of their folders, in list order. Operations and a Sequential's input have no folder. */
function byClass(model: ModelSpec): Map<string, LayerSpec[]> {
  const classes = new Map<string, LayerSpec[]>();
  for (const layer of model.layers) {
    if (layer.isOperation || (model.className === 'Sequential' && layer.className === 'InputLayer')) continue;
    const base = toSnakeCase(FOLDER_CLASSES.get(layer.sourceClassName) ?? layer.sourceClassName.replace(/^.*>/, ''));
    classes.set(base, [...(classes.get(base) ?? []), layer]);
  }
  return classes;
}

function paired(
  base: string,
  layers: readonly LayerSpec[],
  folders: ReadonlyMap<string, Folder>,
  where: string,
): readonly (readonly [LayerSpec, Folder])[] {
  const mine = foldersOf(base, folders);
  const byOwner = pairedByOwner(layers, mine);
  if (byOwner) return byOwner;
  const sure = layers.filter((layer) => needsWeights(layer) === true);
  if (sure.length === mine.length) return sure.map((layer, index) => [layer, mine[index]!]);
  const possible = layers.filter((layer) => needsWeights(layer) !== false);
  if (possible.length === mine.length) return possible.map((layer, index) => [layer, mine[index]!]);
  const byNumber = layers.flatMap((layer, index): [LayerSpec, Folder][] => {
    const own = mine.find(({ path }) => numberOf(path, base) === index);
    return own ? [[layer, own]] : [];
  });
  if (sure.every((layer) => byNumber.some(([named]) => named === layer))) return byNumber;
  throw new EdgefoldError('WEIGHTS', `the weights of the ${layers[0]!.sourceClassName} layers are not all there`, {
    where,
    expected: `weights of ${sure.length} layers: ${sure.map(({ name }) => name).join(', ')}`,
    received: mine.length === 0 ? 'none' : mine.map(({ path }) => path).join(', '),
    hint: 'The weights may belong to another model, or the file may be incomplete.',
  });
}

/** Every folder says whose it is, and each is one of the layers. */
function pairedByOwner(layers: readonly LayerSpec[], mine: readonly Folder[]): [LayerSpec, Folder][] | undefined {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const pairs = mine.flatMap((folder): [LayerSpec, Folder][] => {
    const owner = [...folder.variables.values()][0]?.owner;
    const layer = owner === undefined ? undefined : byName.get(owner);
    return layer ? [[layer, folder]] : [];
  });
  const isComplete = pairs.length === mine.length && new Set(pairs.map(([layer]) => layer)).size === pairs.length;
  const missing = layers.filter((layer) => needsWeights(layer) === true && !pairs.some(([named]) => named === layer));
  return isComplete && missing.length === 0 ? pairs : undefined;
}

/** `conv2d`, `conv2d_1`, `conv2d_2`, … that hold variables, by number. */
function foldersOf(base: string, folders: ReadonlyMap<string, Folder>): Folder[] {
  return [...folders.values()]
    .filter((folder) => numberOf(folder.path, base) >= 0 && holdsVariables(folder))
    .sort((a, b) => numberOf(a.path, base) - numberOf(b.path, base));
}

function numberOf(path: string, base: string): number {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === base) return 0;
  return name.startsWith(`${base}_`) && /^\d+$/.test(name.slice(base.length + 1))
    ? Number(name.slice(base.length + 1))
    : -1;
}

function holdsVariables(folder: Folder): boolean {
  if (folder.variables.size > 0) return true;
  return [...folder.children].some(([name, inner]) => name !== 'seed_generator' && holdsVariables(inner));
}

/** A layer's own variables by index; a recurrent layer keeps them in its cell; of unknown classes, all below. */
function variablesOf(layer: LayerSpec, folder: Folder): readonly StoredWeight[] {
  const cell = folder.children.get('cell');
  if (needsWeights(layer) === undefined) return everythingIn(folder);
  const parts = variableFolders(layer.className, layer.config);
  if (parts) return parts.flatMap((path) => inOrder(folderAt(folder, path)));
  return inOrder(folder.variables.size === 0 && cell ? cell : folder);
}

/** Keras 2 names some of these folders by the private attribute: `_query_dense`. */
function folderAt(folder: Folder, path: string): Folder {
  return path.split('/').reduce((at, name) => at.children.get(name) ?? at.children.get(`_${name}`) ?? newFolder(path), folder); // prettier-ignore
}

function everythingIn(folder: Folder): readonly StoredWeight[] {
  const inner = [...folder.children].filter(([name]) => name !== 'seed_generator');
  return [...inOrder(folder), ...inner.flatMap(([, below]) => everythingIn(below))];
}

function inOrder({ variables }: Folder): readonly StoredWeight[] {
  return [...variables].sort(([a], [b]) => a - b).map(([, weight]) => weight);
}
