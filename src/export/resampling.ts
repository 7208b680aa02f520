/** Weights `[size, given]` by which each new point takes from the points of an axis. */
export type Resampling = (given: number, size: number) => Float32Array;

/**
 * The interpolations of TensorFlow as matrices. With i points becoming o, and p at s = (p + ½)·i/o:
 *
 *   area                    the mean of what lies from p·i/o to (p + 1)·i/o
 *   bicubic                 Keys' kernel, A = −½, over four points, its place rounded to 1/1024
 *   the rest, antialiased   K((q + ½ − s) / z) over the points q within K's radius, z = max(i/o, 1), else 1
 *
 * Weights of one point are divided by their sum; points outside the image have none.
 *
 * Source: tensorflow/core/kernels/image: resize_area_op.cc, resize_bicubic_op.cc, scale_and_translate_op.cc,
 *         sampling_kernels.h
 * @returns `undefined` for a name that is none of them.
 */
export function resampling(name: string, antialias: boolean): Resampling | undefined {
  if (name === 'area') return area;
  if (name === 'bicubic' && !antialias) return bicubic;
  const kernel = KERNELS.get(name);
  return kernel && ((given, size) => filtered(kernel, antialias, given, size));
}

interface Kernel {
  readonly radius: number;
  /** Of a distance of at least 0. */
  readonly at: (x: number) => number;
}

const f = Math.fround;

function lanczos(radius: number): Kernel {
  const at = (x: number) =>
    x > radius ? 0 : x <= 1e-3 ? 1 : (radius * Math.sin(Math.PI * x) * Math.sin((Math.PI * x) / radius)) / (Math.PI * x) ** 2; // prettier-ignore
  return { radius, at };
}

/** x ↦ the cubic of Keys, A = −½. */
function keys(x: number): number {
  if (x >= 2) return 0;
  return x >= 1 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : (1.5 * x - 2.5) * x * x + 1;
}

function mitchell(x: number): number {
  if (x >= 2) return 0;
  return x >= 1 ? (((-7 / 18) * x + 2) * x - 10 / 3) * x + 16 / 9 : ((7 / 6) * x - 2) * x * x + 8 / 9;
}

const KERNELS: ReadonlyMap<string, Kernel> = new Map([
  ['bilinear', { radius: 1, at: (x: number) => Math.max(0, 1 - x) }],
  ['bicubic', { radius: 2, at: keys }],
  ['lanczos3', lanczos(3)],
  ['lanczos5', lanczos(5)],
  ['gaussian', { radius: 1.5, at: (x: number) => (x >= 1.5 ? 0 : Math.exp(-2 * x * x)) }],
  ['mitchellcubic', { radius: 2, at: mitchell }],
]);

/** The matrix whose row p holds the weights that `put` gives, divided by their sum. */
function matrix(given: number, size: number, row: (p: number, put: (q: number, weight: number) => void) => void) {
  const data = new Float32Array(given * size);
  for (let p = 0; p < size; p++) {
    const own = new Map<number, number>();
    row(p, (q, weight) => {
      if (q >= 0 && q < given) own.set(q, (own.get(q) ?? 0) + weight);
    });
    const total = [...own.values()].reduce((a, b) => a + b, 0);
    for (const [q, weight] of own) data[p * given + q] = weight / total;
  }
  return data;
}

function filtered({ radius, at }: Kernel, antialias: boolean, given: number, size: number): Float32Array {
  const step = f(given / size);
  const width = antialias ? Math.max(step, 1) : 1;
  return matrix(given, size, (p, put) => {
    const place = f((p + 0.5) * step);
    const first = Math.max(0, Math.ceil(place - radius * width - 0.5));
    const last = Math.min(given - 1, Math.floor(place + radius * width - 0.5));
    for (let q = first; q <= last; q++) put(q, at(Math.abs(q + 0.5 - place) / width));
  });
}

function bicubic(given: number, size: number): Float32Array {
  const step = f(given / size);
  return matrix(given, size, (p, put) => {
    const place = f(f((p + 0.5) * step) - 0.5);
    const first = Math.floor(place);
    const part = Math.round(f(place - first) * 1024) / 1024;
    for (let i = -1; i <= 2; i++) put(first + i, keys(Math.abs(part - i)));
  });
}

function area(given: number, size: number): Float32Array {
  const step = f(given / size);
  return matrix(given, size, (p, put) => {
    const [from, to] = [f(p * step), f((p + 1) * step)];
    for (let q = Math.floor(from); q < Math.ceil(to); q++) put(q, Math.min(to, q + 1) - Math.max(from, q));
  });
}
