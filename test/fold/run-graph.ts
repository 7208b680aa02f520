import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { float16ToNumber, numberToFloat16 } from '../../src/half.ts';
import type { Graph, Value } from '../../src/onnx/graph.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { sizeOf } from '../../src/tensor.ts';

process.env.ORT_DISABLE_TELEMETRY = '1';
const ort = await import('onnxruntime-node');

export const LEVELS = ['disabled', 'basic', 'extended', 'all'] as const;

/** Integers from −4 to 4, or real numbers between −1 and 1. */
export type Seeding = 'integers' | 'reals';

export interface RunOptions {
  readonly sizes?: Readonly<Record<string, number>>;
  readonly seeding?: Seeding;
}

export type Outputs = ReadonlyMap<string, { readonly dims: readonly number[]; readonly data: readonly number[] }>;

/** Runs a graph on seeded inputs: the same ones for the same names and shapes. */
export async function runGraph(graph: Graph, level: (typeof LEVELS)[number], options: RunOptions): Promise<Outputs> {
  const session = await ort.InferenceSession.create(writeOnnx(graph), {
    graphOptimizationLevel: level,
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  } satisfies InferenceSession.SessionOptions);
  try {
    const free = graph.inputs.filter((input) => !input.constant);
    const results = await session.run(Object.fromEntries(free.map((input) => [input.name, seeded(input, options)])));
    return new Map(Object.entries(results).map(([name, tensor]) => [name, plain(tensor)]));
  } finally {
    await session.release();
  }
}

function plain({ type, dims, data }: OrtTensor) {
  const toNumber = type === 'float16' ? float16ToNumber : Number;
  return { dims, data: Array.from(data as ArrayLike<number>, toNumber) };
}

function seeded({ name, dtype, shape }: Value, { sizes = {}, seeding = 'integers' }: RunOptions): OrtTensor {
  const dims = (shape ?? []).map((dim) => (typeof dim === 'number' ? dim : (sizes[dim] ?? 3)));
  let state = Buffer.from(name).reduce((sum, byte) => sum + byte, 1);
  const values = Array.from({ length: sizeOf(dims) }, () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    const real = state / 2 ** 31;
    return seeding === 'reals' ? 2 * real - 1 : Math.floor(real * 9) - 4;
  });
  if (dtype === 'float16') return new ort.Tensor('float16', Uint16Array.from(values, numberToFloat16), dims);
  if (dtype === 'float64') return new ort.Tensor('float64', Float64Array.from(values), dims);
  return new ort.Tensor('float32', Float32Array.from(values), dims);
}
