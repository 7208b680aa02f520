import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { Attribute } from '../../../src/onnx/attribute.ts';
import { Graph, Node, Value } from '../../../src/onnx/graph.ts';
import { newModelInfo } from '../../../src/onnx/model-info.ts';
import { writeOnnx } from '../../../src/onnx/write.ts';
import { sizeOf, type Dim } from '../../../src/tensor.ts';
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
    copyInto(this.graph, guest.graph, { copies, prefix });
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

interface Copying {
  readonly copies: Map<Value, Value>;
  readonly prefix: string;
}

function copyInto(into: Graph, from: Graph, copying: Copying): void {
  const copyOf = (value: Value) => copied(value, copying);
  into.inputs.push(...from.inputs.map(copyOf));
  into.initializers.push(...from.initializers.map(copyOf));
  for (const { opType, domain, name, inputs, outputs, attributes } of from.nodes) {
    const node = new Node(opType, {
      domain,
      name: `${copying.prefix}${name}`,
      inputs: inputs.map((value) => value && copyOf(value)),
      outputs: outputs.map((value) => value && copyOf(value)),
    });
    attributes.forEach((attribute, key) => node.attributes.set(key, copiedAttribute(attribute, into, copying)));
    into.nodes.push(node);
  }
  if (into.parent) into.outputs.push(...from.outputs.map(copyOf));
}

function copied(value: Value, { copies, prefix }: Copying): Value {
  const known = copies.get(value);
  if (known) return known;
  const shape = value.shape?.map((dim): Dim => (typeof dim === 'string' ? `${prefix}${dim}` : dim));
  const copy = new Value(`${prefix}${value.name}`, { dtype: value.dtype, shape });
  copy.constant = value.constant;
  copies.set(value, copy);
  return copy;
}

function copiedAttribute(attribute: Attribute, parent: Graph, copying: Copying): Attribute {
  if (attribute.kind !== 'graph') return attribute;
  const body = new Graph(`${copying.prefix}${attribute.value.name}`, parent.model, parent);
  copyInto(body, attribute.value, copying);
  return { kind: 'graph', value: body };
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
