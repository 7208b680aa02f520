import { isList, type Layer } from './layer.ts';

/**
 * The amounts at the begin and end of each spatial axis, as `padding` and `cropping` give them: one number, one per
 * axis, or a pair per axis. With one axis, a list of two is its pair.
 */
export function pairs(layer: Layer, key: string, rank: number, otherwise: number): (readonly [number, number])[] {
  const value = layer.value(key) ?? otherwise;
  if (rank === 1 && isList(value) && value.length === 2) {
    const [begin, end] = layer.sizes(key, 2, undefined, 0);
    return [[begin!, end!]];
  }
  if (isList(value) && value.every(isList)) {
    const valid = value.length === rank && value.every((pair) => pair.length === 2 && pair.every(isAmount));
    if (!valid) layer.malformed(key, `${rank} pairs of amounts`);
    return value.map(([begin, end]) => [Number(begin), Number(end)]);
  }
  return layer.sizes(key, rank, otherwise, 0).map((amount) => [amount, amount]);
}

function isAmount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31;
}
