import type { Node, Value } from '../../onnx/graph.ts';
import { isStandard } from '../../onnx/shapes/infer.ts';
import { subgraphsOf } from '../../onnx/subgraphs.ts';
import type { RemovedNode } from '../report.ts';
import { mayTrain } from '../rules/identity.ts';
import type { Workspace } from '../workspace.ts';

/**
 * Takes out what does nothing: nodes whose outputs nobody reads, and Identities and Dropouts of a model that does not
 * train. `works` are a main graph and all of its subgraphs.
 *
 * An Identity stays where it gives a second name to a value that has to keep its first: between an input and an
 * output, or between two outputs. Operators of foreign domains stay, since they may do more than compute.
 */
export function tidy(works: readonly Workspace[]): RemovedNode[] {
  return [...removeUnread(works), ...works.flatMap((work) => [...bypassInner(work), ...bypassInFrontOfOutputs(work)])];
}

function removeUnread(works: readonly Workspace[]): RemovedNode[] {
  const asked = new Set(works.flatMap(({ graph }) => graph.outputs));
  const homes = new Map(works.flatMap((work) => work.graph.nodes.map((node): [Node, Workspace] => [node, work])));
  const queue = [...homes.keys()];
  const removed: RemovedNode[] = [];
  for (let node; (node = queue.pop());) {
    const work = homes.get(node);
    if (!work || !isUnread(node, asked) || !isPure(node, work) || work.isKept(node)) continue;
    for (const inner of insideOut(node)) {
      homes.delete(inner);
      queue.push(...inner.inputs.flatMap((value) => value?.producer ?? []));
      if (inner !== node) work.disconnect(inner);
    }
    work.remove(node);
    removed.push({ ...nameOf(node), reason: 'nothing reads it' });
  }
  return removed;
}

const isUnread = ({ outputs }: Node, asked: ReadonlySet<Value>): boolean =>
  outputs.length > 0 && outputs.every((output) => !output || (output.uses.size === 0 && !asked.has(output)));

/** Standard operators and the functions of the model, which consist of such. */
function isPure(node: Node, { graph }: Workspace): boolean {
  const { functions } = graph.model;
  return isStandard(node, graph) || functions.has(`${node.domain}:${node.opType}`) || node.domain === 'ai.onnx.ml';
}

/** A node and all that sits in its bodies. */
function* insideOut(node: Node): Generator<Node> {
  for (const { graph } of subgraphsOf(node)) for (const inner of graph.nodes) yield* insideOut(inner);
  yield node;
}

function bypassInner(work: Workspace): RemovedNode[] {
  return work.graph.nodes.flatMap((node) => {
    const [x, y] = [node.inputs[0], node.outputs[0]];
    if (!x || !y || work.graph.isOutput(y) || !doesNothing(node, work)) return [];
    if (!work.facts.shape(x)) work.facts.copyType(y, x);
    work.bypass(node, x);
    return [{ ...nameOf(node), reason: 'it does nothing' }];
  });
}

/** In the order of the outputs, of which the first takes the name where there are several for one value. */
function bypassInFrontOfOutputs(work: Workspace): RemovedNode[] {
  return [...work.graph.outputs].flatMap((y) => {
    const node = y.producer;
    const x = node?.inputs[0];
    if (!node || !x?.producer || y !== node.outputs[0] || !doesNothing(node, work)) return [];
    if (!work.owns(node) || !work.owns(x.producer) || work.graph.isOutput(x)) return [];
    work.remove(node);
    work.rename(x, y);
    return [{ ...nameOf(node), reason: 'it does nothing' }];
  });
}

function doesNothing(node: Node, { facts, graph }: Workspace): boolean {
  if (!isStandard(node, graph)) return false;
  if (node.opType === 'Identity') return true;
  const mask = node.outputs[1];
  const isMasked = mask !== undefined && (mask.uses.size > 0 || graph.isOutput(mask));
  return node.opType === 'Dropout' && !isMasked && !mayTrain(node, facts);
}

/** What reports call a node. */
export const nameOf = ({ name, opType, outputs }: Node) => ({
  name: name || (outputs.find(Boolean)?.name ?? ''),
  opType,
});
