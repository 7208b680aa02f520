import type { Node, Value } from '../../onnx/graph.ts';
import { along, isUniform, type Affine } from './affine.ts';
import type { Facts } from '../facts.ts';
import type { Target } from '../rules/rule.ts';

/**
 * Elementwise operators align their operands from the right: axis a of an operand of rank r is axis a + R − r of y.
 * An affine that varies along an axis belongs to an operand only if that has the whole axis; an operand of size 1
 * there is repeated, and has no room for it. A uniform affine is at home everywhere.
 *
 * Source: https://onnx.ai/onnx/repo-docs/Broadcasting.html (since opset 7; before, an attribute aligned the second)
 */
export function towardsOperand(node: Node, index: number, affine: Affine, facts: Facts): Target | undefined {
  const value = node.inputs[index];
  if (!value || (facts.opset < 7 && node.int('broadcast', 0) !== 0)) return undefined;
  if (isUniform(affine)) return { value, affine };
  const [own, result] = [facts.shape(value), facts.shape(node.outputs[0])];
  const axis = own && result ? affine.axis - result.length + own.length : NaN;
  return own?.[axis] === affine.scale.length ? { value, affine: along(affine, axis) } : undefined;
}

/** The affine of one operand as one of y. */
export function towardsResult(node: Node, index: number, affine: Affine, facts: Facts): Target | undefined {
  const value: Value | undefined = node.outputs[0];
  if (!value || (facts.opset < 7 && node.int('broadcast', 0) !== 0)) return undefined;
  if (isUniform(affine)) return { value, affine };
  const [own, result] = [facts.rank(node.inputs[index]), facts.rank(value)];
  return own === undefined || result === undefined
    ? undefined
    : { value, affine: along(affine, affine.axis + result - own) };
}
