import type { SourceFile, SourceFiles } from '../../source-model.ts';
import { attachWeights, leftOverWarnings } from '../attach.ts';
import { stringMember } from '../json.ts';
import { checkedVersion } from '../keras-version.ts';
import { readTopology } from '../topology.ts';
import { ObjectBinder } from './bind-objects.ts';
import { Bundle } from './bundle.ts';
import { kerasMetadata } from './metadata.ts';
import { readObjects } from './objects.ts';

const VARIABLES = 'variables/variables';
const OBJECTS = '_CHECKPOINTABLE_OBJECT_GRAPH';

/**
 * Reads a SavedModel that Keras has written (`model.save(folder)` of TensorFlow 2.0 to 2.15), given its
 * `saved_model.pb`: the layers from what Keras keeps beside the graph, the weights from the checkpoint. The TensorFlow
 * graph is not looked at.
 *
 * @throws {EdgefoldError} UNSUPPORTED if it holds no Keras model; FILE, CORRUPT, WEIGHTS.
 */
export async function readSavedModel(files: SourceFiles): Promise<SourceFile> {
  const beside = (await files.siblings()).includes('keras_metadata.pb');
  const root = kerasMetadata(files.bytes, beside ? await files.sibling('keras_metadata.pb') : undefined, files.name);
  const kerasVersion = stringMember(root, 'keras_version') ?? '';
  const model = readTopology(root, files.name);
  const bundle = await openBundle(files);
  const binder = new ObjectBinder(readObjects(await bundle.text(OBJECTS), files.name), bundle);
  await binder.bindModel(model, 0, files.name);
  return {
    format: 'saved-model',
    kerasVersion,
    kerasMajor: checkedVersion(kerasVersion, files.name),
    model: attachWeights(model, binder.bindings, files.name),
    warnings: leftOverWarnings(binder.stored, binder.bindings),
  };
}

async function openBundle(files: SourceFiles): Promise<Bundle> {
  const index = await files.sibling(`${VARIABLES}.index`);
  const digits = (number: number) => String(number).padStart(5, '0');
  const open = (shard: number, of: number) => files.sibling(`${VARIABLES}.data-${digits(shard)}-of-${digits(of)}`);
  return new Bundle(index, open, `${files.name} ${VARIABLES}.index`);
}
