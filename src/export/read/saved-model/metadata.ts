import { EdgefoldError } from '../../../errors.ts';
import type { JsonObject } from '../../source-model.ts';
import { isObject, objectMember, parseJson } from '../json.ts';
import { bytesOf, textOf } from './message.ts';

const SAVED_METADATA = { nodes: 1, node: { path: 3, metadata: 5 } } as const;
const SAVED_MODEL = { metaGraphs: 2, metaGraph: { objectGraph: 7 } } as const;
const OBJECT_GRAPH = { nodes: 1, node: { userObject: 4 }, userObject: { metadata: 3 } } as const;

/**
 * What Keras says of the model as a whole, `{ class_name, config, keras_version, … }`: the node `root` of
 * `keras_metadata.pb`, which TensorFlow 2.5 and later write; or, before, what the first object of `saved_model.pb` has
 * as its metadata.
 *
 * Source: tf_keras/src/saving/legacy/saved_model/{save,load}.py; tensorflow/core/protobuf/saved_object_graph.proto.
 * @throws {EdgefoldError} UNSUPPORTED if Keras has not written it.
 */
export function kerasMetadata(savedModel: Uint8Array, metadata: Uint8Array | undefined, where: string): JsonObject {
  const text = (metadata && rootOfMetadata(metadata, where)) ?? rootOfGraph(savedModel, where);
  const root = text === '' ? undefined : parseJson(text, where);
  if (isObject(root))
    return objectMember(root, 'model_config') ? { ...root, ...objectMember(root, 'model_config') } : root;
  throw new EdgefoldError('UNSUPPORTED', 'this SavedModel holds a TensorFlow graph, but no Keras model', {
    where,
    expected: 'what model.save(folder) of TensorFlow 2.0 to 2.15 writes',
    hint: 'Keras 3 model.export() and TensorFlow itself keep no layers. Save the model with model.save("model.keras") and give that file.',
  });
}

function rootOfMetadata(metadata: Uint8Array, where: string): string | undefined {
  const { path, metadata: json } = SAVED_METADATA.node;
  const root = bytesOf(metadata, SAVED_METADATA.nodes, where).find((node) => textOf(node, path, where) === 'root');
  return root && textOf(root, json, where);
}

function rootOfGraph(savedModel: Uint8Array, where: string): string {
  const graph = bytesOf(savedModel, SAVED_MODEL.metaGraphs, where)[0] ?? new Uint8Array();
  const objects = bytesOf(graph, SAVED_MODEL.metaGraph.objectGraph, where)[0] ?? new Uint8Array();
  const root = bytesOf(objects, OBJECT_GRAPH.nodes, where)[0] ?? new Uint8Array();
  const user = bytesOf(root, OBJECT_GRAPH.node.userObject, where)[0] ?? new Uint8Array();
  return textOf(user, OBJECT_GRAPH.userObject.metadata, where);
}
