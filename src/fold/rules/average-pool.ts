import type { Node, Value } from '../../onnx/graph.ts';
import { windowsOf } from '../../onnx/shapes/window.ts';
import { isPureScale, isUniform, type Affine } from '../algebra/affine.ts';
import { refuse, type Facts } from '../facts.ts';
import { push, type Rule, type Step } from './rule.ts';

/**
 * AveragePool and GlobalAveragePool: a mean of s · x + t is s · mean(x) + t, as its weights add up to 1. They do not
 * where padded zeros count (`count_include_pad`): those have no shift, so only a scale passes. With `ceil_mode` a
 * window may hang over the end, and runtimes differ on whether that part counts, so again only a scale passes then.
 *
 * Shapes: x `[N, C, …]`, pooled behind axis 1; the affine must act in front of that.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__AveragePool.html
 */
export const averagePool: Rule = {
  opType: 'AveragePool',
  back: (node, affine, facts) => passed(node, affine, node.inputs[0]!, countsPadding(node, facts)),
  forward: (node, _, affine, facts) => passed(node, affine, node.outputs[0]!, countsPadding(node, facts)),
};

export const globalAveragePool: Rule = {
  opType: 'GlobalAveragePool',
  back: (node, affine) => passed(node, affine, node.inputs[0]!, false),
  forward: (node, _, affine) => passed(node, affine, node.outputs[0]!, false),
};

function passed(node: Node, affine: Affine, value: Value, countsZeros: boolean): Step {
  if (!isUniform(affine) && affine.axis > 1) return refuse(`${node.label} pools along axis ${affine.axis}`);
  if (isPureScale(affine) || !countsZeros) return push({ value, affine });
  return refuse(`${node.label} averages padded zeros too, which the shift would not reach`);
}

function countsPadding(node: Node, facts: Facts): boolean {
  if (node.int('count_include_pad', 0) === 0) return false;
  if (node.int('ceil_mode', 0) !== 0) return true;
  const windows = windowsOf(node, node.ints('kernel_shape') ?? [], facts.shape(node.inputs[0])?.slice(2));
  return windows.some(({ pads }) => pads?.[0] !== 0 || pads[1] !== 0);
}
