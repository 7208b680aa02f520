import { foldGraph } from '../../fold/fold-graph.ts';
import type { FoldReport } from '../../fold/report.ts';
import type { Graph, Node, Value } from '../../onnx/graph.ts';
import { inferTypes, isStandard } from '../../onnx/shapes/infer.ts';
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
import type { OnnxSource } from '../onnx-source.ts';
import { fatesOf, unknownFate } from './fates.ts';

const ROLES = ['gamma', 'beta', 'mean', 'variance'] as const;
/** ai.onnx BatchNormalization: X, scale, B, input_mean, input_var. */
const FIRST_PARAMETER = 1;

/** What an ONNX file holds, and what folding will do to it. The fold is done in memory and thrown away. */
export function inspectOnnx({ file, graph }: OnnxSource): InspectDocument {
  const { report, obstacle } = triedFold(graph);
  const fates = report ? fatesOf(report) : new Map<string, FateJson>();
  const types = inferTypes(graph);
  const shapeOf: ShapeOf = (value) => types.shape(value) ?? null;
  const total = graph.initializers.reduce((sum, { constant }) => sum + sizeOf(constant?.shape ?? [0]), 0);
  return {
    path: file.name,
    format: 'onnx',
    version: `opset ${graph.opset}, IR ${graph.model.irVersion}`,
    sizeBytes: file.bytes.length,
    inputs: inputSpecs(graph),
    outputs: outputSpecs(graph),
    parts: graph.nodes.map((node) => partOf(node, shapeOf)),
    parameters: untold(total),
    batchNormalizations: graph.nodes
      .filter((node) => node.opType === 'BatchNormalization' && isStandard(node, graph))
      .map((node) => batchNormalization(node, shapeOf, fates.get(nameOf(node)) ?? unknownFate('it cannot be folded'))),
    obstacle,
    warnings: report?.warnings ?? [],
  };
}

function triedFold(graph: Graph): { readonly report?: FoldReport; readonly obstacle: InspectDocument['obstacle'] } {
  try {
    return { report: foldGraph(graph).report, obstacle: null };
  } catch (error) {
    return { obstacle: errorDocument(error, false).error };
  }
}

type ShapeOf = (value: Value) => readonly Dim[] | null;

function partOf(node: Node, shapeOf: ShapeOf): PartJson {
  const constants = node.inputs.flatMap((input) => (input?.constant ? [input] : []));
  return {
    name: nameOf(node),
    type: node.domain === '' ? node.opType : `${node.domain}.${node.opType}`,
    outputShapes: node.outputs.flatMap((output) => (output ? [shapeOf(output)] : [])),
    parameters: untold(constants.reduce((sum, value) => sum + countOf(value), 0)),
    reads: [...new Set(node.inputs.flatMap((input) => (input && !input.constant ? [producerName(input)] : [])))],
  };
}

function batchNormalization(node: Node, shapeOf: ShapeOf, fate: FateJson): BatchNormalizationJson {
  return {
    name: nameOf(node),
    epsilon: node.float('epsilon', 1e-5),
    momentum: node.float('momentum', 0.9),
    axis: [1],
    variables: ROLES.map((role, index) => variable(role, node.inputs[FIRST_PARAMETER + index], shapeOf)),
    fate: [fate],
  };
}

function variable(role: VariableJson['role'], value: Value | undefined, shapeOf: ShapeOf): VariableJson {
  const shape = value ? shapeOf(value) : null;
  return { role, name: value?.name ?? null, path: value?.name ?? null, shape, trainable: null };
}

/** As fold reports name it. */
function nameOf(node: Node): string {
  return node.name || (node.outputs.find(Boolean)?.name ?? '');
}

function producerName(value: Value): string {
  return value.producer ? nameOf(value.producer) : value.name;
}

function countOf({ constant }: Value): number {
  return constant ? sizeOf(constant.shape) : 0;
}

function untold(total: number): ParametersJson {
  return { total, trainable: null, nonTrainable: null };
}
