import type { JsonObject, JsonValue } from '../source-model.ts';
import { isList, isObject, listMember, member, stringMember } from './json.ts';

/**
 * A layer's config in one vocabulary for every generation of file; fields that need no change stay as written:
 *
 * - an activation is a name, or a layer object where it is a layer;
 * - `axis` of BatchNormalization is a number (tf.keras writes `[3]`);
 * - an InputLayer has `batch_shape` (Keras 2 writes `batch_input_shape`).
 */
export function normalizedConfig(className: string, config: JsonObject): JsonObject {
  const changes: Record<string, JsonValue> = {};
  for (const key of ['activation', 'recurrent_activation']) {
    const name = functionName(member(config, key));
    if (name !== undefined) changes[key] = name;
  }
  if (className === 'BatchNormalization') {
    const axis = listMember(config, 'axis');
    if (axis?.length === 1) changes.axis = axis[0]!;
  }
  if (className === 'InputLayer') {
    const shape = batchShape(config);
    if (shape) changes.batch_shape = shape;
  }
  return { ...config, ...changes };
}

/** Whether Keras 3 has made scaled integers of a layer's weights, which then are others than its class has. */
export function isQuantized(config: JsonObject): boolean {
  const scheme = member(config, 'quantization_config');
  if (scheme !== undefined && scheme !== null) return true;
  return /Quantized|_from_|GPTQ|AWQ/.test(JSON.stringify(member(config, 'dtype') ?? null));
}

/** The input shape that a layer's config states, batch first. */
export function batchShape(config: JsonObject): readonly JsonValue[] | undefined {
  return listMember(config, 'batch_shape') ?? listMember(config, 'batch_input_shape');
}

/** Keras 3 writes a function as `{"module": "builtins", "class_name": "function", "config": "relu"}`. */
function functionName(value: JsonValue | undefined): string | undefined {
  if (!isObject(value) || stringMember(value, 'class_name') !== 'function') return undefined;
  return stringMember(value, 'config');
}

/** Of these classes, `{ class_name, items }` is the list of the items. SavedModels write shapes so. */
const LISTS: ReadonlySet<string> = new Set(['__tuple__', 'TensorShape']);

/** `{"class_name": "__tuple__", "items": […]}` is the list itself. */
export function withoutTuples(value: JsonValue): JsonValue {
  if (isList(value)) return value.map(withoutTuples);
  if (!isObject(value)) return value;
  if (LISTS.has(stringMember(value, 'class_name') ?? '') && listMember(value, 'items')) {
    return (listMember(value, 'items') ?? []).map(withoutTuples);
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutTuples(item)]));
}
