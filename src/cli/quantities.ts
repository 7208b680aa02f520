import type { TensorSpec } from '../runtime/model.ts';
import type { Dim } from '../tensor.ts';
import { safe } from './terminal.ts';

/** `2.1 MB`; decimal units, as file managers show them. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const exponent = Math.min(UNITS.length, Math.floor(Math.log10(bytes) / 3));
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

export function specText({ name, dtype, shape }: TensorSpec): readonly [string, string] {
  return [safe(name), `${dtype} ${shapeText(shape)}`];
}

/** Six significant digits, as a person reads them. */
export function numberText(value: number): string {
  if (Number.isInteger(value)) return Math.abs(value) < 1e15 ? String(value) : value.toExponential(5);
  const size = Math.abs(value);
  return size >= 1e-4 && size < 1e6 ? String(Number(value.toPrecision(6))) : value.toExponential(3);
}
