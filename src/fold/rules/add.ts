import type { Node } from '../../onnx/graph.ts';
import { affine as affineOf, isPureScale, isPureShift, isZero, scaleOf, type Affine } from '../algebra/affine.ts';
import { add as plus, divide, exact, multiply, ONE, ZERO, type DoubleDouble } from '../algebra/double-double.ts';
import { refuse, type Facts } from '../facts.ts';
import { towardsOperand, towardsResult } from '../algebra/broadcast.ts';
import { absorbConstant, type NewOperand } from '../plan/operands.ts';
import { either, push, type Push, type Rule, type Step, type Target } from './rule.ts';

/**
 * Add, Sub, Sum and Mean of what was computed, y = Σ cᵢ · xᵢ with cᵢ = 1, −1 or 1 / n:
 *
 *   s · y + t = Σ cᵢ · (s · xᵢ + [i = k] · t / c_k)
 *
 * Behind, the scale has to go to every term, and the shift to any one of them; without a scale the others are left
 * alone. In front of one term, a shift passes, c_k · t. A scale would need all the others to have it too: that is so
 * if all terms are the same value, and can be had if the others are constants, which become 1 / s of what they were.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Add.html, …Sub.html, …Sum.html, …Mean.html
 */
const linearCombination = (opType: string): Rule => ({
  opType,

  back(node, affine, facts): Step {
    const all = [...node.inputs.keys()];
    const takers = isPureScale(affine) ? [-1] : all;
    const options = takers.map((taker) => spread(node, affine, taker, facts)).filter((option) => option !== undefined);
    if (options.length > 0) return either(options);
    return refuse(`${node.label} repeats a term along axis ${affine.axis}, along which the affine acts`);
  },

  forward(node, index, affine, facts): Step {
    const isOnly = node.inputs.every((input) => input === node.inputs[index]);
    if (isOnly && index > 0) return push();
    const operands = isOnly || isPureShift(affine) ? [] : othersOver(node, index, affine, facts);
    if (!operands) return refuse(`${node.label} adds what the scale does not reach`);
    const factor = isOnly ? total(node) : coefficient(node, index);
    const moved = affineOf(affine.axis, affine.scale, affine.shift.map((t) => multiply(factor, t))); // prettier-ignore
    const target = towardsResult(node, index, moved, facts);
    return target ? { ...push(target), operands } : refuse(`${node.label} has terms of unknown ranks`);
  },
});

export const add = linearCombination('Add');
export const sub = linearCombination('Sub');
export const sum = linearCombination('Sum');
export const mean = linearCombination('Mean');

/** The scale to every term, and the shift to the one at index `taker`. */
function spread(node: Node, affine: Affine, taker: number, facts: Facts): Push | undefined {
  const targets: Target[] = [];
  for (const index of node.inputs.keys()) {
    const own = index === taker ? withShift(affine, coefficient(node, index)) : scaleOf(affine);
    if (index !== taker && isPureShift(own)) continue;
    const target = towardsOperand(node, index, own, facts);
    if (!target) return undefined;
    targets.push(target);
  }
  return push(...targets);
}

/** All terms but one, divided by its scale; undefined unless they are constants, and no scale is 0. */
function othersOver(node: Node, index: number, { axis, scale }: Affine, facts: Facts): NewOperand[] | undefined {
  if (scale.some(isZero)) return undefined;
  const over = affineOf(axis, scale.map((s) => divide(ONE, s)), [ZERO]); // prettier-ignore
  const operands: NewOperand[] = [];
  for (const [other, value] of node.inputs.entries()) {
    if (other === index) continue;
    const constant = facts.constant(value);
    const result = towardsResult(node, index, over, facts);
    const own = result && towardsOperand(node, other, result.affine, facts);
    const operand = value && constant && own && absorbConstant(node, value, constant, own.affine);
    if (operand?.kind !== 'operand') return undefined;
    operands.push(operand);
  }
  return operands;
}

const withShift = ({ axis, scale, shift }: Affine, factor: DoubleDouble): Affine =>
  affineOf(axis, scale, shift.map((t) => divide(t, factor))); // prettier-ignore

function coefficient({ opType, inputs }: Node, index: number): DoubleDouble {
  if (opType === 'Mean') return divide(ONE, exact(inputs.length));
  return opType === 'Sub' && index === 1 ? exact(-1) : ONE;
}

const total = (node: Node): DoubleDouble =>
  [...node.inputs.keys()].reduce((all, index) => plus(all, coefficient(node, index)), ZERO);
