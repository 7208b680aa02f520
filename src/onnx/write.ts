import type { Graph, ModelInfo } from './graph.ts';
import { fromInteger } from './proto/int64.ts';
import { onnx } from './proto/onnx.js';
import { edited, encodeModel } from './proto/wire.ts';
import { writeGraph } from './proto/write-graph.ts';

/** Writes the main graph of a model. What was read and not changed comes out as the bytes it was read from. */
export function writeOnnx(graph: Graph): Uint8Array {
  return encodeModel(writeModel(graph));
}

function writeModel(graph: Graph): onnx.ModelProto {
  const { model } = graph;
  const before = model.source instanceof onnx.ModelProto ? model.source : undefined;
  const proto = edited(before ?? new onnx.ModelProto(), changesOf(model, before ?? new onnx.ModelProto()));
  // A file of functions alone has no graph, and its empty graph here stands for that.
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

/** In file order, each domain once more only if its version was changed. */
function writeOpsets({ opsets }: ModelInfo, before: onnx.ModelProto): onnx.OperatorSetIdProto[] {
  const left = new Map(opsets);
  const kept = before.opset_import.filter(({ domain, version }) => {
    const key = domain === 'ai.onnx' ? '' : (domain ?? '');
    const wanted = opsets.get(key);
    if (wanted === undefined || !version || fromInteger(wanted).low !== version.low) return false;
    left.delete(key);
    return true;
  });
  const added = [...left].map(([domain, version]) => new onnx.OperatorSetIdProto({ domain, version: fromInteger(version) })); // prettier-ignore
  return [...kept, ...added];
}

function writeMetadata({ metadata }: ModelInfo, before: onnx.ModelProto): onnx.StringStringEntryProto[] {
  const left = new Map(metadata);
  const kept = before.metadata_props.filter(({ key, value }) => {
    const same = metadata.get(key ?? '') === (value ?? '');
    if (same) left.delete(key ?? '');
    return same;
  });
  const added = [...left].map(([key, value]) => new onnx.StringStringEntryProto({ key, value }));
  return [...kept, ...added];
}
