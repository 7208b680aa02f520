import { EdgefoldError } from '../../errors.ts';
import type { Tensor } from '../../tensor.ts';

/** Tensors of a JSON file: one without a name, or one for each input name. */
export type JsonTensors =
  { readonly single: Tensor<'float64'> } | { readonly named: ReadonlyMap<string, Tensor<'float64'>> };

/** Deepest nesting; onnxruntime's own tensors end far below. */
const DEEPEST = 16;

/**
 * Nested arrays of numbers (or of `true` and `false`), row-major, or an object of such arrays by input name.
 *
 * @throws {EdgefoldError} CORRUPT if it is no JSON; INPUT if the arrays are ragged, empty or hold something else.
 */
export function readJsonTensors(bytes: Uint8Array, where: string): JsonTensors {
  const value = parse(bytes, where);
  if (Array.isArray(value) || typeof value === 'number') return { single: tensorOf(value, where) };
  if (value === null || typeof value !== 'object') throw refuse(where, 'nested arrays of numbers', kindOf(value));
  const entries = Object.entries(value).map(([name, item]) => [name, tensorOf(item, `${where}: ${name}`)] as const);
  return { named: new Map(entries) };
}

function parse(bytes: Uint8Array, where: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch (cause) {
    throw new EdgefoldError('CORRUPT', 'it is no JSON', { where, received: (cause as Error).message, cause });
  }
}

function tensorOf(value: unknown, where: string): Tensor<'float64'> {
  const shape: number[] = [];
  for (let level = value; Array.isArray(level); level = (level as readonly unknown[])[0]) {
    if (shape.length === DEEPEST) throw refuse(where, `at most ${DEEPEST} dimensions`, 'more');
    shape.push(level.length);
  }
  const data: number[] = [];
  collect(value, shape, 0, data, where);
  return { dtype: 'float64', shape, data: Float64Array.from(data) };
}

function collect(value: unknown, shape: readonly number[], axis: number, into: number[], where: string): void {
  if (axis === shape.length) {
    if (typeof value !== 'number' && typeof value !== 'boolean') throw refuse(where, 'a number', kindOf(value));
    into.push(Number(value));
    return;
  }
  const length = Array.isArray(value) ? value.length : -1;
  if (length !== shape[axis]) {
    const received = length < 0 ? kindOf(value) : `one of ${length}`;
    throw refuse(where, `a list of ${shape[axis]} at depth ${axis + 1}`, received);
  }
  for (const item of value as readonly unknown[]) collect(item, shape, axis + 1, into, where);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

function refuse(where: string, expected: string, received: string): EdgefoldError {
  return new EdgefoldError('INPUT', 'the values form no tensor', { where, expected, received });
}
