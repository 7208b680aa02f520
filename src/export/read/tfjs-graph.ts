import { EdgefoldError } from '../../errors.ts';
import type {
  JsonObject,
  JsonValue,
  SourceFile,
  SourceFiles,
  SourceLayer,
  SourceModel,
  TensorRef,
} from '../source-model.ts';
import { isObject, listMember, objectMember, stringMember } from './json.ts';
import type { StoredWeight } from './spec.ts';
import { readManifest } from './tfjs-weights.ts';

/** Far more than any network has; the largest real ones have some ten thousand. */
const MAX_NODES = 200_000;
const MAX_INPUTS = 10_000;

/**
 * Reads a TF.js graph model: `modelTopology` is TensorFlow's GraphDef as JSON, frozen, whose Const nodes have their
 * values in the `weightsManifest`, by the name of the node. A node becomes a layer of the class of its operator; its
 * attributes stay as they are written.
 *
 * The JSON is read here and not by `@tensorflow/tfjs-converter`, whose public API runs graphs but does not show them:
 * its parser is private, checks no sizes, follows names into the prototypes of objects, and brings 2 MB of TensorFlow
 * along. That package is what the tests hold this against, and what `verify` runs the original with.
 *
 * Names of inputs and outputs are those of the `signature`, which old files have in `userDefinedMetadata`; without
 * one, every Placeholder is an input and every node that nobody reads an output.
 *
 * Source: tfjs-converter/src/operations/operation_mapper.ts; tensorflow/core/framework/graph.proto
 */
export async function readTfjsGraph(json: JsonObject, files: SourceFiles): Promise<SourceFile> {
  const topology = objectMember(json, 'modelTopology') ?? {};
  const nodes = (listMember(topology, 'node') ?? []).map((node) => readNode(node, files.name));
  if (nodes.length > MAX_NODES) {
    throw new EdgefoldError('LIMIT', `it has more than ${MAX_NODES} nodes`, { where: files.name });
  }
  const stored = await readManifest(listMember(json, 'weightsManifest') ?? [], files);
  const layers = withWeights(nodes, stored);
  const warnings = new Set<string>();
  return {
    format: 'tfjs-graph',
    kerasVersion: stringMember(json, 'convertedBy') ?? stringMember(json, 'generatedBy') ?? '',
    kerasMajor: 2,
    model: { name: 'model', layers, ...endpoints(layers, signatureOf(json), warnings) },
    warnings: [...warnings],
  };
}

/** Whether a `model.json` holds a graph; files from before TF.js 1.0 do not state their format. */
export function isTfjsGraph(json: JsonObject): boolean {
  const topology = objectMember(json, 'modelTopology');
  const format = stringMember(json, 'format');
  return topology !== undefined && (format === 'graph-model' || listMember(topology, 'node') !== undefined);
}

function readNode(node: JsonValue, where: string): Omit<SourceLayer, 'weights'> {
  const name = isObject(node) ? stringMember(node, 'name') : undefined;
  const op = isObject(node) ? stringMember(node, 'op') : undefined;
  if (!isObject(node) || name === undefined || op === undefined) {
    throw new EdgefoldError('CORRUPT', 'a node of the graph has no name or no operator', {
      where,
      received: JSON.stringify(node).slice(0, 80),
    });
  }
  const inputs = listMember(node, 'input') ?? [];
  if (inputs.length > MAX_INPUTS) throw new EdgefoldError('LIMIT', 'it reads too many tensors', { where: name });
  return {
    name,
    className: op,
    sourceClassName: op,
    module: undefined,
    config: objectMember(node, 'attr') ?? {},
    calls: [{ args: inputs.flatMap((input) => readInput(input, name)), kwargs: {} }],
    trainable: false,
    model: undefined,
  };
}

/** `node`, `node:1`, or `^node`, which only orders the two in time. */
function readInput(input: JsonValue, where: string): { readonly ref: TensorRef }[] {
  if (typeof input !== 'string') throw new EdgefoldError('CORRUPT', 'it names an input by something else than text', { where }); // prettier-ignore
  return input.startsWith('^') ? [] : [{ ref: tensorRef(input) }];
}

function tensorRef(name: string): TensorRef {
  const [, layer, index] = /^(.*?)(?::(\d{1,9}))?$/s.exec(name) ?? [];
  return { layer: layer ?? name, call: 0, tensor: Number(index ?? 0) };
}

/** A Const without a weight is found out when something reads it. */
function withWeights(nodes: readonly Omit<SourceLayer, 'weights'>[], stored: readonly StoredWeight[]): SourceLayer[] {
  const byName = new Map(stored.map((weight) => [weight.name, weight]));
  return nodes.map((node) => {
    const weight = node.className === 'Const' ? byName.get(node.name) : undefined;
    return { ...node, weights: weight ? [{ ...weight, name: 'value', trainable: false }] : [] };
  });
}

interface Endpoint {
  readonly name: string;
  readonly ref: TensorRef;
}

interface Signature {
  readonly inputs: readonly Endpoint[];
  readonly outputs: readonly Endpoint[];
}

function signatureOf(json: JsonObject): Signature {
  const metadata = objectMember(json, 'userDefinedMetadata') ?? {};
  const signature = objectMember(json, 'signature') ?? objectMember(metadata, 'signature') ?? {};
  return { inputs: entries(signature, 'inputs'), outputs: entries(signature, 'outputs') };
}

function entries(signature: JsonObject, side: 'inputs' | 'outputs'): Endpoint[] {
  return Object.entries(objectMember(signature, side) ?? {}).flatMap(([key, info]) => {
    const tensor = isObject(info) ? stringMember(info, 'name') : undefined;
    return tensor === undefined ? [] : [{ name: key.replace(/:0$/, ''), ref: tensorRef(tensor) }];
  });
}

/** What the signature names and the graph has; TF.js passes over inputs that optimising the graph has taken out. */
function endpoints(
  layers: readonly SourceLayer[],
  signature: Signature,
  warnings: Set<string>,
): Pick<SourceModel, 'inputs' | 'outputs' | 'names'> {
  const known = new Set(layers.map(({ name }) => name));
  const lost = signature.inputs.filter(({ ref }) => !known.has(ref.layer));
  for (const { name } of lost) warnings.add(`The signature has an input ${name} that the graph does not read.`);
  const stated = signature.inputs.filter(({ ref }) => known.has(ref.layer));
  const inputs = stated.length > 0 ? stated : placeholders(layers);
  const outputs = signature.outputs.length > 0 ? signature.outputs : unread(layers);
  return {
    inputs: inputs.map(({ ref }) => ref),
    outputs: outputs.map(({ ref }) => ref),
    names: { inputs: inputs.map(({ name }) => name), outputs: outputs.map(({ name }) => name) },
  };
}

function placeholders(layers: readonly SourceLayer[]): Endpoint[] {
  return layers.filter(({ className }) => className === 'Placeholder').map(asEndpoint);
}

function unread(layers: readonly SourceLayer[]): Endpoint[] {
  const read = new Set(layers.flatMap(({ calls }) => calls.flatMap(({ args }) => args.map((arg) => 'ref' in arg ? arg.ref.layer : '')))); // prettier-ignore
  return layers.filter(({ name, className }) => !read.has(name) && !SILENT.has(className)).map(asEndpoint);
}

/** Operators that nobody reads and that give nothing. */
const SILENT: ReadonlySet<string> = new Set(['NoOp', 'Const', 'Assert', 'Print', 'Placeholder']);

function asEndpoint({ name }: SourceLayer): Endpoint {
  return { name, ref: { layer: name, call: 0, tensor: 0 } };
}
