import type { Node, Value } from '../../onnx/graph.ts';
import { readsOf, readsSizeOnly, type Dataflow } from './dataflow.ts';
import { Sameness } from './same.ts';

/**
 * Two ways of computing the same values from the same values: nodes of the reference and nodes of the candidate, in
 * order, between values that have one name in both graphs. Whoever names a value says what it holds, so both sides
 * have to agree on every output whenever they agree on the leaves.
 */
export interface Piece {
  readonly outputs: readonly string[];
  /** Every value that either side reads; constants are not among them. */
  readonly leaves: readonly string[];
  readonly reference: readonly Node[];
  readonly candidate: readonly Node[];
}

/**
 * Cuts both graphs at the values that they share, and gives the pieces that are not alike to the bit. What has been
 * skipped is the same node on the same values, so if every piece agrees, all shared values do, outputs included.
 */
export function differingPieces(a: Dataflow, b: Dataflow, without: ReadonlySet<string>): Piece[] {
  const isShared = (name: string): boolean => {
    const [first, second] = [a.values.get(name), b.values.get(name)];
    if (without.has(name)) return false;
    return first !== undefined && second !== undefined && a.activations.has(first) && b.activations.has(second);
  };
  const sameness = new Sameness(({ name }, other) => name === other.name && isShared(name));
  const results = new Set(b.graph.outputs);
  return [...b.order.keys()]
    .flatMap(({ outputs }) => outputs)
    .filter((value) => value !== undefined)
    .filter((value) => (isShared(value.name) || results.has(value)) && a.values.get(value.name)?.producer)
    .filter((value) => !isMadeAlike(sameness, a.values.get(value.name)!, value))
    .map(({ name }) => pieceOf(name, a, b, isShared));
}

function isMadeAlike(sameness: Sameness, first: Value, second: Value): boolean {
  const [a, b] = [first.producer!, second.producer!];
  return a.outputs.indexOf(first) === b.outputs.indexOf(second) && sameness.nodes(a, b);
}

interface Fragment {
  readonly nodes: ReadonlySet<Node>;
  /** Names of the values where it begins. */
  readonly leaves: ReadonlySet<string>;
  /** Those of which it reads more than the size. */
  readonly read: ReadonlySet<string>;
}

/**
 * Goes back from one value in both graphs, as far as the next shared values. Where one side begins at a value that
 * the other does without, although it is made of what the other begins with, the first goes on through it: both have
 * to be functions of the same values.
 */
function pieceOf(name: string, a: Dataflow, b: Dataflow, isShared: (name: string) => boolean): Piece {
  const sides = [a, b].map((flow) => ({ flow, open: new Set<string>(), leaves: new Set<string>() })); // prettier-ignore
  const [first, second] = [sides[0]!, sides[1]!];
  const walk = (side: Side, other: Side): Fragment => {
    const isLeaf = (value: string) => isShared(value) && (!side.open.has(value) || other.leaves.has(value));
    const fragment = fragmentOf(side.flow, name, isLeaf);
    side.leaves = fragment.leaves;
    return fragment;
  };
  for (;;) {
    const fragments = [walk(first, second), walk(second, first)] as const;
    const grown = growsThrough(first, fragments[0], fragments[1]) || growsThrough(second, fragments[1], fragments[0]);
    if (grown) continue;
    return {
      outputs: [name],
      leaves: [...new Set([...fragments[0].leaves, ...fragments[1].leaves])].toSorted(),
      reference: inOrder(fragments[0].nodes, a),
      candidate: inOrder(fragments[1].nodes, b),
    };
  }
}

interface Side {
  readonly flow: Dataflow;
  /** Shared values that it goes through. */
  readonly open: Set<string>;
  leaves: ReadonlySet<string>;
}

/** Opens one leaf of a side that the other side does without, if it is made of leaves of the other. */
function growsThrough(side: Side, own: Fragment, other: Fragment): boolean {
  const next = [...own.read].find(
    (leaf) => !other.leaves.has(leaf) && !side.open.has(leaf) && dependsOn(side.flow, leaf, other.leaves),
  );
  if (next !== undefined) side.open.add(next);
  return next !== undefined;
}

function fragmentOf({ values, activations }: Dataflow, name: string, isLeaf: (name: string) => boolean): Fragment {
  const nodes = new Set<Node>();
  const leaves = new Set<string>();
  const read = new Set<string>();
  const queue = [values.get(name)!];
  for (let value; (value = queue.pop());) {
    const { producer } = value;
    if (!producer || nodes.has(producer)) continue;
    nodes.add(producer);
    for (const input of readsOf(producer)) {
      const isOpen = !activations.has(input) || (input.producer && !isLeaf(input.name));
      if (isOpen) queue.push(input);
      else leaves.add(input.name);
      if (!isOpen && !readsSizeOnly(producer)) read.add(input.name);
    }
  }
  return { nodes, leaves, read };
}

/** Whether elements of a value are computed from elements of any of the others. */
function dependsOn({ values }: Dataflow, name: string, others: ReadonlySet<string>): boolean {
  const seen = new Set<Value>();
  const queue = [values.get(name)!];
  for (let value; (value = queue.pop());) {
    const { producer } = value;
    if (seen.has(value) || !producer || readsSizeOnly(producer)) continue;
    seen.add(value);
    const inputs = readsOf(producer);
    if (inputs.some((input) => others.has(input.name))) return true;
    queue.push(...inputs);
  }
  return false;
}

const inOrder = (nodes: ReadonlySet<Node>, { order }: Dataflow): Node[] =>
  [...nodes].toSorted((first, second) => order.get(first)! - order.get(second)!);
