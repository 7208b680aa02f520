import { int } from '../../onnx/attribute.ts';
import type { Node } from '../../onnx/graph.ts';
import { isPureScale } from '../algebra/affine.ts';
import type { Numbers } from '../lift/constants.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import { fits, type Linear } from '../algebra/linear.ts';
import { absorb, type Rule, type Step } from './rule.ts';

/**
 * MatMul with one constant factor W. On the right of x, W acts along the last axis i of x and makes the last axis j of
 * y; on the left of x, it acts along the last but one of x and makes the last but one of y:
 *
 *   s ⊙ (x W) + t = x (W diag(s)) + t           W′[i, j] = W[i, j] · s[j]                        b′ = t
 *   (s ⊙ x + t) W = x (diag(s) W) + tᵀ W        W′[i, j] = s[i] · W[i, j]                        b′ = tᵀ W
 *   s ⊙ (W x) + t = (diag(s) W) x + t           W′[j, i] = s[j] · W[j, i]                        b′ = t
 *   W (s ⊙ x + t) = (W diag(s)) x + W t         W′[j, i] = W[j, i] · s[i]                        b′ = W t
 *
 * Shapes: x `[…, K]`, W `[…, K, N]`, y `[…, N]`, b `[N]`; or W `[…, M, K]`, x `[…, K, N]`, y `[…, M, N]`, b `[M, 1]`.
 * W may be a stack of matrices, which are scaled alike; a shift in front would be another one behind each of them.
 * The axis has to be the right one: a BatchNormalization right behind a MatMul of rank 3 acts along axis 1, which with
 * W on the right is a row of x, whatever its size. A bias makes two matrices a Gemm, else an Add follows.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__MatMul.html
 */
export const matMul: Rule = {
  opType: 'MatMul',

  back(node, affine, facts): Step {
    const side = sideOf(node, facts);
    if (side.kind === 'refuse') return side;
    const axis = side.axisOf(facts.rank(node.outputs[0]));
    if (fits(affine, axis, side.linear.outputs)) return absorb(side.linear, affine);
    return refuse(`${node.label} makes its features along ${side.name}, and the affine acts along axis ${affine.axis}`);
  },

  forward(node, index, affine, facts): Step {
    const side = sideOf(node, facts);
    if (side.kind === 'refuse') return side;
    if (index !== side.input) return refuse(`${node.label} reads it as its constant factor`);
    const axis = side.axisOf(facts.rank(node.inputs[index]));
    if (!fits(affine, axis, side.linear.inputs))
      return refuse(`${node.label} multiplies along ${side.name}, and the affine acts along axis ${affine.axis}`);
    if (isPureScale(affine) || side.matrices === 1) return absorb(side.linear, affine);
    return refuse(`${node.label} multiplies by ${side.matrices} matrices, which would make as many shifts`);
  },

  write(node, { linear, weight, bias }, graph) {
    const [a, b] = node.inputs;
    const inputs = linear.weightInput === 1 ? [a, weight ?? b] : [weight ?? a, b];
    const broadcast = graph.opset < 7 ? { broadcast: int(1) } : {};
    if (!bias) graph.replace(node, { inputs });
    else if (becomesGemm(node, linear, graph.facts))
      graph.replace(node, {
        opType: 'Gemm',
        inputs: [...inputs, bias],
        attributes: new Map(Object.entries(broadcast)),
      });
    else graph.append(graph.replace(node, { inputs }), 'Add', bias, broadcast);
  },

  biasNodes: 1,
  becomesBiased: becomesGemm,
};

/** Gemm multiplies two matrices and adds a bias to each row. */
function becomesGemm({ inputs: [a, b] }: Node, { weightInput }: Linear, facts: Facts): boolean {
  return weightInput === 1 && facts.rank(a) === 2 && facts.rank(b) === 2;
}

interface Side {
  readonly kind: 'side';
  readonly linear: Linear;
  /** Which input is x. */
  readonly input: 0 | 1;
  readonly matrices: number;
  /** The axis of x and of y that W works on; NaN, which is none, where the rank is unknown. */
  readonly axisOf: (rank: number | undefined) => number;
  readonly name: string;
}

function sideOf(node: Node, facts: Facts): Side | Refusal {
  const [left, right] = [facts.constant(node.inputs[0]), facts.constant(node.inputs[1])];
  if (right && right.shape.length >= 2) return rightOf(right);
  const rank = facts.rank(node.inputs[1]) ?? NaN;
  if (left && left.shape.length >= 2 && !right && rank >= 2) return leftOf(left);
  return refuse(`${node.label} has no constant matrix as a factor`);
}

function rightOf(weight: Numbers): Side {
  const [inputs, outputs] = weight.shape.slice(-2) as [number, number];
  const rows = weight.shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const channels = { inputOf: (row: number) => row % inputs, outputOf: (_: number, column: number) => column };
  const linear = { ...stack(weight, rows, outputs), inputs, outputs, ...channels, weightInput: 1 };
  return { kind: 'side', linear, input: 0, matrices: rows / inputs, axisOf: (rank = NaN) => rank - 1, name: 'the last axis' }; // prettier-ignore
}

function leftOf(weight: Numbers): Side {
  const [outputs, inputs] = weight.shape.slice(-2) as [number, number];
  const rows = weight.shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const channels = { inputOf: (_: number, column: number) => column, outputOf: (row: number) => row % outputs };
  const linear = { ...stack(weight, rows, inputs), inputs, outputs, ...channels, weightInput: 0, storedBias: [outputs, 1] }; // prettier-ignore
  return { kind: 'side', linear, input: 1, matrices: rows / outputs, axisOf: (rank = NaN) => rank - 2, name: 'the last axis but one' }; // prettier-ignore
}

const stack = (weight: Numbers, rows: number, columns: number) =>
  ({ kind: 'linear', weight, rows, columns, taps: 1, alpha: 1, beta: 1, bias: undefined }) as const;
