import type { JsonValue } from '../../../../src/export/source-model.ts';
import type { Random } from './random.ts';

/** A value that can be changed in place, and where it is. */
interface Place {
  readonly owner: JsonValue[] | Record<string, JsonValue>;
  readonly key: number | string;
}

const JUNK: readonly JsonValue[] = [
  null, true, false, 0, 1, -1, 2, 3, 0.5, 1e9, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308, '', 'same', 'valid', 'float16',
  '__proto__', 'constructor', '../x', 'http://x/y', [], {}, [[]], [null], [0, 0], [-1, 1e6], ['a', 0, 0], { name: 'a' },
  { class_name: 'Dense', config: {} }, { class_name: 'Lambda', config: {} }, { class_name: '__tuple__', items: [1] },
]; // prettier-ignore

/** A copy of a document with one to four parts replaced, removed, renamed, moved or doubled. */
export function mutatedJson(text: string, random: Random): string {
  const root = [JSON.parse(text) as JsonValue];
  for (let count = 1 + random.below(4); count > 0; count--) mutate(root, random);
  return JSON.stringify(root[0] ?? null);
}

function mutate(root: JsonValue[], random: Random): void {
  const places = placesOf(root);
  const { owner, key } = random.pick(places);
  const other = random.pick(places);
  const value = valueAt({ owner, key });
  const kind = random.below(8);
  if (kind === 0) remove(owner, key);
  else if (kind === 1 && Array.isArray(owner)) owner.push(structuredClone(value));
  else if (kind === 1) rename(owner as Record<string, JsonValue>, String(key), random);
  else set(owner, key, structuredClone(replacement(kind, value, valueAt(other), random)));
}

function replacement(kind: number, value: JsonValue, other: JsonValue, random: Random): JsonValue {
  if (kind === 2) return other;
  if (kind === 3) return [value];
  return kind === 4 && typeof value === 'number' ? value + random.pick([-1, 1, 1e6, 0.5]) : random.pick(JUNK);
}

function placesOf(root: JsonValue[]): Place[] {
  const places: Place[] = [];
  const open: JsonValue[] = [root];
  for (let owner = open.pop(); owner !== undefined; owner = open.pop()) {
    if (typeof owner !== 'object' || owner === null) continue;
    const keys = Array.isArray(owner) ? owner.keys() : Object.keys(owner);
    for (const key of keys) {
      places.push({ owner: owner as Place['owner'], key });
      open.push(valueAt({ owner: owner as Place['owner'], key }));
    }
  }
  return places.length > 0 ? places : [{ owner: root, key: 0 }];
}

function valueAt({ owner, key }: Place): JsonValue {
  return (owner as Record<string | number, JsonValue>)[key] ?? null;
}

function set(owner: Place['owner'], key: number | string, value: JsonValue): void {
  Object.defineProperty(owner, key, { value, enumerable: true, configurable: true, writable: true });
}

function remove(owner: Place['owner'], key: number | string): void {
  if (Array.isArray(owner)) owner.splice(Number(key), 1);
  else Reflect.deleteProperty(owner, key);
}

function rename(owner: Record<string, JsonValue>, key: string, random: Random): void {
  const value = owner[key] ?? null;
  Reflect.deleteProperty(owner, key);
  set(owner, random.pick(['x', '__proto__', 'layers', 'config', 'name', `${key}_1`]), value);
}
