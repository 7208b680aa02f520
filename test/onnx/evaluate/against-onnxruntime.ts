import { evaluate } from '../../../src/onnx/evaluate/evaluate.ts';
import type { Attribute } from '../../../src/onnx/attribute.ts';
import { Graph, Node, Value } from '../../../src/onnx/graph.ts';
import { newModelInfo } from '../../../src/onnx/model-info.ts';
import { writeOnnx } from '../../../src/onnx/write.ts';
import { load } from '../../../src/runtime/node.ts';
import type { Dim, Tensor } from '../../../src/tensor.ts';
import { decode, encode } from '../support.ts';

export interface Case {
  readonly opType: string;
  /** Left-out inputs are `undefined`. */
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly opset?: number;
  readonly domain?: string;
  /** Of another domain. */
  readonly version?: number;
  /** How many outputs the node has. */
  readonly outputs?: number;
}

interface Evaluated {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<unknown>;
}

export interface Outcome {
  readonly actual: Evaluated;
  /** Of the same node once more on the same inputs. */
  readonly again: Evaluated;
  readonly expected: Tensor;
}

/** What is said of an input of a graph beside its dtype; `constant` makes an initializer of it. */
export type Known = readonly Dim[] | 'constant' | undefined;

/** A graph of one node, and what its inputs are. */
export function graphOf(
  { opType, inputs, attributes, domain = '', outputs = 1, version = domain === 'ai.onnx.ml' ? 2 : 1 }: Case,
  known: (tensor: Tensor, index: number) => Known = ({ shape }) => shape,
): { graph: Graph; feeds: Record<string, Tensor> } {
  const graph = new Graph('case', newModelInfo(17));
  if (domain !== '') graph.model.opsets.set(domain, version);
  const values = inputs.map((tensor, i) => {
    if (!tensor) return undefined;
    const [name, shape] = [`x${String(i)}`, known(tensor, i)];
    if (shape === 'constant') return graph.constant(name, tensor);
    return graph.input(name, { dtype: tensor.dtype, ...(shape && { shape }) });
  });
  const made = Array.from({ length: outputs }, (_, i) => new Value(`y${String(i)}`));
  graph.nodes.push(new Node(opType, { name: 'case', inputs: values, attributes, domain, outputs: made }));
  graph.outputs.push(...made);
  return {
    graph,
    feeds: Object.fromEntries(inputs.flatMap((tensor, i) => (tensor ? [[`x${String(i)}`, tensor]] : []))),
  };
}

/** Evaluates the node, and has onnxruntime run it; `undefined` if onnxruntime refuses it, which it may. */
export async function outcomesOf(given: Case): Promise<Outcome[] | undefined> {
  const { opset = 17 } = given;
  const { graph, feeds } = graphOf(given);
  const written = writeOnnx(graph);
  graph.model.opsets.set('', opset);
  const model = await load(ofOpset(written, opset), { optimization: 'disabled' }).catch(() => undefined);
  if (!model) return undefined;
  await using running = model;
  const results = await running.run(feeds).catch(() => undefined);
  if (!results) return undefined;
  const outputs = [...graph.outputs];
  const twins = twinsOf(graph);
  const evaluated = await evaluate(graph, feeds);
  return outputs.map((value, i) => ({ actual: evaluated.get(value)!, again: evaluated.get(twins[i]!)!, expected: results[value.name]! })); // prettier-ignore
}

/** Adds the node a second time, so that one shows that writes into its inputs. @returns its outputs. */
function twinsOf(graph: Graph): readonly Value[] {
  const { opType, inputs, attributes, domain, outputs } = graph.nodes[0]!;
  const twins = outputs.map((_, i) => new Value(`z${String(i)}`));
  graph.nodes.push(new Node(opType, { name: 'twin', inputs, attributes: Object.fromEntries(attributes), domain, outputs: twins })); // prettier-ignore
  graph.outputs.push(...twins);
  return twins;
}

/** The file with another opset, since old ones are read but not written. */
function ofOpset(model: Uint8Array, opset: number): Uint8Array {
  const { opset_import: imports, ...fields } = decode('ModelProto', model) as { opset_import: { domain?: string }[] };
  return encode('ModelProto', {
    ...fields,
    opset_import: imports.map(({ domain = '', ...rest }) => ({ ...rest, domain, ...(domain === '' && { version: opset }) })), // prettier-ignore
  });
}
