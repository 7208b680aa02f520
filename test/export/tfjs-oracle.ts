import * as h5wasm from 'h5wasm';
import { inWordsOfTfjs } from '../../src/cli/original/keras-topology.ts';
import type { JsonValue } from '../../src/export/source-model.ts';
import { loadTfjs, type TfjsModel } from '../../src/parity/original/tfjs.ts';
import type { Values } from './source-builder.ts';

type Artifacts = Pick<TfjsModel, 'topology' | 'weightSpecs' | 'weightData'>;

/** What TF.js computes for one input of a model that it loads from these parts: its first output. */
export async function runTfjs(artifacts: Artifacts, { shape, data }: Values): Promise<Values[]> {
  const [inputs, outputs] = [[{ name: 'x', tensor: '' }], [{ name: 'y', tensor: '' }]];
  const model = await loadTfjs({ kind: 'layers', ...artifacts, inputs, outputs });
  const { y } = await model.run({ x: { dtype: 'float32', shape, data: Float32Array.from(data) } });
  model.dispose();
  return [{ shape: y!.shape, data: [...(y!.data as Float32Array)] }];
}

/** A TF.js model of one weight file. */
export function tfjsArtifacts(json: Buffer, shard: Buffer): Artifacts {
  const { modelTopology, weightsManifest } = JSON.parse(json.toString()) as {
    modelTopology: object;
    weightsManifest: { weights: TfjsModel['weightSpecs'] }[];
  };
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  return { topology: modelTopology, weightSpecs, weightData: plain(shard) };
}

/**
 * A Keras architecture and its weights-only HDF5 file, as TF.js takes them: training settings that it does not know
 * are left out, weights are named `layer/kind`.
 */
export async function kerasArtifacts(json: Buffer, weights: Buffer): Promise<Artifacts> {
  const config = inWordsOfTfjs(JSON.parse(json.toString()) as JsonValue);
  const tensors = await readHdf5(weights);
  const weightData = plain(Buffer.concat(tensors.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)))); // prettier-ignore
  const weightSpecs = tensors.map(({ name, shape }) => ({ name, shape, dtype: 'float32' as const }));
  return { topology: { model_config: config }, weightSpecs, weightData };
}

interface Stored {
  readonly name: string;
  readonly shape: number[];
  readonly data: Float32Array;
}

async function readHdf5(bytes: Buffer): Promise<Stored[]> {
  const { FS } = await h5wasm.ready;
  FS.writeFile('weights.h5', bytes);
  const file = new h5wasm.File('weights.h5', 'r');
  const datasets = file.paths().filter((path) => path.includes(':0'));
  return datasets.map((path) => {
    const dataset = file.get(path) as h5wasm.Dataset;
    const [layer, kind] = [path.split('/')[0]!, path.split('/').at(-1)!.replace(':0', '')];
    return { name: `${layer}/${kind}`, shape: dataset.shape ?? [], data: dataset.value as Float32Array };
  });
}

function plain(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
