import type { Graph } from '../../onnx/graph.ts';
import type { PartJson } from '../json.ts';

export type LayerNodes = ReadonlyMap<string, NonNullable<PartJson['nodes']>>;

/**
 * The nodes that each layer has become, in their order. Export names a node after its layer, `layer` or `layer/part`;
 * later calls of a layer, or of a model around it, add `_1`, `_2`, … to a name of the path. The layer with the longest
 * name that fits has it.
 */
export function nodesByLayer(graph: Graph, paths: ReadonlySet<string>): LayerNodes {
  const nodes = new Map<string, { name: string; opType: string }[]>();
  for (const node of graph.nodes) {
    const name = node.name || (node.outputs.find(Boolean)?.name ?? '');
    const path = layerOf(name, paths);
    if (path === undefined) continue;
    const own = nodes.get(path) ?? [];
    own.push({ name, opType: node.opType });
    nodes.set(path, own);
  }
  return nodes;
}

function layerOf(name: string, paths: ReadonlySet<string>): string | undefined {
  const parts = name.split('/');
  for (let length = parts.length; length > 0; length--) {
    const path = parts.slice(0, length).join('/');
    const first = path.replaceAll(/_\d+(?=\/|$)/g, '');
    const found = [path, path.replace(/_\d+$/, ''), first].find((candidate) => paths.has(candidate));
    if (found !== undefined) return found;
  }
  return undefined;
}
