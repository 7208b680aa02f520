import { ints } from '../../onnx/attribute.ts';
import type { Node, Value } from '../../onnx/graph.ts';
import { isStandard } from '../../onnx/shapes/infer.ts';
import { isElementwise, onlyReader } from '../plan/elementwise.ts';
import type { Fold } from '../report.ts';
import { permutationOf } from '../rules/transpose.ts';
import type { Workspace } from '../workspace.ts';

/**
 * Two Transposes one behind the other are one: axis i of the second is axis p[i] of the first and so axis q[p[i]] of
 * what the first reads. Where that is i itself, as around a BatchNormalization that has been folded away, none is left.
 * Elementwise operators between the two, such as an activation, do the same to the elements in any order.
 *
 * The value behind the pair keeps its name and what it holds, those between the two get new ones; the first Transpose
 * stays where others read it.
 */
export function mergeTransposes(work: Workspace): Fold[] {
  const folds: Fold[] = [];
  for (const second of work.graph.nodes.filter((node) => isTranspose(node, work))) {
    const pair = work.owns(second) ? pairOf(second, work) : undefined;
    if (!pair || !merge(pair, work)) continue;
    folds.push({
      name: second.name || pair.y.name,
      opType: 'Transpose',
      direction: 'back',
      way: 'transpose',
      through: pair.between.map(({ label }) => label),
      into: [pair.first.label],
    });
  }
  return folds;
}

/** Elementwise operators in a row: a GELU or a Mish written out has nine. */
const MOST_BETWEEN = 64;

interface Pair {
  readonly first: Node;
  /** Elementwise nodes between the two, in order. */
  readonly between: readonly Node[];
  readonly second: Node;
  /** What the first reads and the second writes. */
  readonly x: Value;
  readonly y: Value;
  readonly perm: readonly number[];
}

const isTranspose = (node: Node, work: Workspace) => node.opType === 'Transpose' && isStandard(node, work.graph);

function pairOf(second: Node, work: Workspace): Pair | undefined {
  const between: Node[] = [];
  let first = second.inputs[0]?.producer;
  while (first && between.length < MOST_BETWEEN && isElementwise(first, work) && onlyReader(first.outputs[0], work)) {
    between.unshift(first);
    first = first.inputs[0]?.producer;
  }
  const [x, y] = [first?.inputs[0], second.outputs[0]];
  if (!first || !x || !y || !work.owns(first) || !isTranspose(first, work)) return undefined;
  if (between.length > 0 && !onlyReader(first.outputs[0], work)) return undefined;
  const [q, p] = [permutationOf(first, work.facts), permutationOf(second, work.facts)];
  if (!q || p?.length !== q.length) return undefined;
  return { first, between, second, x, y, perm: p.map((axis) => q[axis]!) };
}

function merge({ first, between, second, x, y, perm }: Pair, work: Workspace): boolean {
  const end = between.at(-1)?.outputs[0] ?? x;
  const isIdentity = perm.every((axis, i) => axis === i);
  if (isIdentity && between.length === 0 && !canTakeName(x, y, work)) return false;
  const [entry] = between;
  entry?.setInput(0, x);
  if (!isIdentity) work.replace(second, { inputs: [end], attributes: new Map([['perm', ints(perm)]]) });
  else if (work.graph.isOutput(y)) rename(second, end, y, work);
  else work.bypass(second, end);
  for (const node of between) renewTyped(node.outputs[0]!, x, work);
  if (first.outputs.every((value) => !value || (value.uses.size === 0 && !work.graph.isOutput(value))))
    work.remove(first);
  return true;
}

/** An output of the graph keeps its name, which x then takes. */
function canTakeName(x: Value, y: Value, work: Workspace): boolean {
  if (!work.graph.isOutput(y)) return true;
  return x.producer !== undefined && work.owns(x.producer) && !work.graph.isOutput(x);
}

function rename(node: Node, x: Value, y: Value, work: Workspace): void {
  work.remove(node);
  work.rename(x, y);
}

/** A new name for a value whose elements are in another order now, that of `like`. */
export function renewTyped(value: Value, like: Value, work: Workspace): void {
  const { producer } = value;
  if (!producer || !work.owns(producer) || !producer.outputs.includes(value)) return;
  work.facts.copyType(like, value);
  work.renew(value);
}
