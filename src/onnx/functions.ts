import { EdgefoldError } from '../errors.ts';
import type { Graph, Node } from './graph.ts';
import { inlined, whyNotInlined } from './inline.ts';
import type { ModelInfo } from './model-info.ts';
import { refill } from './node-list.ts';
import { calledKey, functionReaders, type LocalFunction } from './proto/read-function.ts';
import { allGraphs, subgraphsOf } from './subgraphs.ts';

/**
 * Nodes that a model may come to have: calls in calls multiply, and a small file could ask for any number. A large one,
 * whose functions are written for it, may have more, in proportion to the nodes of its main graph.
 */
const MOST_NODES = 2 ** 14;
const MOST_NODES_EACH = 16;
/** Calls in calls. */
const DEEPEST = 128;

/** What became of the calls in one graph. */
export interface Expansion {
  /** Names of nodes that come from functions, each with the functions around it, outermost first. */
  readonly origins: ReadonlyMap<string, readonly string[]>;
  /** Functions that are still called, each with the reason. */
  readonly left: ReadonlyMap<string, string>;
  /** Why none was replaced at all. */
  readonly limit: string | undefined;
}

interface Expanding extends Expansion {
  readonly origins: Map<string, readonly string[]>;
  readonly left: Map<string, string>;
}

/** The functions of a model, read when they are first called. */
export class Functions {
  readonly #readers: ReadonlyMap<string, () => LocalFunction>;
  readonly #known = new Map<string, LocalFunction | string>();
  readonly #sizes = new Map<string, number>();

  constructor(model: ModelInfo) {
    this.#readers = functionReaders(model);
  }

  get isEmpty(): boolean {
    return this.#readers.size === 0;
  }

  /** The function that a node calls, or why it cannot be read; undefined for a node that is no call. */
  called(node: Node): LocalFunction | string | undefined {
    const key = calledKey(node);
    const read = this.#readers.get(key);
    if (!read) return undefined;
    const known = this.#known.get(key) ?? unlessCorrupt(read);
    this.#known.set(key, known);
    return known;
  }

  /**
   * Replaces the calls of the wanted functions by what they consist of, calls in these included.
   * @throws {EdgefoldError} CORRUPT if a function calls itself.
   */
  expand(root: Graph, isWanted: (key: string) => boolean): Expansion {
    const most = Math.max(MOST_NODES, MOST_NODES_EACH * [...nodesIn(root)].length);
    const isTooLarge = this.#sizeOf(root, []) > most;
    const limit = isTooLarge ? `the model would come to more than ${most} nodes` : undefined;
    const expansion: Expanding = { origins: new Map(), left: new Map(), limit };
    for (const graph of [...allGraphs(root)]) this.#expandGraph(graph, isWanted, expansion);
    return expansion;
  }

  /** Every function that the graph still calls, directly or from within another. */
  reachable(root: Graph): ReadonlyMap<string, LocalFunction | string> {
    const found = new Map<string, LocalFunction | string>();
    const queue = [root];
    for (let next; (next = queue.pop());) {
      for (const node of nodesIn(next)) {
        const callee = this.called(node);
        if (callee === undefined || found.has(calledKey(node))) continue;
        found.set(calledKey(node), callee);
        if (typeof callee !== 'string') queue.push(callee.body);
      }
    }
    return found;
  }

  #expandGraph(graph: Graph, isWanted: (key: string) => boolean, expansion: Expanding): void {
    const settled: Node[] = [];
    const waiting = graph.nodes.toReversed();
    for (let node; (node = waiting.pop());) {
      const callee = this.called(node);
      const reason = callee && (expansion.limit ?? whyLeft(node, callee, graph, isWanted));
      if (reason !== undefined) expansion.left.set(calledKey(node), reason);
      if (callee === undefined || typeof callee === 'string' || reason !== undefined) {
        settled.push(node);
        continue;
      }
      const made = this.#inline(node, callee, graph, expansion);
      for (const body of made.flatMap(bodiesOf)) this.#expandGraph(body, isWanted, expansion);
      for (const each of made.toReversed()) waiting.push(each);
    }
    refill(graph.nodes, settled);
  }

  #inline(call: Node, callee: LocalFunction, graph: Graph, { origins }: Expanding): Node[] {
    const chain = [...(origins.get(call.name) ?? []), callee.key];
    const made = inlined(call, callee, graph);
    for (const index of call.inputs.keys()) call.setInput(index, undefined);
    for (const [domain, version] of callee.opsets) {
      if (!graph.model.opsets.has(domain)) graph.model.opsets.set(domain, version);
    }
    const nodes = [...made, ...made.flatMap(bodiesOf).flatMap((body) => body.nodes)];
    for (const { name } of nodes) origins.set(name, chain);
    return made;
  }

  /** Nodes of a graph with its bodies once all calls are inlined. */
  #sizeOf(graph: Graph, path: readonly string[]): number {
    let size = 0;
    for (const node of nodesIn(graph)) {
      const callee = this.called(node);
      size += callee === undefined || typeof callee === 'string' ? 1 : this.#sizeOfFunction(callee, path);
    }
    return size;
  }

  #sizeOfFunction({ key, body }: LocalFunction, path: readonly string[]): number {
    const known = this.#sizes.get(key);
    if (known !== undefined) return known;
    if (path.includes(key)) {
      const received = [...path.slice(path.indexOf(key)), key].join(' → ');
      throw new EdgefoldError('CORRUPT', 'a function of the model calls itself', { where: key, received });
    }
    const size = path.length === DEEPEST ? Infinity : this.#sizeOf(body, [...path, key]);
    this.#sizes.set(key, size);
    return size;
  }
}

function* nodesIn(graph: Graph): Generator<Node> {
  for (const { nodes } of allGraphs(graph)) yield* nodes;
}

/** All bodies inside a node, outermost first. */
const bodiesOf = (node: Node): Graph[] => subgraphsOf(node).flatMap(({ graph }) => [...allGraphs(graph)]);

function whyLeft(call: Node, callee: LocalFunction | string, graph: Graph, isWanted: (key: string) => boolean) {
  if (typeof callee === 'string') return callee;
  return isWanted(callee.key) ? whyNotInlined(call, callee, graph) : 'nothing in it folds';
}

function unlessCorrupt(read: () => LocalFunction): LocalFunction | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof EdgefoldError) return `it cannot be read: ${error.message}`;
    throw error;
  }
}
