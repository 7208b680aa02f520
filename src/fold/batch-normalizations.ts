import type { Graph, Node } from '../onnx/graph.ts';
import { isStandard } from '../onnx/shapes/infer.ts';
import { allGraphs } from '../onnx/subgraphs.ts';

/** The BatchNormalizations of a graph and its bodies that are the ones of the standard. */
export function batchNormalizationsIn(root: Graph): Node[] {
  return Array.from(allGraphs(root), (graph) =>
    graph.nodes.filter((node) => node.opType === 'BatchNormalization' && isStandard(node, graph)),
  ).flat();
}
