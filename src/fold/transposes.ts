import { ints } from '../onnx/attribute.ts';
import type { Node, Value } from '../onnx/graph.ts';
import { isStandard } from '../onnx/shapes/infer.ts';
import type { Fold } from './report.ts';
import { permutationOf } from './rules/transpose.ts';
import type { Workspace } from './workspace.ts';

/**
 * Two Transposes one behind the other are one: axis i of the second is axis p[i] of the first and so axis q[p[i]] of
 * what the first reads. Where that is i itself, as around a BatchNormalization that has been folded away, none is left.
 *
 * The value behind the pair keeps its name and what it holds; the first Transpose stays where others read it.
 */
export function mergeTransposes(work: Workspace): Fold[] {
  const folds: Fold[] = [];
  for (const second of work.graph.nodes.filter(({ opType }) => opType === 'Transpose')) {
    const first = second.inputs[0]?.producer;
    const perm = first && work.owns(second) ? composed(first, second, work) : undefined;
    const [x, y] = [first?.inputs[0], second.outputs[0]];
    if (!first || !perm || !x || !y) continue;
    const isIdentity = perm.every((axis, i) => axis === i);
    if (isIdentity && !replace(second, x, y, work)) continue;
    if (!isIdentity) work.replace(second, { inputs: [x], attributes: new Map([['perm', ints(perm)]]) });
    if (first.outputs.every((value) => !value || (value.uses.size === 0 && !work.graph.isOutput(value))))
      work.remove(first);
    folds.push({
      name: second.name || y.name,
      opType: 'Transpose',
      direction: 'back',
      way: 'transpose',
      through: [],
      into: [first.label],
    });
  }
  return folds;
}

/** Makes the readers of y read x; an output of the graph keeps its name, which x then takes. */
function replace(node: Node, x: Value, y: Value, work: Workspace): boolean {
  if (!work.graph.isOutput(y)) {
    work.bypass(node, x);
    return true;
  }
  if (!x.producer || !work.owns(x.producer) || work.graph.isOutput(x)) return false;
  work.remove(node);
  work.rename(x, y);
  return true;
}

function composed(first: Node, second: Node, work: Workspace): number[] | undefined {
  const standard = [first, second].every((node) => work.owns(node) && isStandard(node, work.graph));
  if (!standard || first.opType !== 'Transpose') return undefined;
  const [q, p] = [permutationOf(first, work.facts), permutationOf(second, work.facts)];
  return q && p?.length === q.length ? p.map((axis) => q[axis]!) : undefined;
}
