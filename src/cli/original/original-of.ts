import { EdgefoldError } from '../../errors.ts';
import type { ChangedInput } from '../../export/model-inputs.ts';
import { parseJson } from '../../export/read/json.ts';
import type {
  JsonObject,
  JsonValue,
  SourceFile,
  SourceFiles,
  SourceLayer,
  SourceModel,
} from '../../export/source-model.ts';
import type { Graph } from '../../onnx/graph.ts';
import { loadTfjs, type Assignment, type OriginalModel, type TfjsModel } from '../../parity/original/tfjs.ts';
import { transposed, type Tensor } from '../../tensor.ts';
import { channelsLastAxes } from '../../export/layout.ts';
import { inWordsOfTfjs, isModel, kerasTopology, knownDifference } from './keras-topology.ts';

/**
 * The model of a file in TF.js: a TF.js file as it is, the layers of any other as they were read, each with the
 * weights that were read for it.
 *
 * @param graph the export of the file, whose inputs and outputs give the names.
 * @throws {EdgefoldError} UNSUPPORTED where TF.js would compute something else, RUNTIME where it cannot load the model.
 */
export async function originalOf(
  source: SourceFile,
  files: SourceFiles,
  graph: Graph,
  changed: readonly ChangedInput[],
): Promise<OriginalModel> {
  const asTfjs = await tfjsModelOf(source, files, graph);
  const model = await loadTfjs(asTfjs);
  const label = asTfjs.assign ? `${model.label}, given the layers and weights that were read` : model.label;
  const run: OriginalModel['run'] = (inputs) => model.run(inSourceForm(inputs, changed));
  return { label, run, dispose: () => { model.dispose(); } };
} // prettier-ignore

/** A TF.js file as it is, any other as layers with weights. @throws {EdgefoldError} UNSUPPORTED. */
export async function tfjsModelOf(source: SourceFile, files: SourceFiles, graph: Graph): Promise<TfjsModel> {
  const isOwn = source.format === 'tfjs-graph' || (source.format === 'tfjs-layers' && source.kerasMajor === 2);
  return isOwn ? ownFile(source, files, graph) : asLayers(source, graph);
}

function endpoints({ model, format }: SourceFile, graph: Graph): Pick<TfjsModel, 'inputs' | 'outputs'> {
  const isGraph = format === 'tfjs-graph';
  return {
    inputs: graph.inputs.map(({ name }, i) => ({ name, tensor: model.inputs[i]?.layer ?? name })),
    outputs: graph.outputs.map(({ name }, i) => {
      const { layer, tensor } = model.outputs[i] ?? { layer: name, tensor: 0 };
      return { name, tensor: isGraph ? `${layer}:${tensor}` : layer };
    }),
  };
}

/** `model.json` and its shards, read again and by nobody but TF.js. */
async function ownFile(source: SourceFile, files: SourceFiles, graph: Graph): Promise<TfjsModel> {
  const json = parseJson(files.bytes, files.name) as JsonObject;
  const groups = (json.weightsManifest ?? []) as readonly { paths: readonly string[]; weights: readonly JsonValue[] }[];
  const shards: Uint8Array[] = [];
  for (const path of groups.flatMap(({ paths }) => paths)) shards.push(await files.sibling(path));
  const isGraph = source.format === 'tfjs-graph';
  return {
    kind: isGraph ? 'graph' : 'layers',
    topology: (isGraph ? json.modelTopology : inWordsOfTfjs(json.modelTopology ?? null)) as object,
    weightSpecs: groups.flatMap(({ weights }) => weights) as unknown as TfjsModel['weightSpecs'],
    weightData: new Uint8Array(Buffer.concat(shards)).buffer,
    ...endpoints(source, graph),
  };
}

function asLayers(source: SourceFile, graph: Graph): TfjsModel {
  const difference = knownDifference(source);
  if (difference !== undefined) throw new EdgefoldError('UNSUPPORTED', `TF.js does not compute what Keras does; ${difference}`); // prettier-ignore
  return {
    kind: 'layers',
    topology: kerasTopology(source),
    weightSpecs: [],
    weightData: new ArrayBuffer(0),
    assign: assignments(source.model),
    ...endpoints(source, graph),
  };
}

/** The weights of every layer that has some, by the way to it. */
function assignments(model: SourceModel, path: Assignment['path'] = []): Assignment[] {
  return model.layers.flatMap((layer) => [
    ...(layer.weights.length > 0 ? [{ path: [...path, layer.name], weights: weightsOf(layer) }] : []),
    ...(layer.model ? assignments(inner(layer), [...path, layer.name]) : []),
  ]);
}

/** The layers in a wrapper are told apart by their place. */
function inner(layer: SourceLayer): SourceModel {
  const model = layer.model!;
  return isModel(layer) ? model : { ...model, layers: model.layers.map((each, i) => ({ ...each, name: String(i) })) };
}

function weightsOf({ weights }: SourceLayer): Assignment['weights'] {
  return weights.map((weight) => ({ name: weight.name, tensor: () => weight.tensor() }));
}

/** Inputs that the export takes in another form, in that of the source. */
function inSourceForm(inputs: Readonly<Record<string, Tensor>>, changed: readonly ChangedInput[]): Record<string, Tensor> {
  const forms = new Map(changed.map((change) => [change.name, change]));
  return Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => {
    const change = forms.get(name);
    const { shape, data } = change?.dtype ? { shape: tensor.shape, data: Float32Array.from(tensor.data as Uint8Array) } : tensor;
    const floats = { dtype: 'float32', shape, data: data as Float32Array } as const;
    if (change?.layout) return [name, transposed(floats, channelsLastAxes(4))];
    return [name, change?.dtype ? floats : tensor];
  }));
} // prettier-ignore
