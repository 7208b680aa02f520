import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { Graph, type Value } from '../../../src/onnx/graph.ts';
import { newModelInfo } from '../../../src/onnx/model-info.ts';
import { writeOnnx } from '../../../src/onnx/write.ts';
import { sizeOf } from '../../../src/tensor.ts';
import { copyInto } from './copying.ts';
import { Random } from './tape.ts';

process.env.ORT_DISABLE_TELEMETRY = '1';
const ort = await import('onnxruntime-node');

export type Level = NonNullable<InferenceSession.SessionOptions['graphOptimizationLevel']>;

/** One of the graphs that run together, and what is wanted of it. */
export interface Guest {
  readonly graph: Graph;
  readonly sizes: Readonly<Record<string, number>>;
  /** Names of float values of the main graph. */
  readonly wanted: readonly string[];
  /** Names of initializers to be overridden. */
  readonly overridden: readonly string[];
  readonly exact: boolean;
}

export interface Elements {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/**
 * Runs many small graphs of one opset as a single model in onnxruntime: a session costs more than a graph.
 * @returns for each graph what its wanted values held.
 */
export async function runTogether(guests: readonly Guest[], level: Level): Promise<Map<string, Elements>[]> {
  const host = new Host(guests[0]!.graph);
  for (const [index, guest] of guests.entries()) host.take(guest, `${index}/`);
  const session = await ort.InferenceSession.create(writeOnnx(host.graph), {
    graphOptimizationLevel: level,
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  try {
    const results = await session.run(host.feeds);
    return guests.map(
      ({ wanted }, index) => new Map(wanted.map((name) => [name, plain(results[`${index}/${name}`]!)])),
    );
  } finally {
    await session.release();
  }
}

function plain({ dims, data }: OrtTensor): Elements {
  return { dims, data: data as Float32Array };
}

/** A graph in which others live side by side, each with a prefix of its own before all names. */
class Host {
  readonly graph: Graph;
  readonly feeds: Record<string, OrtTensor> = {};

  constructor({ opset }: Graph) {
    this.graph = new Graph('host', newModelInfo(Math.max(opset, 13)));
    this.graph.model.opsets.set('', opset);
  }

  take(guest: Guest, prefix: string): void {
    const copies = new Map<Value, Value>();
    copyInto(this.graph, guest.graph, { copies, rename: (name) => `${prefix}${name}` });
    for (const input of guest.graph.inputs) {
      const feed = feedOf(input, guest);
      if (feed) this.feeds[`${prefix}${input.name}`] = feed;
    }
    const wanted = new Set(guest.wanted);
    for (const [value, copy] of copies) {
      if (!wanted.has(value.name) || !value.producer || !guest.graph.nodes.includes(value.producer)) continue;
      copy.dtype = 'float32';
      this.graph.outputs.push(copy);
    }
  }
}

/** Integers or real numbers for an input, the elements with their signs flipped for what is to be overridden. */
function feedOf({ name, shape, constant }: Value, { sizes, overridden, exact }: Guest): OrtTensor | undefined {
  const dims = (shape ?? []).map((dim) => (typeof dim === 'number' ? dim : sizes[dim]!));
  if (constant) {
    if (!overridden.includes(name)) return undefined;
    return new ort.Tensor('float32', (constant.tensor().data as Float32Array).map((w) => -w), dims); // prettier-ignore
  }
  const random = new Random(name.length + sizeOf(dims));
  const next = exact ? () => Math.floor(random.real() * 5) - 2 : () => 2 * random.real() - 1;
  return new ort.Tensor('float32', Float32Array.from({ length: sizeOf(dims) }, next), dims);
}
