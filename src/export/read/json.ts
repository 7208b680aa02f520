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
  return parsed(source, where, 0);
}

/**
 * The same for the configuration of a model: whole numbers that are written with a point among the arguments of a call
 * keep it as a mark, see {@link marked}.
 */
export function parseTopology(source: Uint8Array | string, where: string): JsonValue {
  return parsed(source, where, ARGUMENT_LEVELS);
}

function parsed(source: Uint8Array | string, where: string, levels: number): JsonValue {
  if (source.length > MAX_BYTES) {
    throw new EdgefoldError('LIMIT', 'the JSON is too long', { where, expected: `at most ${MAX_BYTES} bytes` });
  }
  const text = typeof source === 'string' ? source : new TextDecoder().decode(source);
  try {
    return JSON.parse(strict(text, where, levels)) as JsonValue;
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

/** The calls of a layer, each with arguments as Python wrote them. */
const CALLS = /"inbound_nodes"\s*:\s*\[/y;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** Levels of `inbound_nodes` down to numbers in a list: `[{"args": [x, [1.0, 2.0]]}]`; arrays say their type themselves. */
const ARGUMENT_LEVELS = 4;
/** No text that anyone writes begins with it. */
const FLOAT_MARK = '\0';

/** The number of a text with a mark: `x + 3.0` makes floats of integers, and `x + 3` does not. */
export function marked(value: JsonValue): number | undefined {
  return typeof value === 'string' && value.startsWith(FLOAT_MARK) ? Number(value.slice(1)) : undefined;
}

function at(pattern: RegExp, text: string, index: number): string | undefined {
  pattern.lastIndex = index;
  return pattern.exec(text)?.[0];
}

/**
 * The text with Python's number words replaced by JSON that reads as the same number, and with marks; checks the depth.
 */
function strict(text: string, where: string, levels: number): string {
  const parts: string[] = [];
  let copied = 0;
  let depth = 0;
  let calls = Infinity;
  const replace = (start: number, length: number, by: string): number => {
    parts.push(text.slice(copied, start), by);
    copied = start + length;
    return copied - 1;
  };
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === '"') {
      if (levels > 0 && calls === Infinity && at(CALLS, text, i)) calls = depth;
      i = endOfString(text, i);
    } else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') {
      if (--depth <= calls) calls = Infinity;
    } else if (depth > calls && isNumberStart(character)) {
      const number = at(NUMBER, text, i) ?? character;
      const isMarked = depth <= calls + levels && /[.eE]/.test(number) && Number.isInteger(Number(number));
      i = isMarked ? replace(i, number.length, JSON.stringify(FLOAT_MARK + number)) : i + number.length - 1;
    } else if (character === 'N' || character === 'I') {
      const word = character === 'N' ? 'NaN' : 'Infinity';
      if (!text.startsWith(word, i)) continue;
      i = replace(i, word.length, character === 'N' ? 'null' : '1e999');
    }
    if (depth > MAX_DEPTH) {
      throw new EdgefoldError('LIMIT', 'the JSON is nested too deeply', { where, expected: `${MAX_DEPTH} levels` });
    }
  }
  return parts.length === 0 ? text : parts.join('') + text.slice(copied);
}

const isNumberStart = (character: string): boolean => character === '-' || (character >= '0' && character <= '9');

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
