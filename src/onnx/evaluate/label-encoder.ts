import type { Call, Rule } from './call.ts';
import { toReal } from './decode.ts';
import type { Real, TextReal } from './real.ts';

const SUFFIXES = ['strings', 'int64s', 'floats', 'tensor'] as const;
type Suffix = (typeof SUFFIXES)[number];

/**
 * ai.onnx.ml `LabelEncoder`: y = values[i] where keys[i] is x, else the default of the values.
 *
 * Version 1 has one list, `classes_strings`, and gives the places of texts or the texts of places. Versions 2 and 4
 * name keys and values by their type; NaN is a key like another.
 * Defaults: `_Unused`, −1, −0; with tensors an element of `default_tensor`.
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_LabelEncoder.html (versions 1, 2 and 4)
 */
const labelEncoder: Rule = (call) => {
  const x = call.any(0);
  const { keys, values, otherwise } = call.node.attributes.has('classes_strings') ? classes(call, x) : table(call);
  const isText = keys.dtype === 'string';
  if (isText !== (x.dtype === 'string'))
    call.fault('an input is of the wrong kind', isText ? 'strings' : 'numbers', x.dtype);
  if (keys.data.length !== values.data.length)
    call.fault('keys and values are not in pairs', String(keys.data.length), String(values.data.length));
  const places = new Map(Array.from<string | number, [string | number, number]>(keys.data, (key, i) => [key, i]));
  const found = Array.from<string | number, string | number>(x.data, (key) => {
    const place = places.get(key);
    return place === undefined ? otherwise : values.data[place]!;
  });
  return [like(values, x.shape, found)];
};

interface Table {
  readonly keys: Real;
  readonly values: Real;
  readonly otherwise: string | number;
}

/** Version 1: the input says which way round. */
function classes(call: Call, x: Real): Table {
  const texts = listed(call.strings('classes_strings') ?? call.fault('its classes are no texts'));
  const places: Real = { dtype: 'int64', shape: texts.shape, data: Float64Array.from(texts.data.keys()) };
  if (x.dtype === 'string') return { keys: texts, values: places, otherwise: call.node.int('default_int64', -1) };
  return { keys: places, values: texts, otherwise: call.node.string('default_string', '_Unused') };
}

function table(call: Call): Table {
  const [keys, values] = [found(call, 'keys'), found(call, 'values')];
  return { keys: keys.real, values: values.real, otherwise: otherwiseOf(call, values) };
}

interface Found {
  readonly suffix: Suffix;
  readonly real: Real;
}

function found(call: Call, name: 'keys' | 'values'): Found {
  const suffix = SUFFIXES.find((each) => call.node.attributes.has(`${name}_${each}`));
  if (!suffix) return call.fault(`it has no ${name}`);
  return { suffix, real: realOf(call, `${name}_${suffix}`) };
}

function otherwiseOf(call: Call, { suffix, real }: Found): string | number {
  if (call.node.attributes.has('default_tensor')) return realOf(call, 'default_tensor').data[0] ?? call.fault('its default_tensor is empty'); // prettier-ignore
  if (real.dtype === 'string') return call.node.string('default_string', '_Unused');
  return suffix === 'floats' || real.dtype.startsWith('float') ? call.node.float('default_float', -0) : call.node.int('default_int64', -1); // prettier-ignore
}

/** A list or a tensor among the attributes; integers as exact as those of tensors. */
function realOf(call: Call, name: string): Real {
  const given = call.node.attributes.get(name);
  if (given?.kind === 'strings') return listed(given.value);
  if (given?.kind === 'floats') return { dtype: 'float32', shape: [given.value.length], data: Float64Array.from(given.value) }; // prettier-ignore
  if (given?.kind === 'tensor') return toReal(given.value.tensor(), `${call.node.label}, ${name}`);
  if (given?.kind !== 'ints') return call.fault(`${name} is of the wrong kind`);
  const data = BigInt64Array.from(given.value, BigInt);
  return toReal({ dtype: 'int64', shape: [data.length], data }, `${call.node.label}, ${name}`);
}

const listed = (texts: readonly string[]): TextReal => ({ dtype: 'string', shape: [texts.length], data: texts });

function like({ dtype }: Real, shape: readonly number[], data: readonly (string | number)[]): Real {
  if (dtype === 'string') return { dtype, shape, data: data.map(String) };
  return { dtype, shape, data: Float64Array.from(data, Number) };
}

export const LABEL_ENCODER: Readonly<Record<string, Rule>> = { 'ai.onnx.ml:LabelEncoder': labelEncoder };
