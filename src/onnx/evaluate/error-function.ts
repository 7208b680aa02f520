/**
 * The error function and its complement, to a few units in the last place of float64.
 *
 *   |x| < 2.5: erf x = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1 · 3 · … · (2n+1))     (all terms of one sign)
 *   else: erfc x = e^(−x²)/√π · 1/(x + ½/(x + 1/(x + 1½/(x + …))))
 *
 * Source: Abramowitz and Stegun, 7.1.6 and 7.1.14.
 */
const SERIES_UP_TO = 2.5;
const FRACTION_TERMS = 120;

export function erf(x: number): number {
  if (x !== x) return x;
  if (Math.abs(x) < SERIES_UP_TO) return series(x);
  return x > 0 ? 1 - fraction(x) : fraction(-x) - 1;
}

export function erfc(x: number): number {
  if (x !== x) return x;
  if (Math.abs(x) >= SERIES_UP_TO) return x > 0 ? fraction(x) : 2 - fraction(-x);
  return x > 0.5 ? fraction(x) : 1 - series(x);
}

function series(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function fraction(x: number): number {
  if (x > 27.5) return 0;
  let tail = x;
  for (let n = x < SERIES_UP_TO ? 20 * FRACTION_TERMS : FRACTION_TERMS; n >= 1; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
}
