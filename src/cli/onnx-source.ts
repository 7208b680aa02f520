import type { Graph } from '../onnx/graph.ts';
import { readOnnx } from '../onnx/read.ts';
import { externalDataReader } from '../node-files.ts';
import type { ModelSource } from '../runtime/model.ts';
import { openSource, type OpenedSource } from './source-files.ts';

/** An ONNX file that was read. */
export interface OnnxSource {
  readonly file: OpenedSource;
  readonly graph: Graph;
  /** What the runtime loads: the file itself, not what we read of it. */
  readonly model: ModelSource;
}

/** @throws {EdgefoldError} FILE, or what {@link readOnnx} finds. */
export async function onnxSource(given: string): Promise<OnnxSource> {
  const file = await openSource(given);
  const { name, path, bytes } = file;
  const graph = readOnnx(bytes, { name, ...(path !== undefined && { externalData: externalDataReader(path) }) });
  return { file, graph, model: path ?? bytes };
}
