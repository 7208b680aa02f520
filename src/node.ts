/** The Node entry: everything of `index.ts`, with paths for files and onnxruntime-node for running. */
import type { ExportedModel, ExportOptions } from './export/export-model.ts';
import { exportModel as exportFiles } from './export/export-model.ts';
import type { SourceFiles } from './export/source-model.ts';
import { externalDataReader } from './files/external-data.ts';
import { checkModelHead } from './files/model-head.ts';
import { readFileBytes } from './files/read.ts';
import { openSource, type SourceOptions } from './files/source.ts';
import { Graph } from './onnx/graph.ts';
import { readOnnx, type ReadOptions } from './onnx/read.ts';
import { writeOnnx } from './onnx/write.ts';
import type { ParityReport } from './parity/report.ts';
import { verify, type VerifyOptions } from './parity/verify.ts';
import type { ModelSource } from './runtime/model.ts';
import { load } from './runtime/node.ts';

export * from './index.ts';
export { disableTelemetry, load } from './runtime/node.ts';
export { openSource } from './files/source.ts';
export { writeModelFiles } from './files/write.ts';

/**
 * Reads a trained model and writes it as an unfolded ONNX graph.
 *
 * @param source path of a model file (or of a folder with a `model.json`), its bytes, or files from elsewhere.
 * @throws {EdgefoldError} whatever reading or exporting finds.
 * @example
 * const { graph } = await exportModel('model.keras');
 */
export async function exportModel(
  source: string | Uint8Array | SourceFiles,
  options: ExportOptions & Pick<SourceOptions, 'maxBytes'> = {},
): Promise<ExportedModel> {
  const { maxBytes } = options;
  return exportFiles(typeof source === 'string' ? await openSource(source, { maxBytes }) : source, options);
}

/** Reads an ONNX file; weights in files beside it are read when they are asked for. @throws {EdgefoldError} */
export async function readOnnxFile(
  path: string,
  options: Pick<ReadOptions, 'maxParts'> & Pick<SourceOptions, 'maxBytes'> = {},
): Promise<Graph> {
  const check = (head: Uint8Array, sizeBytes: number): void => {
    checkModelHead(head, sizeBytes, path);
  };
  const bytes = await readFileBytes(path, { check, maxBytes: options.maxBytes });
  return readOnnx(bytes, { ...options, name: path, externalData: externalDataReader(path) });
}

/**
 * Runs two models on the same seeded inputs with onnxruntime-node and reports how far apart they are; see
 * {@link verify}.
 *
 * @param reference what is right by definition: a graph, the bytes of an ONNX file, or its path.
 * @param candidate what must agree with it at every optimisation level.
 * @param options of two graphs, what differs is proven to be rounding, or found to be a defect, where that is quick;
 * `proof: 'always'` takes its time.
 * @example
 * const { verdict } = await parity(graph, foldGraph(graph).graph); // 'pass', 'fail' or 'not-run'
 */
export async function parity(
  reference: Graph | ModelSource,
  candidate: Graph | ModelSource,
  options: Omit<VerifyOptions, 'load' | 'reference' | 'candidate'> = {},
): Promise<ParityReport> {
  const graphs = reference instanceof Graph && candidate instanceof Graph ? { reference, candidate } : undefined;
  return verify({
    ...(graphs && { graphs }),
    ...options,
    load,
    reference: runnable(reference),
    candidate: runnable(candidate),
  });
}

const runnable = (model: Graph | ModelSource): ModelSource => (model instanceof Graph ? writeOnnx(model) : model);
