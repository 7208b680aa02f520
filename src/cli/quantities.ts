import type { Dim } from '../tensor.ts';
import type { SpecJson } from './json.ts';
import { columns } from './table.ts';
import { safe } from './terminal.ts';

/** `2.1 MB`; decimal units, as file managers show them. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  // 999,950 and more are 1.0 of the next unit once rounded.
  const exponent = Math.min(UNITS.length, Math.floor(Math.log10(bytes * 1.0005) / 3));
  const value = bytes / 1000 ** exponent;
  return `${value.toFixed(value < 10 ? 1 : 0)} ${UNITS[exponent - 1]!}`;
}

const UNITS = ['kB', 'MB', 'GB', 'TB'];

/** `538,608` */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `3 nodes`, `1 node` */
export function plural(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `[batch, 28, 28]`; a dimension without a name is `?`. */
export function shapeText(shape: readonly Dim[] | null | undefined): string {
  return shape ? `[${shape.map((dim) => (dim === '' ? '?' : safe(String(dim)))).join(', ')}]` : '?';
}

/** One line for each, names and types in columns: `image  float32 [batch, 28, 28]`. */
export function specLines(specs: readonly SpecJson[]): string[] {
  if (specs.length === 0) return [];
  return columns(specs.map(({ name, dtype, shape }) => [safe(name), `${dtype ?? '?'} ${shapeText(shape)}`])).split(
    '\n',
  );
}

/** Inputs and outputs as rows of facts, their types below one another. */
export function interfaceRows(inputs: readonly SpecJson[], outputs: readonly SpecJson[]): string[][] {
  return specLines([...inputs, ...outputs]).map((line, index) => [index < inputs.length ? 'input' : 'output', line]);
}

/** Six significant digits, or as many as said, as a person reads them. */
export function numberText(value: number, digits = 6): string {
  if (Number.isInteger(value))
    return Math.abs(value) < 1e15 ? String(value) : Number(value.toPrecision(digits)).toExponential();
  const size = Math.abs(value);
  return size >= 1e-4 && size < 1e6
    ? String(Number(value.toPrecision(digits)))
    : Number(value.toPrecision(Math.min(4, digits))).toExponential();
}
