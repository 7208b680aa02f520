import type { Graph, Node, Value } from '../../onnx/graph.ts';
import { ruleOf } from '../rules/index.ts';

/** Who reads the elements of a value, and not only its size. */
export interface Readers {
  readonly first: Node | undefined;
  /** The next that is another node. */
  readonly other: Node | undefined;
  /** Whether the first reads it in more than one place. */
  readonly isTwice: boolean;
}

/** Any number of sites may ask who else reads the one value that they all begin with. */
export class ReaderIndex {
  readonly #graph: Graph;
  readonly #shared = new Map<Value, Readers>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  of(value: Value): Readers {
    const known = this.#shared.get(value);
    if (known?.first?.inputs.includes(value) && known.other?.inputs.includes(value)) return known;
    const found = this.#find(value);
    if (found.other) this.#shared.set(value, found);
    return found;
  }

  #find({ uses }: Value): Readers {
    let first: Node | undefined;
    let isTwice = false;
    for (const { node } of uses) {
      if (ruleOf(node, this.#graph)?.ignoresElements) continue;
      if (first && node !== first) return { first, other: node, isTwice };
      isTwice = first !== undefined;
      first = node;
    }
    return { first, other: undefined, isTwice };
  }
}
