import type { Dim } from '../../tensor.ts';
import type { Graph, Node } from '../graph.ts';
import { subgraphsOf } from '../subgraphs.ts';
import { inferTypes, isStandard } from './infer.ts';
import type { Types } from './types.ts';

/** Of a node, the multiplications that a run takes. Undefined where a shape that decides is not known. */
type CostRule = (node: Node, types: Types) => number | undefined;

/**
 * Multiply-accumulates of one run, every symbolic dimension 1: those of products and convolutions, beside which all
 * else is little. A body of a Loop or Scan counts once and all branches of an If count, because nobody knows how often
 * they run.
 *
 * @returns undefined if the shapes of a node that counts are not known.
 */
export function multiplicationsOf(graph: Graph): number | undefined {
  const types = inferTypes(graph);
  const sum = (part: Graph): number =>
    part.nodes.reduce((total, node) => {
      const own = isStandard(node, part) ? COSTS.get(node.opType)?.(node, types) : 0;
      const bodies = subgraphsOf(node).reduce((inside, { graph: body }) => inside + sum(body), 0);
      return total + (COSTS.has(node.opType) ? (own ?? NaN) : 0) + bodies;
    }, 0);
  const total = sum(graph);
  return Number.isNaN(total) ? undefined : total;
}

const inputShape = (node: Node, types: Types, index: number) => types.shape(node.inputs[index] ?? undefined);
const outputShape = (node: Node, types: Types) => types.shape(node.outputs[0] ?? undefined);

/** Elements, symbolic dimensions 1. */
const count = (shape: readonly Dim[] | undefined): number | undefined =>
  shape?.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), 1);

const times = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a * b;

/** y [N, M, …], W [M, C/group, …kernel]: each y is a sum over C/group and the kernel. */
const conv =
  (weight: number): CostRule =>
  (node, types) =>
    times(count(outputShape(node, types)), count(inputShape(node, types, weight)?.slice(1)));

/** x [N, C, …], W [C, M/group, …kernel]: each x goes into M/group times the kernel. */
const convTranspose: CostRule = (node, types) =>
  times(count(inputShape(node, types, 0)), count(inputShape(node, types, 1)?.slice(1)));

/** A [… , K] · B: each y is a sum over K. */
const matMul: CostRule = (node, types) =>
  times(count(outputShape(node, types)), count(inputShape(node, types, 0)?.slice(-1)));

/** y [M, N]; K is the dimension of A that is not M. */
const gemm: CostRule = (node, types) => {
  const a = inputShape(node, types, 0);
  const inner = node.int('transA', 0) === 0 ? a?.slice(1) : a?.slice(0, 1);
  return times(count(outputShape(node, types)), count(inner));
};

/** X [steps, batch, input], W [directions, gates·hidden, input], R [directions, gates·hidden, hidden]. */
const recurrent: CostRule = (node, types) => {
  const weights = [1, 2].map((index) => count(inputShape(node, types, index)));
  const [kernel, recurrence] = weights;
  if (kernel === undefined || recurrence === undefined) return undefined;
  return times(count(inputShape(node, types, 0)?.slice(0, 2)), kernel + recurrence);
};

const COSTS: ReadonlyMap<string, CostRule> = new Map([
  ['Conv', conv(1)],
  ['ConvInteger', conv(1)],
  ['QLinearConv', conv(3)],
  ['ConvTranspose', convTranspose],
  ['MatMul', matMul],
  ['MatMulInteger', matMul],
  ['QLinearMatMul', matMul],
  ['Gemm', gemm],
  ['LSTM', recurrent],
  ['GRU', recurrent],
  ['RNN', recurrent],
]);
