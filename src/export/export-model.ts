import { EdgefoldError } from '../errors.ts';
import { Graph } from '../onnx/graph.ts';
import type { CustomLayers } from './custom/custom-layer.ts';
import { CustomRegistry } from './custom/lower-custom.ts';
import { DEFAULT_OPSET, newModelInfo } from '../onnx/model-info.ts';
import { copyFor, misfusedPools } from '../onnx/pad-fusion.ts';
import { inferTypes } from '../onnx/shapes/infer.ts';
import type { Workshop } from './graph-writer.ts';
import { GraphWriter } from './graph-writer.ts';
import { lowerInner, lowerings, lowerModel, type Job, type Lowered, type OutputShapes } from './lower-model.ts';
import { modelInputs, type ChangedInput, type InputOptions } from './model-inputs.ts';
import { nameOutputs } from './name-outputs.ts';
import { asKeras } from './reorder.ts';
import { inMemoryFiles, readSource } from './read/read-source.ts';
import type { SourceFile, SourceFiles, SourceModel } from './source-model.ts';
import { lowerTfjsGraph } from './tfjs-graph/lower-graph.ts';

export interface ExportOptions extends InputOptions {
  /** ai.onnx version of the result, 13 to 21; default 17. */
  readonly opset?: number;
  /** Code of yours for layers that are not known here, by class or by name: see {@link CustomLayer}. Never the model's. */
  readonly customLayers?: CustomLayers;
}

export interface ExportResult {
  /** Nothing is folded: every BatchNormalization of the source is there, or a Mul and an Add that say the same. */
  readonly graph: Graph;
  /** What the user should know: fields of the file that were ignored, types that were changed. */
  readonly warnings: readonly string[];
  /** Images that are taken in another form than the source takes them, as asked for. */
  readonly changedInputs: readonly ChangedInput[];
  /** By the layer's name, with the names of the models around it before it: `features/conv1`. */
  readonly outputShapes: ReadonlyMap<string, OutputShapes>;
}

/**
 * Writes a source model as an ONNX graph.
 *
 * Inputs and outputs have the source's names, order and shapes; `batch` is the symbol of an open batch. Inside,
 * images lie channels first. Models used as layers are written out in place, at each of their calls; a layer called
 * twice has its weights once.
 *
 * @throws {EdgefoldError} UNSUPPORTED once for all layers that cannot be exported, with a reason each; WEIGHTS for a
 * weight that is missing or of the wrong shape; CORRUPT for a configuration that makes no sense; LIMIT for one beyond
 * all measure; USAGE for an opset that is not written.
 * @example
 * const { graph } = exportSource(await readSource(files), { opset: 17 });
 */
export function exportSource(source: SourceFile, options: ExportOptions = {}): ExportResult {
  const { model } = source;
  checkEndpoints(model);
  const graph = new Graph(model.name, newModelInfo(options.opset ?? DEFAULT_OPSET));
  if (source.format === 'tfjs-graph') return exportTfjsGraph(source, graph, options);
  const job = newJob(source, graph, options);
  const { handles: inputs, changed: changedInputs } = modelInputs(model, source, job.workshop, options);
  if (changedInputs.length > 0) graph.model.metadata.set('edgefold.inputs', JSON.stringify(changedInputs));
  const outputs = lowerModel(job, model, inputs, { prefix: '', depth: 0, training: false });
  refuseProblems(job);
  for (const name of job.customLayers.unused)
    job.workshop.warnings.add(`No layer has the class or the name ${name} of a custom layer.`);
  const values = outputs.map((handle) => inSourceLayout(handle, job.workshop));
  nameOutputs(
    graph,
    values,
    model.outputs.map(({ layer }) => layer),
  );
  keepPadsApart(graph);
  return {
    graph,
    warnings: [...source.warnings, ...job.workshop.warnings],
    changedInputs,
    outputShapes: job.outputShapes,
  };
}

/** A graph of TensorFlow, whose nodes take the place of layers. */
function exportTfjsGraph(source: SourceFile, graph: Graph, options: ExportOptions): ExportResult {
  const { outputs, warnings, changedInputs, outputShapes } = lowerTfjsGraph(source, graph, options);
  if (changedInputs.length > 0) graph.model.metadata.set('edgefold.inputs', JSON.stringify(changedInputs));
  nameOutputs(graph, outputs, source.model.names?.outputs ?? source.model.outputs.map(({ layer }) => layer));
  keepPadsApart(graph);
  return { graph, warnings: [...source.warnings, ...warnings], changedInputs, outputShapes };
}

/** Folding does the same; but a graph that is not folded runs in onnxruntime too. */
function keepPadsApart(graph: Graph): void {
  for (const pool of misfusedPools(graph, inferTypes(graph))) {
    const copy = copyFor(pool, graph);
    graph.insertBefore(pool, copy);
    pool.setInput(0, copy.outputs[0]);
  }
}

/** What {@link exportModel} found and made. */
export interface ExportedModel extends ExportResult {
  readonly source: SourceFile;
}

/**
 * Reads a trained model of any format known here and writes it as an ONNX graph: `readSource`, then
 * {@link exportSource}.
 *
 * @param model its files, or the bytes of a format that is one file.
 * @throws {EdgefoldError} whatever reading or exporting finds.
 */
export async function exportModel(
  model: SourceFiles | Uint8Array,
  options: ExportOptions = {},
): Promise<ExportedModel> {
  const source = await readSource(model instanceof Uint8Array ? inMemoryFiles('the model', model) : model);
  return { source, ...exportSource(source, options) };
}

function newJob(source: SourceFile, graph: Graph, { customLayers }: ExportOptions): Job {
  const job: Job = {
    origin: source,
    workshop: {
      graph,
      constants: new Map(),
      forms: new Map(),
      unmasked: new Set(),
      warnings: new Set(),
      lowerInner: (layer, x, writer) => lowerInner(job, layer, x, writer),
    },
    problems: new Set(),
    lowerings: lowerings(),
    customLayers: new CustomRegistry(customLayers),
    calls: 0,
    outputShapes: new Map(),
  };
  return job;
}

/** More inputs or outputs than this no model has; the bound keeps hostile files quick to refuse. */
const MAX_ENDPOINTS = 10_000;

function checkEndpoints({ inputs, outputs, name }: SourceModel): void {
  const most = Math.max(inputs.length, outputs.length);
  if (most > MAX_ENDPOINTS)
    throw new EdgefoldError('LIMIT', `it has more than ${MAX_ENDPOINTS} inputs or outputs`, { where: name });
  if (outputs.length === 0) throw new EdgefoldError('CORRUPT', 'it has no outputs', { where: name });
}

function inSourceLayout(handle: Lowered, workshop: Workshop) {
  if (!handle)
    throw new EdgefoldError('CORRUPT', 'an output of the model refers to a tensor that its layer does not have');
  return asKeras(new GraphWriter(workshop, handle.value.name), handle).value;
}

function refuseProblems({ problems }: Job): void {
  const all = [...problems];
  if (all.length === 0) return;
  const list = all.map((problem) => `\n  ${problem}`).join('');
  throw new EdgefoldError(
    'UNSUPPORTED',
    all.length === 1 ? all[0]! : `${all.length} layers cannot be exported:${list}`,
  );
}
