import { refsOf } from '../../export/call-order.ts';
import type { CustomLayers } from '../../export/custom/custom-layer.ts';
import { exportSource, type ExportResult } from '../../export/export-model.ts';
import { readSource } from '../../export/read/read-source.ts';
import type { JsonValue, SourceFile, SourceLayer, SourceModel, SourceWeight } from '../../export/source-model.ts';
import { foldGraph } from '../../fold/fold-graph.ts';
import type { Graph } from '../../onnx/graph.ts';
import { sizeOf, type Dim } from '../../tensor.ts';
import { errorDocument } from '../failure.ts';
import { inputSpecs, outputSpecs } from '../graph-specs.ts';
import type {
  BatchNormalizationJson,
  FateJson,
  InspectDocument,
  ParametersJson,
  PartJson,
  VariableJson,
} from '../json.ts';
import type { OpenedSource } from '../../files/source.ts';
import { fatesOf, fatesOfLayer } from './fates.ts';
import { nodesByLayer, type LayerNodes } from './layer-nodes.ts';

/** Keras's names of the four variables, and the defaults of the configuration in every generation. */
const ROLES = { gamma: 'gamma', beta: 'beta', moving_mean: 'mean', moving_variance: 'variance' } as const;
const BATCH_NORMALIZATIONS = new Set(['BatchNormalization', 'SyncBatchNormalization']);
const EPSILON = 1e-3;
const MOMENTUM = 0.99;

/** A layer with the names of the models around it. */
interface Placed {
  readonly path: string;
  readonly layer: SourceLayer;
}

/** What a Keras or TF.js file holds, and what export and folding will do to it; both are tried in memory. */
export async function inspectSource(file: OpenedSource, customLayers?: CustomLayers): Promise<InspectDocument> {
  const source = await readSource(file);
  const trial = tried(source, customLayers);
  const layers = placedLayers(source.model);
  const paths = new Set(layers.map(({ path }) => path));
  const nodes = trial.folded && nodesByLayer(trial.folded, paths);
  const isGraph = source.format === 'tfjs-graph';
  const constants = new Map(layers.map(({ path, layer }) => [path, layer.className === 'Const' ? layer.weights : []]));
  return {
    path: file.name,
    format: source.format,
    version: source.kerasVersion,
    sizeBytes: file.bytesRead(),
    inputs: trial.graph ? inputSpecs(trial.graph) : null,
    outputs: trial.graph ? outputSpecs(trial.graph) : null,
    parts: layers
      .filter(({ layer }) => !isGraph || layer.className !== 'Const')
      .map((placed) => partOf(placed, trial, nodes, constants)),
    parameters: count(layers.flatMap(({ layer }) => layer.weights)),
    batchNormalizations: layers
      .filter(({ layer }) => BATCH_NORMALIZATIONS.has(layer.className))
      .map(({ path, layer }) => batchNormalization(path, layer, fatesOfLayer(path, paths, trial.fates))),
    obstacle: trial.obstacle,
    warnings: [...new Set([...source.warnings, ...trial.warnings])],
  };
}

interface Trial {
  readonly graph?: Graph;
  readonly folded?: Graph;
  readonly outputShapes?: ExportResult['outputShapes'];
  readonly fates?: ReadonlyMap<string, FateJson>;
  readonly warnings: readonly string[];
  readonly obstacle: InspectDocument['obstacle'];
}

function tried(source: SourceFile, customLayers: CustomLayers | undefined): Trial {
  try {
    const { graph, warnings, outputShapes } = exportSource(source, customLayers && { customLayers });
    const { graph: folded, report } = foldGraph(graph);
    return {
      graph,
      folded,
      outputShapes,
      fates: fatesOf(report),
      warnings: [...warnings, ...report.warnings],
      obstacle: null,
    };
  } catch (error) {
    return { warnings: [], obstacle: errorDocument(error, false).error };
  }
}

/** Layers of the model and of the models inside it, which stand behind their own line. */
function placedLayers(model: SourceModel, prefix = ''): Placed[] {
  return model.layers.flatMap((layer) => {
    const path = prefix + layer.name;
    return [{ path, layer }, ...(layer.model ? placedLayers(layer.model, `${path}/`) : [])];
  });
}

/** @param constants of a graph: what stands in nodes of its own counts for the nodes that read it. */
function partOf(
  { path, layer }: Placed,
  { outputShapes }: Trial,
  nodes: LayerNodes | undefined,
  constants: ReadonlyMap<string, readonly SourceWeight[]>,
): PartJson {
  const reads = [...new Set(layer.calls.flatMap((call) => refsOf(call).map((ref) => ref.layer)))];
  return {
    name: path,
    type: layer.className,
    outputShapes: (outputShapes?.get(path) ?? statedShape(layer)).map((shape) => shape ?? null),
    parameters: count([...layer.weights, ...reads.flatMap((name) => constants.get(name) ?? [])]),
    reads,
    nodes: nodes ? (nodes.get(path) ?? []) : null,
  };
}

/** An InputLayer writes no node; its shape stands in the file. */
function statedShape({ className, config }: SourceLayer): (readonly Dim[])[] {
  const shape: unknown = config.batch_shape ?? config.batch_input_shape;
  if (className !== 'InputLayer' || !Array.isArray(shape)) return [];
  return [shape.map((dim: unknown, axis) => (typeof dim === 'number' ? dim : axis === 0 ? 'batch' : ''))];
}

function count(weights: readonly SourceWeight[]): ParametersJson {
  const sum = (some: readonly SourceWeight[]) => some.reduce((total, { shape }) => total + sizeOf(shape), 0);
  const trainable = sum(weights.filter((weight) => weight.trainable));
  const total = sum(weights);
  return { total, trainable, nonTrainable: total - trainable };
}

function batchNormalization(path: string, layer: SourceLayer, fate: readonly FateJson[]): BatchNormalizationJson {
  return {
    name: path,
    epsilon: numberOf(layer.config.epsilon, EPSILON),
    momentum: numberOf(layer.config.momentum, MOMENTUM),
    axis: axisOf(layer.config.axis),
    variables: Object.entries(ROLES).map(([name, role]) =>
      variable(
        role,
        layer.weights.find((each) => each.name === name),
      ),
    ),
    fate,
  };
}

function variable(role: VariableJson['role'], weight: SourceWeight | undefined): VariableJson {
  if (!weight) return { role, name: null, path: null, shape: null, trainable: null };
  const { name, path, shape, trainable } = weight;
  return { role, name, path, shape, trainable };
}

function numberOf(value: JsonValue | undefined, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

/** Keras 2 of some years writes a list, the others one number. */
function axisOf(value: JsonValue | undefined): number[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value ?? -1];
  return list.filter((axis) => typeof axis === 'number');
}
