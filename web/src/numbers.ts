/** `1.12 MB` */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const [unit, size] = count < 1e6 ? ['kB', 1e3] : ['MB', 1e6];
  return `${Number((count / size).toPrecision(3))} ${unit}`;
}

/** `35 µs`, `1.2 ms`, `2.4 s` */
export function duration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  return ms < 1000 ? `${Number(ms.toPrecision(3))} ms` : `${Number((ms / 1000).toPrecision(3))} s`;
}

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** A difference: `0`, `3.1e-8` */
export const small = (value: number): string => (value === 0 ? '0' : value.toExponential(1));
