import { EdgefoldError } from '../../errors.ts';
import type { JsonValue } from '../source-model.ts';
import { toSnakeCase } from './class-names.ts';
import type { LayerSpec, ModelSpec } from './spec.ts';

/** What reads a file of the archive. */
type Member = (name: string) => Promise<Uint8Array | undefined>;

const LOOKUPS: ReadonlySet<string> = new Set(['StringLookup', 'IntegerLookup']);
/** Far more than any vocabulary in memory; the bound keeps a hostile file small. */
const MAX_LINES = 2 ** 22;

/**
 * The model with the vocabularies that `.keras` files keep outside the configuration: one token a line, in
 * `assets/layers/string_lookup/vocabulary.txt`; folders are named as those of weights are. The name is made here, from
 * classes and places; none that the file gives is opened.
 *
 * Source: `save_assets` of keras/src/layers/preprocessing/index_lookup.py
 */
export async function withVocabularies(model: ModelSpec, member: Member, where: string): Promise<ModelSpec> {
  return holdsLookup(model) ? inModel(model, 'layers', member, where) : model;
}

function holdsLookup({ layers }: ModelSpec): boolean {
  return layers.some(({ className, model }) => LOOKUPS.has(className) || (model !== undefined && holdsLookup(model)));
}

async function inModel(model: ModelSpec, path: string, member: Member, where: string): Promise<ModelSpec> {
  const counts = new Map<string, number>();
  const layers: LayerSpec[] = [];
  for (const layer of model.layers) {
    const base = toSnakeCase(layer.sourceClassName.replace(/^.*>/, ''));
    const isSaved = !layer.isOperation && !(model.className === 'Sequential' && layer.className === 'InputLayer');
    const count = counts.get(base) ?? 0;
    if (isSaved) counts.set(base, count + 1);
    layers.push(await inLayer(layer, `${path}/${count === 0 ? base : `${base}_${count}`}`, member, where));
  }
  return { ...model, layers };
}

async function inLayer(layer: LayerSpec, path: string, member: Member, where: string): Promise<LayerSpec> {
  if (layer.model) return { ...layer, model: await inModel(layer.model, `${path}/layers`, member, where) };
  if (!LOOKUPS.has(layer.className) || (layer.config.vocabulary ?? null) !== null) return layer;
  const bytes = await member(`assets/${path}/vocabulary.txt`);
  if (!bytes) return layer;
  return { ...layer, config: { ...layer.config, vocabulary: tokensOf(layer, bytes, where) } };
}

/** Lines as Python splits them; empty ones at the end are none. */
function tokensOf({ name, className }: LayerSpec, bytes: Uint8Array, where: string): readonly JsonValue[] {
  const lines = new TextDecoder().decode(bytes).split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/); // eslint-disable-line no-control-regex
  if (lines.length > MAX_LINES) {
    throw new EdgefoldError('LIMIT', 'a vocabulary has too many tokens', { where: `${where}, layer ${name}` });
  }
  while (lines.at(-1) === '') lines.pop();
  return className === 'StringLookup' ? lines : lines.map(Number);
}
