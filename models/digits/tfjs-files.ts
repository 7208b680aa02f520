import { io } from '@tensorflow/tfjs-core';
import { writeFileSync } from 'node:fs';

/** Weight data as one buffer, in the order of the specs. */
function weightBytes({ weightData }: io.ModelArtifacts): ArrayBuffer {
  return io.CompositeArrayBuffer.join(weightData);
}

/** Writes the layout that `tf.loadLayersModel(url)` reads: `model.json` and one shard, `weights.bin`. */
export function writeLayersModel(folder: string, artifacts: io.ModelArtifacts): Promise<io.SaveResult> {
  const { modelTopology, weightSpecs, format, generatedBy, convertedBy } = artifacts;
  const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
  const model = { format, generatedBy, convertedBy, modelTopology, weightsManifest };
  writeFileSync(`${folder}/model.json`, `${JSON.stringify(model)}\n`);
  writeFileSync(`${folder}/weights.bin`, new Uint8Array(weightBytes(artifacts)));
  return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
}

/** Affine uint8 codes of one weight over its own range: w ≈ q·scale + min, q in 0 … 255. */
function uint8Codes(weight: Float32Array): { codes: Uint8Array; scale: number; min: number } {
  const min = weight.reduce((least, value) => Math.min(least, value), Infinity);
  const max = weight.reduce((most, value) => Math.max(most, value), -Infinity);
  const scale = max > min ? (max - min) / 255 : 1;
  return { codes: Uint8Array.from(weight, (value) => Math.round((value - min) / scale)), scale, min };
}

/** The same model with every weight quantised, as the manifest's `quantization` field describes it. */
export function quantized(artifacts: io.ModelArtifacts): io.ModelArtifacts {
  const bytes = weightBytes(artifacts);
  const parts: Uint8Array[] = [];
  let offset = 0;
  const weightSpecs = (artifacts.weightSpecs ?? []).map((spec) => {
    const size = spec.shape.reduce((product, dim) => product * dim, 1);
    const { codes, scale, min } = uint8Codes(new Float32Array(bytes, offset, size));
    offset += 4 * size;
    parts.push(codes);
    return { ...spec, quantization: { dtype: 'uint8' as const, scale, min } };
  });
  return { ...artifacts, weightSpecs, weightData: Uint8Array.from(parts.flatMap((part) => [...part])).buffer };
}
