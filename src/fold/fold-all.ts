import type { Graph, Node, Value } from '../onnx/graph.ts';
import { inferTypes } from '../onnx/shapes/infer.ts';
import { allGraphs } from '../onnx/subgraphs.ts';
import { Constants } from './lift/constants.ts';
import { Facts } from './facts.ts';
import { foldWithin, type Result } from './fold-within.ts';
import { Patience } from './plan/patience.ts';
import type { Written } from './plan/materialise.ts';
import type { RemovedNode } from './report.ts';
import { mergeEqual } from './tidy/equal.ts';
import { tidy } from './tidy/tidy.ts';
import { dropUnused } from './tidy/unused.ts';
import { Workspace } from './workspace.ts';

export interface Outcome extends Result {
  readonly removed: readonly RemovedNode[];
  readonly written: readonly Written[];
  /** New labels of nodes by their old ones. */
  readonly relabelled: ReadonlyMap<string, string>;
}

/** Folds a main graph and each of its subgraphs within themselves, in place, until nothing is left to tidy up. */
export function foldAll(root: Graph, isKept: (node: Node) => boolean, overridable: ReadonlySet<Value>): Outcome {
  const types = inferTypes(root, overridable);
  const constants = new Constants(root, types, overridable);
  const graphs = [...allGraphs(root)];
  const patience = new Patience(graphs.reduce((sum, { nodes }) => sum + nodes.length, 0));
  const workOf = (graph: Graph) => new Workspace(new Facts(graph, types, constants), isKept, patience);
  const works = new Map(graphs.map((graph) => [graph, workOf(graph)]));
  const live = () => Array.from(allGraphs(root), (graph) => works.get(graph)!);
  const removed = [tidy(live())];
  const results: Result[][] = [];
  do {
    results.push(live().map(foldWithin));
    const idle = tidy(live());
    removed.push([...idle, ...mergeEqual(live(), constants)]);
  } while (removed.at(-1)!.length > 0);
  dropUnused(root, [...works.values()].flatMap(({ released }) => [...released]), constants); // prettier-ignore
  const all = results.flat();
  return {
    folds: all.flatMap(({ folds }) => folds),
    rewritten: all.flatMap(({ rewritten }) => rewritten),
    kept: results.at(-1)!.flatMap(({ kept }) => kept),
    removed: removed.flat(),
    relabelled: new Map([...works.values()].flatMap(({ relabelled }) => [...relabelled])),
    written: writtenIn(root, [...works.values()]),
  };
}

/** What has been written and not been written over since. */
function writtenIn(root: Graph, works: readonly Workspace[]): Written[] {
  const names = new Set([...allGraphs(root)].flatMap(({ initializers }) => initializers.map(({ name }) => name)));
  return works.flatMap(({ written }) => written.filter(({ name }) => names.has(name)));
}
