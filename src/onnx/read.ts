import { EdgefoldError } from '../errors.ts';
import { Graph } from './graph.ts';
import type { ModelInfo } from './model-info.ts';
import type { ExternalData } from './proto/external.ts';
import { toNumber } from './proto/int64.ts';
import type { Int64, onnx } from './proto/onnx.js';
import { readGraph } from './proto/read-graph.ts';
import { corrupt } from './proto/fault.ts';
import { decodeModel } from './proto/wire.ts';
import { describe, sniff } from './sniff.ts';

export type { ExternalData };

/** The newest that the schema knows. A file of a later one may mean things that would be misread silently. */
const MAX_IR_VERSION = 13;

export interface ReadOptions {
  /** How messages call the file. */
  readonly name?: string;
  /** Reads weights that lie in other files; without it such weights cannot be looked at. */
  readonly externalData?: ExternalData;
  /** Messages, strings and fields beyond which a file is refused, because they could fill the memory: 2²⁰ by default. */
  readonly maxParts?: number;
}

/**
 * Reads an ONNX model. Weights are views on `bytes` and are decoded when first asked for; everything that the
 * graph does not show (functions, training information, unknown fields, …) is kept for {@link writeOnnx}.
 * @throws {EdgefoldError} FORMAT if it is another kind of file, CORRUPT if it is damaged or contradicts itself,
 * UNSAFE if it points outside its folder, LIMIT, UNSUPPORTED.
 */
export function readOnnx(bytes: Uint8Array, { name = 'the model', externalData, maxParts }: ReadOptions = {}): Graph {
  const kind = sniff(bytes);
  if (kind !== 'unknown') notOnnx(name, describe(kind));
  const proto = decodeModel(bytes, name, maxParts);
  if (!proto.graph && proto.functions.length === 0) notOnnx(name, 'a file without a graph');
  const model = readModelInfo(proto, name);
  if (!proto.graph) return new Graph('', model);
  return readGraph(proto.graph, { model, where: name, externalData });
}

function readModelInfo(proto: onnx.ModelProto, where: string): ModelInfo {
  return {
    irVersion: readVersion(proto.ir_version, where),
    opsets: readOpsets(proto, where),
    metadata: new Map(proto.metadata_props.map(({ key, value }) => [key ?? '', value ?? ''])),
    producerName: proto.producer_name ?? '',
    producerVersion: proto.producer_version ?? '',
    functions: new Set(proto.functions.map(({ domain, name }) => `${domain ?? ''}:${name ?? ''}`)),
    source: proto,
  };
}

function readVersion(version: Int64 | null, where: string): number {
  const number = version ? toNumber(version) : 0;
  if (number <= 0) corrupt(where, 'the file does not say its IR version');
  if (number <= MAX_IR_VERSION) return number;
  throw new EdgefoldError('UNSUPPORTED', 'the file is of a later IR version', {
    where,
    expected: `at most ${MAX_IR_VERSION}`,
    received: String(number),
  });
}

function readOpsets(proto: onnx.ModelProto, where: string): Map<string, number> {
  const opsets = new Map<string, number>();
  for (const { domain, version } of proto.opset_import) {
    const key = domain === null || domain === 'ai.onnx' ? '' : domain;
    const number = version ? toNumber(version) : 0;
    const label = key || 'ai.onnx';
    if (number <= 0) corrupt(where, `the opset of ${label} is not a version`, undefined, String(number));
    if ((opsets.get(key) ?? number) !== number) corrupt(where, `the opset of ${label} is given twice`);
    opsets.set(key, number);
  }
  if (proto.graph && opsets.size === 0) corrupt(where, 'the file does not say its opset');
  return opsets;
}

function notOnnx(where: string, received: string): never {
  throw new EdgefoldError('FORMAT', 'this is not an ONNX model', { where, received });
}
