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
  readonly inputs: readonly Endpoint[];
  readonly outputs: readonly Endpoint[];
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
  const { tf, version } = await tfjs();
  const { kind, topology, weightSpecs, weightData, signature, inputs } = model;
  const artifacts = { modelTopology: topology, weightSpecs: [...weightSpecs], weightData, ...(signature && { signature }) };
  const loaded = await attempt('TF.js does not load the model', () => load(kind, { load: () => Promise.resolve(artifacts) }));
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

interface Loaded {
  run(tensors: readonly TfTensor[], model: TfjsModel): TfTensor[];
  dispose(): void;
}

async function load(kind: TfjsModel['kind'], handler: io.IOHandler): Promise<Loaded> {
  if (kind === 'layers') {
    const { loadLayersModel } = await import('@tensorflow/tfjs-layers');
    const model = await loadLayersModel(handler);
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

async function tfjs() {
  try {
    const [tf] = await Promise.all([import('@tensorflow/tfjs-core'), import('@tensorflow/tfjs-backend-cpu')]);
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

type Tf = typeof import('@tensorflow/tfjs-core');

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
