import { bug } from '../errors.ts';
import type { Node } from './graph.ts';

/**
 * The nodes of a graph in order. Changes are noted and carried out together when somebody looks, so that n of them in
 * a row take time in proportion to n, not to n times the length of the list.
 */
export class NodeList {
  readonly #nodes: Node[] = [];
  /** What comes where a node was: nodes in front of it, itself unless it has gone, and nodes behind it. */
  readonly #changes = new Map<Node, readonly Node[]>();

  get current(): Node[] {
    if (this.#changes.size > 0) this.#settle();
    return this.#nodes;
  }

  remove(node: Node): void {
    this.#change(node, []);
  }

  replace(node: Node, by: Node): void {
    this.#change(node, [by]);
  }

  insertBefore(node: Node, made: Node): void {
    this.#change(node, [made, node]);
  }

  insertAfter(node: Node, made: Node): void {
    this.#change(node, [node, made]);
  }

  #change(node: Node, by: readonly Node[]): void {
    const before = this.#changes.get(node) ?? [node];
    if (!before.includes(node)) bug(`${node.label} is no longer in the graph`);
    this.#changes.set(node, before.flatMap((each) => (each === node ? by : each))); // prettier-ignore
  }

  #settle(): void {
    const changed = new Set<Node>();
    const settled: Node[] = [];
    const waiting: Node[] = [];
    for (const node of this.#nodes) {
      waiting.push(node);
      for (let next; (next = waiting.pop());) {
        const by = changed.has(next) ? undefined : this.#changes.get(next);
        changed.add(next);
        if (by) waiting.push(...by.toReversed());
        else settled.push(next);
      }
    }
    for (const node of this.#changes.keys()) if (!changed.has(node)) bug(`${node.label} is not in the graph`);
    this.#changes.clear();
    refill(this.#nodes, settled);
  }
}

/** Replaces the content of a list, which may be longer than what fits into one call. */
export function refill<T>(list: T[], items: readonly T[]): void {
  list.length = 0;
  for (const item of items) list.push(item);
}
