import type { Graph, ModelInfo } from '../graph.ts';
import { fromInteger, toNumber } from './int64.ts';
import { onnx } from './onnx.js';
import { edited } from './wire.ts';
import { writeGraph } from './write-graph.ts';

/** The message of a model: what was read, with what has changed since. */
export function writeModel(graph: Graph): onnx.ModelProto {
  const { model } = graph;
  const before = model.source instanceof onnx.ModelProto ? model.source : undefined;
  const base = before ?? new onnx.ModelProto();
  const proto = edited(base, changesOf(model, base));
  // A file of functions alone has no graph, and an empty one here stands for that.
  if (graph.source !== undefined || graph.nodes.length > 0 || !before) proto.graph = writeGraph(graph);
  return proto;
}

function changesOf(model: ModelInfo, before: onnx.ModelProto): Partial<onnx.ModelProto> {
  const changes: Partial<onnx.ModelProto> = {
    ir_version: fromInteger(model.irVersion),
    opset_import: writeOpsets(model, before),
    metadata_props: writeMetadata(model, before),
  };
  if (model.producerName !== (before.producer_name ?? '')) changes.producer_name = model.producerName;
  if (model.producerVersion !== (before.producer_version ?? '')) changes.producer_version = model.producerVersion;
  return changes;
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
