import { EdgefoldError } from '../../errors.ts';
import type { JsonObject, JsonValue } from '../source-model.ts';

/** Deepest nesting that is read. Models nested ten deep stay under 100. */
const MAX_DEPTH = 512;
/** Longest text that is read; the largest topologies of keras.applications are about 1 MiB. */
const MAX_BYTES = 256 * 2 ** 20;

/**
 * Parses JSON as Python and TF.js write it: `NaN`, `Infinity` and `-Infinity` stand for numbers. NaN reads as `null`,
 * since nothing that inference needs may be NaN. Names such as `__proto__` become plain members.
 *
 * @throws {EdgefoldError} CORRUPT if it is no JSON; LIMIT beyond 256 MiB or 512 levels.
 */
export function parseJson(source: Uint8Array | string, where: string): JsonValue {
  if (source.length > MAX_BYTES) {
    throw new EdgefoldError('LIMIT', 'the JSON is too long', { where, expected: `at most ${MAX_BYTES} bytes` });
  }
  const text = typeof source === 'string' ? source : new TextDecoder().decode(source);
  try {
    return JSON.parse(strict(text, where)) as JsonValue;
  } catch (cause) {
    if (cause instanceof EdgefoldError) throw cause;
    throw new EdgefoldError('CORRUPT', 'it is not valid JSON', {
      where,
      received: (cause as Error).message,
      hint: 'The file may be cut short; fetch it again.',
      cause,
    });
  }
}

/** The text with Python's number words replaced by JSON that reads as the same number; checks the depth. */
function strict(text: string, where: string): string {
  const parts: string[] = [];
  let copied = 0;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === '"') i = endOfString(text, i);
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    else if (character === 'N' || character === 'I') {
      const word = character === 'N' ? 'NaN' : 'Infinity';
      if (!text.startsWith(word, i)) continue;
      parts.push(text.slice(copied, i), character === 'N' ? 'null' : '1e999');
      i += word.length - 1;
      copied = i + 1;
    }
    if (depth > MAX_DEPTH) {
      throw new EdgefoldError('LIMIT', 'the JSON is nested too deeply', { where, expected: `${MAX_DEPTH} levels` });
    }
  }
  return parts.length === 0 ? text : parts.join('') + text.slice(copied);
}

/** Index of the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let end = start;
  do {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
  } while (isEscaped(text, end));
  return end;
}

function isEscaped(text: string, index: number): boolean {
  let backslashes = 0;
  while (text.charAt(index - 1 - backslashes) === '\\') backslashes++;
  return backslashes % 2 === 1;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** An own member; never one of the prototype. */
export function member(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export function stringMember(object: JsonObject, key: string): string | undefined {
  const value = member(object, key);
  return typeof value === 'string' ? value : undefined;
}

export function objectMember(object: JsonObject, key: string): JsonObject | undefined {
  const value = member(object, key);
  return isObject(value) ? value : undefined;
}

export function listMember(object: JsonObject, key: string): readonly JsonValue[] | undefined {
  const value = member(object, key);
  return isList(value) ? value : undefined;
}
