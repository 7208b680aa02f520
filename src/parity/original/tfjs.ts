import type * as TfjsCore from '@tensorflow/tfjs-core';
import type { NamedTensorMap, Tensor as TfTensor, io } from '@tensorflow/tfjs-core';
import { EdgefoldError } from '../../errors.ts';
import type { Tensor } from '../../tensor.ts';

/** A model as TF.js takes it, with the names by which others know its inputs and outputs, in the model's order. */
export interface TfjsModel {
  readonly kind: 'layers' | 'graph';
  readonly topology: object;
  readonly weightSpecs: readonly io.WeightsManifestEntry[];
  readonly weightData: ArrayBuffer;
  readonly signature?: object | undefined;
  /** For layers without weight data: what each has. */
  readonly assign?: readonly Assignment[];
  readonly inputs: readonly Endpoint[];
  readonly outputs: readonly Endpoint[];
}

/** Weights of a layer that stands in no weight file; the way to it goes through models and wrappers. */
export interface Assignment {
  readonly path: readonly string[];
  readonly weights: readonly { readonly name: string; readonly tensor: () => Tensor<'float32'> }[];
}

export interface Endpoint {
  readonly name: string;
  /** The tensor of a graph: `input_1`, `Identity:0`. */
  readonly tensor: string;
}

/** A model in the framework that made it. */
export interface OriginalModel {
  /** Framework, version and backend. */
  readonly label: string;
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  dispose(): void;
}

/**
 * Loads a model in TF.js, on its CPU backend. The packages are optional and loaded here only.
 *
 * @throws {EdgefoldError} RUNTIME if they are not installed, or TF.js does not load the model: it lacks layers and
 * operators, and says which.
 */
export async function loadTfjs(model: TfjsModel): Promise<OriginalModel> {
  const { tf, version, loaded } = await openTfjs(model);
  const { inputs } = model;
  return {
    label: `TF.js ${version}, CPU backend`,
    run: (sample) => attempt('TF.js does not run the model', async () => {
      const tensors = inputs.map(({ name }) => toTfjs(tf, sample[name]!));
      const results = loaded.run(tensors, model);
      const outputs = await Promise.all(model.outputs.map(async ({ name }, i) => [name, await fromTfjs(results[i]!)] as const));
      for (const tensor of [...tensors, ...results]) tensor.dispose();
      return Object.fromEntries(outputs);
    }),
    dispose: () => {
      loaded.dispose();
    },
  };
} // prettier-ignore

export interface OpenedTfjs {
  readonly tf: Tf;
  readonly version: string;
  readonly loaded: Loaded;
}

/** A model that takes and gives tensors of TF.js, on the backend that is set at that time. */
export async function openTfjs(model: TfjsModel): Promise<OpenedTfjs> {
  const { tf, version } = await tfjs();
  const { topology, weightSpecs, weightData, signature } = model;
  const weights = model.assign ? {} : { weightSpecs: [...weightSpecs], weightData };
  const artifacts = { modelTopology: topology, ...weights, ...(signature && { signature }) };
  const handler = { load: () => Promise.resolve(artifacts) };
  return { tf, version, loaded: await attempt('TF.js does not load the model', () => load(tf, model, handler)) };
}

export interface Loaded {
  run(tensors: readonly TfTensor[], model: TfjsModel): TfTensor[];
  dispose(): void;
}

async function load(tf: Tf, { kind, assign = [] }: TfjsModel, handler: io.IOHandler): Promise<Loaded> {
  if (kind === 'layers') {
    const { loadLayersModel } = await import('@tensorflow/tfjs-layers');
    const model = await loadLayersModel(handler);
    for (const assignment of assign) giveWeights(tf, model, assignment);
    const run: Loaded['run'] = (tensors) => [model.predict([...tensors])].flat();
    return { run, dispose: () => { model.dispose(); } }; // prettier-ignore
  }
  const { loadGraphModel } = await import('@tensorflow/tfjs-converter');
  const model = await loadGraphModel(handler);
  return {
    run: (tensors, { inputs, outputs }) => {
      const named: NamedTensorMap = Object.fromEntries(inputs.map(({ tensor }, i) => [tensor, tensors[i]!]));
      return [model.execute(named, outputs.map(({ tensor }) => tensor))].flat();
    },
    dispose: () => { model.dispose(); },
  }; // prettier-ignore
}

async function tfjs(): Promise<Pick<OpenedTfjs, 'tf' | 'version'>> {
  try {
    const [tf] = await Promise.all([import('@tensorflow/tfjs-core'), import('@tensorflow/tfjs-backend-cpu')]);
    // Otherwise it advertises another backend on stderr.
    tf.enableProdMode();
    await tf.setBackend('cpu');
    return { tf, version: tf.version_core };
  } catch (cause) {
    throw new EdgefoldError('RUNTIME', 'TF.js is not installed', {
      hint: 'Install @tensorflow/tfjs-core, -layers, -converter and -backend-cpu to run the original.',
      cause,
    });
  }
}

async function attempt<T>(summary: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const received = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new EdgefoldError('RUNTIME', summary, { received: received.slice(0, 300), cause });
  }
}

/** What TF.js's models, wrappers and layers have that is used here. */
interface TfjsLayer {
  readonly name: string;
  readonly weights: readonly { readonly originalName: string; readonly shape: readonly (number | null)[] }[];
  getLayer?(name: string): TfjsLayer;
  readonly layer?: TfjsLayer;
  readonly forwardLayer?: TfjsLayer;
  readonly backwardLayer?: TfjsLayer;
  setWeights(weights: TfTensor[]): void;
}

/** TF.js has the same variables under the same names, behind that of the layer. */
function giveWeights(tf: Tf, model: object, { path, weights }: Assignment): void {
  const layer = path.reduce(part, model as TfjsLayer);
  const tensors = layer.weights.map(({ originalName }) => {
    const name = originalName.split('/').at(-1)!;
    const weight = weights.find((each) => each.name === name) ?? weights.find((each) => `depthwise_${each.name}` === name);
    if (!weight) throw new Error(`${path.join('/')} has no weight ${name} here`);
    const { shape, data } = weight.tensor();
    return tf.tensor(data, [...shape], 'float32');
  });
  layer.setWeights(tensors);
  for (const tensor of tensors) tensor.dispose();
} // prettier-ignore

/** A layer of a model by its name, what a wrapper holds by its place. */
function part(within: TfjsLayer, name: string): TfjsLayer {
  const wrapped = name === '0' ? (within.layer ?? within.forwardLayer) : name === '1' ? within.backwardLayer : undefined;
  const layer = within.getLayer ? within.getLayer(name) : wrapped;
  if (!layer) throw new Error(`${within.name} holds no ${name} here`);
  return layer;
} // prettier-ignore

type Tf = typeof TfjsCore;

function toTfjs(tf: Tf, { dtype, shape, data }: Tensor): TfTensor {
  const numbers = Array.from(data as ArrayLike<number | bigint>, Number);
  if (dtype === 'float32' || dtype === 'float64') return tf.tensor(Float32Array.from(numbers), [...shape], 'float32');
  if (dtype === 'bool') return tf.tensor(Uint8Array.from(numbers), [...shape], 'bool');
  return tf.tensor(Int32Array.from(numbers), [...shape], 'int32');
}

async function fromTfjs(tensor: TfTensor): Promise<Tensor> {
  const data = await tensor.data();
  const { shape, dtype } = tensor;
  if (dtype === 'int32') return { dtype, shape, data: Int32Array.from(data) };
  return dtype === 'bool' ? { dtype, shape, data: Uint8Array.from(data) } : { dtype: 'float32', shape, data: Float32Array.from(data) };
} // prettier-ignore
