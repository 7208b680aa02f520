import type { DType } from '../../tensor.ts';
import { isList, isObject } from '../layer.ts';
import type { JsonObject, JsonValue } from '../source-model.ts';

/** Numbers written in the configuration. Without a dtype they take that of the tensor beside them, as in numpy. */
export interface ArrayConstant {
  readonly shape: readonly number[];
  readonly data: readonly number[];
  readonly dtype: DType | undefined;
}

/** More belongs into the weights; the bound keeps hostile files small. */
const MAX_NUMBERS = 2 ** 24;
const MAX_RANK = 16;

/**
 * A number, a list of lists of numbers, or an array of Keras 3, `{"class_name": "__numpy__" or "__tensor__",
 * "config": {"value": …, "dtype": "float32"}}`. Truth values are 0 and 1 of dtype bool.
 *
 * @returns `undefined` for anything else, and for lists of uneven length.
 */
export function arrayOf(value: JsonValue): ArrayConstant | undefined {
  if (!isObject(value)) return plainArray(value);
  const { class_name: kind, config } = value;
  if ((kind !== '__numpy__' && kind !== '__tensor__') || !isObject(config)) return undefined;
  const array = plainArray(config.value ?? null);
  return array && { ...array, dtype: dtypeOf(config) };
}

function dtypeOf({ dtype }: JsonObject): DType | undefined {
  return typeof dtype === 'string' ? NUMBER_TYPES.get(dtype) : undefined;
}

/** Types of numbers by the names that Keras and TensorFlow write; halves and doubles are computed in float32. */
export const NUMBER_TYPES: ReadonlyMap<string, DType> = new Map<string, DType>([
  ...['float16', 'bfloat16', 'float32', 'float64', 'half', 'float', 'double'].map((n): [string, DType] => [
    n,
    'float32',
  ]),
  ...(['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'bool'] as const).map(
    (name): [string, DType] => [name, name],
  ),
]);

function plainArray(value: JsonValue): ArrayConstant | undefined {
  const shape: number[] = [];
  for (let at: JsonValue = value; isList(at); at = at[0] ?? 0) {
    if (shape.push(at.length) > MAX_RANK) return undefined;
  }
  const data: number[] = [];
  if (!gather(value, shape, 0, data)) return undefined;
  return { shape, data, dtype: holdsTruth(value) ? 'bool' : undefined };
}

function gather(value: JsonValue, shape: readonly number[], depth: number, data: number[]): boolean {
  if (isList(value)) {
    return value.length === shape[depth] && value.every((item) => gather(item, shape, depth + 1, data));
  }
  const number = typeof value === 'boolean' ? Number(value) : value;
  if (typeof number !== 'number' || depth !== shape.length) return false;
  return data.push(number) <= MAX_NUMBERS;
}

function holdsTruth(value: JsonValue): boolean {
  return isList(value) ? value.length > 0 && holdsTruth(value[0]!) : typeof value === 'boolean';
}
