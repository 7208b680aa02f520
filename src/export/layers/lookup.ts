import type { Attribute } from '../../onnx/attribute.ts';
import { int, string } from '../../onnx/attribute.ts';
import { float32, type DType } from '../../tensor.ts';
import { checkedDepth, encodedPlaces, outputMode } from '../categories.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { isList, type Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { inType } from '../operations/broadcast.ts';
import { asKeras } from '../reorder.ts';
import { computed } from '../computed.ts';

/**
 * Keras `StringLookup` and `IntegerLookup`: the place of each token in a vocabulary, or its inverse.
 *
 *   place(token) = m + o + its index        m = 1 with a mask token, which has place 0, in mode int; o out-of-vocabulary
 *   others       o = 1: m    o > 1: m + token mod o, of integers    o = 0: −1 (Keras stops there)
 *   inverse      token of the place, the oov token for all others
 *
 * One ai.onnx.ml LabelEncoder; the modes besides int are those of `encodedPlaces`, int64 in Keras 3; tf_idf is count times the
 * weights, with their mean for tokens out of the vocabulary.
 * Defaults: `num_oov_indices` 1, `mask_token` none, `oov_token` `[UNK]` or −1, `output_mode` int.
 * Source: keras/src/layers/preprocessing/index_lookup.py
 * @throws {EdgefoldError} UNSUPPORTED for several oov places of strings (a hash), and for a vocabulary that is a path.
 */
export const lookup: LayerLowering = {
  classNames: ['StringLookup', 'IntegerLookup'],
  note: 'vocabulary in the configuration or among the assets; all output modes, inverse; one oov place for strings',

  lower(layer, [given], graph) {
    const mode = outputMode(layer, ['int', 'one_hot', 'multi_hot', 'count', 'tf_idf'], 'int');
    const spec = specOf(layer, mode === 'int');
    const x = asKeras(graph, given);
    if (layer.flag('invert', false)) return inverse(spec, inType(x, 'int64', graph.part('places')), graph);
    const keys = spec.isText ? text(layer, x) : inType(x, 'int64', graph.part('keys'));
    const places = placesOf(layer, spec, keys, graph);
    const depth = checkedDepth(layer, layer.flag('pad_to_max_tokens', false) ? layer.size('max_tokens') : spec.size);
    const dtype: DType = mode === 'int' || (layer.kerasMajor === 3 && mode !== 'tf_idf') ? 'int64' : 'float32';
    if (mode !== 'tf_idf') return encodedPlaces(layer, places, { mode, depth, dtype }, graph);
    const counted = encodedPlaces(layer, places, { mode, depth }, graph.part('count'));
    const weights = graph.constant('idf_weights', float32([depth], idfWeights(layer, spec, depth)));
    return graph.like(counted, 'Mul', { operands: [weights] });
  },
};

type Token = string | number;

interface LookupSpec {
  readonly isText: boolean;
  readonly tokens: readonly Token[];
  readonly mask: Token | undefined;
  readonly oov: Token;
  /** Places that stand for tokens out of the vocabulary, and the first of them. */
  readonly oovCount: number;
  readonly oovStart: number;
  /** Place of the first token of the vocabulary. */
  readonly start: number;
  readonly size: number;
}

function specOf(layer: Layer, isInt: boolean): LookupSpec {
  const isText = layer.className === 'StringLookup';
  const mask = tokenAt(layer, 'mask_token', isText);
  const oov = tokenAt(layer, 'oov_token', isText) ?? (isText ? '[UNK]' : -1);
  const oovCount = layer.sizes('num_oov_indices', 1, 1, 0)[0]!;
  const oovStart = mask !== undefined && isInt ? 1 : 0;
  const start = oovStart + oovCount;
  const tokens = withoutSpecials(vocabulary(layer, isText), [
    ...(oovStart === 1 ? [mask!] : []),
    ...new Array<Token>(Math.min(oovCount, 1000)).fill(oov),
  ]);
  return { isText, tokens, mask, oov, oovCount, oovStart, start, size: start + tokens.length };
}

function tokenAt(layer: Layer, key: string, isText: boolean): Token | undefined {
  const value = layer.value(key);
  if (value === undefined) return undefined;
  if (isText ? typeof value === 'string' : Number.isSafeInteger(value)) return value as Token;
  return layer.malformed(key, isText ? 'a text' : 'an integer');
}

function vocabulary(layer: Layer, isText: boolean): readonly Token[] {
  const value = layer.value('vocabulary');
  if (typeof value === 'string')
    layer.unsupported('its vocabulary is a path or an address, which is not opened', 'Set the vocabulary and save the model again.');
  if (!isList(value) || value.length === 0)
    return layer.unsupported('the file does not hold its vocabulary', 'Adapt it or give it one, and save the model as a .keras file.');
  checkedDepth(layer, value.length);
  const valid = value.every((token) => (isText ? typeof token === 'string' : Number.isSafeInteger(token)));
  if (!valid || new Set(value).size !== value.length) layer.malformed('vocabulary', isText ? 'different texts' : 'different integers');
  return value as readonly Token[];
} // prettier-ignore

/** An adapted vocabulary begins with the mask and the oov tokens. */
function withoutSpecials(tokens: readonly Token[], specials: readonly Token[]): readonly Token[] {
  const found = specials.length > 0 && specials.every((token, i) => tokens[i] === token);
  return found ? tokens.slice(specials.length) : tokens;
}

function text(layer: Layer, x: Handle): Handle {
  return x.value.dtype === 'string' ? x : layer.unsupported('it looks up texts, and its input is numbers');
}

/** A place that the other modes count nowhere. */
const NOWHERE = -2;

function placesOf(layer: Layer, spec: LookupSpec, keys: Handle, graph: GraphWriter): Handle {
  const { tokens, mask, oovCount, oovStart, start } = spec;
  const isHashed = oovCount > 1;
  if (isHashed && (spec.isText || layer.value('oov_method') === 'farmhash'))
    return layer.unsupported('it spreads unknown tokens by a hash, which no ONNX operator computes', 'Use num_oov_indices of 1.');
  if (oovCount === 0) graph.warn(`${layer.label} has no place for unknown tokens; where Keras stops, the model goes on with -1.`);
  const entries = new Map<Token, number>(tokens.map((token, i) => [token, start + i]));
  if (mask !== undefined) entries.set(mask, oovStart === 1 ? 0 : NOWHERE);
  const found = labelled(keys, [...entries], oovCount === 1 ? oovStart : -1, 'int64', graph, isHashed ? 'known' : 'places');
  return isHashed ? spread(found, keys, spec, graph) : found;
} // prettier-ignore

/** Integers out of the vocabulary by their remainder, which has no sign. */
function spread(found: Handle, keys: Handle, { oovCount, oovStart }: LookupSpec, graph: GraphWriter): Handle {
  const number = (name: string, value: number) =>
    graph.constant(name, { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(value)) });
  const rest = graph.like(keys, 'Mod', { operands: [number('oov_count', oovCount)], suffix: 'rest' });
  const place = graph.like(rest, 'Add', { operands: [number('oov_start', oovStart)], suffix: 'oov_place' });
  const { shape } = found;
  const unknown = graph.node('Equal', [found.value, number('none', -1)], { shape, dtype: 'bool', suffix: 'unknown' });
  const output = { shape, dtype: 'int64' as const, suffix: 'places' };
  return graph.handle(graph.node('Where', [unknown, place.value, found.value], output), shape);
}

function inverse({ tokens, mask, oov, start, isText }: LookupSpec, places: Handle, graph: GraphWriter): Handle {
  const entries = tokens.map((token, i): [number, Token] => [start + i, token]);
  if (mask !== undefined) entries.push([0, mask]);
  return labelled(places, entries, oov, isText ? 'string' : 'int64', graph);
}

/** ai.onnx.ml LabelEncoder (version 2): a table from texts or integers to texts or integers. */
function labelled(
  x: Handle,
  entries: readonly (readonly [Token, Token])[],
  otherwise: Token,
  dtype: 'int64' | 'string',
  graph: GraphWriter,
  suffix?: string,
): Handle {
  const { graph: onnx } = graph.workshop;
  onnx.model.opsets.set('ai.onnx.ml', 3);
  const attributes: Record<string, Attribute> = {
    ...listed('keys', entries.map(([key]) => key)),
    ...listed('values', entries.map(([, value]) => value)),
    ...(typeof otherwise === 'string' ? { default_string: string(otherwise) } : { default_int64: int(otherwise) }),
  };
  const name = suffix === undefined ? graph.name : `${graph.name}/${suffix}`;
  const output = { name, dtype, shape: x.shape };
  return graph.handle(onnx.node('LabelEncoder', { inputs: [x.value], domain: 'ai.onnx.ml', attributes, output }), x.shape);
} // prettier-ignore

function listed(name: string, tokens: readonly Token[]): Record<string, Attribute> {
  return tokens.every((token) => typeof token === 'string')
    ? { [`${name}_strings`]: { kind: 'strings', value: tokens } }
    : { [`${name}_int64s`]: { kind: 'ints', value: tokens.map(Number) } };
}

/** The mean for tokens out of the vocabulary, 0 for places that nothing has. */
function idfWeights(layer: Layer, { tokens, start, size }: LookupSpec, depth: number): readonly number[] {
  const value = layer.value('idf_weights');
  const given = isList(value) ? value.map(Number) : layer.unsupported('the configuration does not hold its weights');
  if (given.some((weight) => !Number.isFinite(weight)) || (given.length !== tokens.length && given.length !== size))
    layer.malformed('idf_weights', 'a number for each token');
  const mean = given.reduce((sum, weight) => sum + weight, 0) / given.length;
  const front = given.length === size ? [] : new Array<number>(computed(start)).fill(mean);
  const all = [...front, ...given];
  return [...all, ...new Array<number>(computed(depth - all.length)).fill(0)];
}
