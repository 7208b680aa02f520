import type { Graph } from '../graph.ts';
import type { ModelInfo } from '../model-info.ts';
import { fromInteger, toNumber } from './int64.ts';
import { onnx } from './onnx.js';
import { edited, unlessSame } from './wire.ts';
import { writeGraph } from './write-graph.ts';

/** The message of a model: the very one it was read from if nothing in it has changed. */
export function writeModel(graph: Graph): onnx.ModelProto {
  const { model } = graph;
  const before = model.source instanceof onnx.ModelProto ? model.source : new onnx.ModelProto();
  const lists = {
    opset_import: writeOpsets(model, before),
    metadata_props: writeMetadata(model, before),
    functions: before.functions.filter(({ domain, name }) => model.functions.has(`${domain ?? ''}:${name ?? ''}`)),
  };
  const changes = changesOf(graph, before);
  const proto = unlessSame(before, lists);
  return Object.keys(changes).length === 0 ? proto : edited(proto, changes);
}

function changesOf(graph: Graph, before: onnx.ModelProto): Partial<onnx.ModelProto> {
  const { irVersion, producerName, producerVersion } = graph.model;
  const changes: Partial<onnx.ModelProto> = {};
  if (!before.ir_version || irVersion !== toNumber(before.ir_version)) changes.ir_version = fromInteger(irVersion);
  if (producerName !== (before.producer_name ?? '')) changes.producer_name = producerName;
  if (producerVersion !== (before.producer_version ?? '')) changes.producer_version = producerVersion;
  const proto = isAbsent(graph, before) ? null : writeGraph(graph);
  if (proto !== before.graph) changes.graph = proto;
  return changes;
}

/** A file of functions alone has no graph, and an empty one here stands for that. */
function isAbsent(graph: Graph, before: onnx.ModelProto): boolean {
  return graph.source === undefined && before.functions.length > 0 && graph.nodes.length === 0;
}

/** Those of the file first, in its order; then those that are new or of another version. */
function writeOpsets({ opsets }: ModelInfo, before: onnx.ModelProto): onnx.OperatorSetIdProto[] {
  const left = new Map(opsets);
  const kept = before.opset_import.filter(({ domain, version }) => {
    const key = domain === 'ai.onnx' ? '' : (domain ?? '');
    const isSame = version !== null && opsets.get(key) === toNumber(version);
    if (isSame) left.delete(key);
    return isSame;
  });
  const added = Array.from(
    left,
    ([domain, version]) => new onnx.OperatorSetIdProto({ domain, version: fromInteger(version) }),
  );
  return [...kept, ...added];
}

/** As {@link writeOpsets}. Of entries with the same key the last is the one that counts. */
function writeMetadata({ metadata }: ModelInfo, before: onnx.ModelProto): onnx.StringStringEntryProto[] {
  const left = new Map(metadata);
  const read = new Map(before.metadata_props.map(({ key, value }) => [key ?? '', value ?? '']));
  const kept = before.metadata_props.filter(({ key }) => {
    const isSame = metadata.get(key ?? '') === read.get(key ?? '');
    if (isSame) left.delete(key ?? '');
    return isSame;
  });
  const added = Array.from(left, ([key, value]) => new onnx.StringStringEntryProto({ key, value }));
  return [...kept, ...added];
}
