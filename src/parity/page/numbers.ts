/** Three digits, in whatever form is shorter. */
export function number(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return size < 1e-3 || size >= 1e6 ? value.toExponential(2) : String(Number(value.toPrecision(3)));
}

export const percent = (share: number): string => `${number(100 * share)} %`;
