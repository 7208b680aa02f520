import type { Node, Value } from '../../onnx/graph.ts';
import { normalAxis } from '../../onnx/shapes/dims.ts';
import { isUniform, type Affine } from '../algebra/affine.ts';
import { refuse, type Facts } from '../facts.ts';
import { push, type Rule, type Step } from './rule.ts';

/**
 * Resize and Upsample: each element of y is a mean of elements of x whose weights add up to 1 (`nearest`, `linear`
 * and `cubic` alike, at the border too), so s · x + t becomes s · y + t for any s and t. Only `tf_crop_and_resize`
 * fills in a value of its own. The affine's axis must not be resized itself: its scale is 1, or its given size the
 * one it has. That x and y have the same size there is no proof, since 6 · 1.1 is rounded to 6 too.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Resize.html, https://onnx.ai/onnx/operators/onnx__Upsample.html
 */
const resized = (opType: string): Rule => ({
  opType,
  back: (node, affine, facts) => passed(node, affine, node.inputs[0]!, facts),
  forward: (node, index, affine, facts) => {
    if (index !== 0) return refuse(`${node.label} reads it as its scales or sizes`);
    return passed(node, affine, node.outputs[0]!, facts);
  },
});

export const resize = resized('Resize');
export const upsample = resized('Upsample');

function passed(node: Node, affine: Affine, value: Value, facts: Facts): Step {
  if (node.string('coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize') {
    return refuse(`${node.label} crops, and fills in a value of its own`);
  }
  if (isUniform(affine) || keepsAxis(node, affine.axis, facts)) return push({ value, affine });
  return refuse(`${node.label} may resize axis ${affine.axis}, along which the affine acts`);
}

function keepsAxis(node: Node, axis: number, facts: Facts): boolean {
  const shape = facts.shape(node.inputs[0]);
  if (!shape) return false;
  const axes = node.ints('axes')?.map((own) => normalAxis(own, shape.length)) ?? [...shape.keys()];
  const at = axes.indexOf(axis);
  if (at < 0) return node.ints('axes') !== undefined;
  const stretches = node.string('keep_aspect_ratio_policy', 'stretch') === 'stretch';
  const size = node.opType === 'Resize' && facts.opset >= 11 ? facts.numbers(node.inputs[3]) : undefined;
  if (size?.length) return stretches && size.length === axes.length && size[at] === shape[axis];
  const scales = scalesOf(node, facts);
  return scales?.length === axes.length && scales[at] === 1;
}

/** An attribute until opset 8, input 1 in 9 and 10, input 2 since. */
function scalesOf(node: Node, facts: Facts): readonly number[] | undefined {
  const given = node.attributes.get('scales');
  if (given?.kind === 'floats') return given.value;
  return facts.numbers(node.inputs[node.opType === 'Upsample' || facts.opset < 11 ? 1 : 2]);
}
