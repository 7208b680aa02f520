import { io } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** What TF.js hands to whoever stores a model: its `model.json` as data, and the one shard that it names. */
export async function artifactsOf(
  model: LayersModel,
): Promise<{ readonly file: object; readonly weights: Uint8Array }> {
  let artifacts: io.ModelArtifacts | undefined;
  await model.save(
    io.withSaveHandler((given) => {
      artifacts = given;
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
    }),
  );
  const { modelTopology, weightSpecs, weightData, format, generatedBy } = artifacts!;
  const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
  const weights = new Uint8Array(io.CompositeArrayBuffer.join(weightData));
  return { file: { modelTopology, weightsManifest, format, generatedBy }, weights };
}
