import { fraction } from '../../../fold/exact-oracle.ts';

/** float32 arithmetic as a machine does it: one rounding an operation, or one for a product and a sum (FMA). */
const f = Math.fround;

export const ORDERS = ['forward', 'backward', 'pairwise', 'fused', 'by four'] as const;
export type Order = (typeof ORDERS)[number];

/** Σ w·x in float32, in one of the orders that runtimes sum in. */
export function dot(w: readonly number[], x: readonly number[], order: Order): number {
  const products = w.map((weight, i) => f(weight * x[i]!));
  switch (order) {
    case 'forward':
      return products.reduce((sum, product) => f(sum + product), 0);
    case 'backward':
      return products.reduceRight((sum, product) => f(sum + product), 0);
    case 'pairwise':
      return pairwise(products);
    case 'fused':
      // The product is exact in float64, so only its sum rounds; twice, which is within what one may be off by.
      return w.reduce((sum, weight, i) => f(sum + weight * x[i]!), 0);
    case 'by four': {
      const lanes = [0, 1, 2, 3].map((lane) => dot(every(w, lane), every(x, lane), 'forward'));
      return lanes.reduce((sum, lane) => f(sum + lane), 0);
    }
  }
}

const every = (values: readonly number[], lane: number) => values.filter((_, i) => i % 4 === lane);

function pairwise(values: readonly number[]): number {
  if (values.length < 2) return values[0] ?? 0;
  const middle = values.length >> 1;
  return f(pairwise(values.slice(0, middle)) + pairwise(values.slice(middle)));
}

/** |computed − Σ w·x − b| exactly, rounded to the nearest number only at the end. */
export function exactError(computed: number, w: readonly number[], x: readonly number[], b = 0): number {
  const scale = 400n;
  const sum = w.reduce((total, weight, i) => total + ((fraction(weight) * fraction(x[i]!)) >> scale), fraction(b));
  const difference = fraction(computed) - sum;
  return Number((difference < 0n ? -difference : difference) >> 200n) * 2 ** -200;
}
