import type { Graph, Node } from '../../onnx/graph.ts';
import { allGraphs, subgraphsOf } from '../../onnx/subgraphs.ts';
import { dataflowOf, readsOf, type Dataflow } from './dataflow.ts';
import { differingPieces, type Piece } from './pieces.ts';

/** A part of the network that the candidate computes in another way, with the folds that made it so. */
export interface Region {
  /** In the order of the candidate; those that begin at the same values are one. */
  readonly pieces: readonly Piece[];
  /** Names of the folded nodes, as the fold report has them. */
  readonly folds: readonly string[];
}

/** A node that is said to have been folded: its name, or that of its first output where it has none. */
export interface FoldedNode {
  readonly name: string;
}

export interface Regions {
  readonly a: Dataflow;
  readonly b: Dataflow;
  readonly regions: readonly Region[];
  /** Folds that lie in no region, so that nothing would vouch for them. */
  readonly uncovered: readonly string[];
}

/**
 * Compares two graphs without trusting whoever made one of them from the other: every difference between them lies in
 * exactly one region, whatever the report of the folds says. Names in `without` say nothing about their values.
 */
export function regionsOf(
  reference: Graph,
  candidate: Graph,
  folds: readonly FoldedNode[] = [],
  without: ReadonlySet<string> = new Set(),
): Regions {
  const [a, b] = [dataflowOf(reference), dataflowOf(candidate)];
  const names = [...new Set(folds.map(({ name }) => name))];
  const order = new Map(names.map((name, index) => [name, index]));
  const regions = groupsOf(differingPieces(a, b, without), a, b).map((pieces) => {
    const inside = new Set(pieces.flatMap((piece) => piece.reference.flatMap(namesOf)));
    const folded = [...inside].flatMap((name) => order.get(name) ?? []).toSorted((first, second) => first - second);
    return { pieces: joined(pieces, a, b), folds: folded.map((index) => names[index]!) };
  });
  const covered = new Set(regions.flatMap((region) => region.folds));
  const missing = names.filter((name) => !covered.has(name));
  const live = new Set(missing.length === 0 ? [] : liveNodes(a).flatMap(namesOf));
  return { a, b, regions, uncovered: missing.filter((name) => live.has(name)) };
}

/** Pieces that have a node in common belong together, unless it only computes constants. */
function groupsOf(pieces: readonly Piece[], a: Dataflow, b: Dataflow): Piece[][] {
  const groupOf = new Map<Node, number>();
  const parents = pieces.map((_, index) => index);
  const rootOf = (index: number): number => {
    while (parents[index] !== index) index = parents[index] = parents[parents[index]!]!;
    return index;
  };
  for (const [index, piece] of pieces.entries()) {
    for (const node of [...moving(piece.reference, a), ...moving(piece.candidate, b)]) {
      const met = groupOf.get(node);
      if (met === undefined) groupOf.set(node, index);
      else parents[rootOf(index)] = rootOf(met);
    }
  }
  return [...grouped(pieces, (_, index) => rootOf(index)).values()];
}

/** Nodes that compute activations. */
const moving = (nodes: readonly Node[], { activations }: Dataflow): Node[] =>
  nodes.filter(({ outputs }) => outputs.some((output) => output && activations.has(output)));

/** Makes one of all pieces that begin at the same values. */
function joined(pieces: readonly Piece[], a: Dataflow, b: Dataflow): Piece[] {
  const byLeaves = grouped(pieces, ({ leaves }) => JSON.stringify(leaves));
  return [...byLeaves.values()].map((alike) => ({
    outputs: alike.flatMap(({ outputs }) => outputs),
    leaves: alike[0]!.leaves,
    reference: inOrder(new Set(alike.flatMap(({ reference }) => reference)), a),
    candidate: inOrder(new Set(alike.flatMap(({ candidate }) => candidate)), b),
  }));
}

const inOrder = (nodes: ReadonlySet<Node>, { order }: Dataflow): Node[] =>
  [...nodes].toSorted((first, second) => order.get(first)! - order.get(second)!);

function grouped<T, K>(items: readonly T[], keyOf: (item: T, index: number) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const [index, item] of items.entries()) {
    const key = keyOf(item, index);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** What a report may call a node, and the nodes of its bodies. */
function namesOf(node: Node): string[] {
  const inner = subgraphsOf(node).flatMap(({ graph }) => [...allGraphs(graph)].flatMap(({ nodes }) => nodes));
  return [node, ...inner].map(({ name, outputs }) => name || (outputs.find(Boolean)?.name ?? ''));
}

/** Nodes on which an output of the graph depends. */
function liveNodes({ graph }: Dataflow): Node[] {
  const live = new Set<Node>();
  const queue = graph.outputs.flatMap(({ producer }) => producer ?? []);
  for (let node; (node = queue.pop());) {
    if (live.has(node)) continue;
    live.add(node);
    queue.push(...readsOf(node).flatMap(({ producer }) => producer ?? []));
  }
  return [...live];
}
