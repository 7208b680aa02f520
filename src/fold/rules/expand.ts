import type { Node } from '../../onnx/graph.ts';
import { isUniform, MOST_ENTRIES, pick, type Affine } from '../algebra/affine.ts';
import { towardsOperand, towardsResult } from '../algebra/broadcast.ts';
import { refuse, type Facts } from '../facts.ts';
import { push, type Rule, type Step } from './rule.ts';

/**
 * Expand and Tile repeat x: Expand along axes of size 1 and new ones in front, aligned from the right, Tile each axis
 * as often as it is told. Along an axis that is not repeated an affine passes both ways. In front of a Tile that
 * repeats its axis, the vector is repeated too.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Expand.html, https://onnx.ai/onnx/operators/onnx__Tile.html
 */
export const expand: Rule = {
  opType: 'Expand',

  back(node, affine, facts): Step {
    const target = towardsOperand(node, 0, affine, facts);
    return target ? push(target) : refuse(`${node.label} repeats x along axis ${affine.axis}`);
  },

  forward(node, index, affine, facts): Step {
    if (index !== 0) return refuse(`${node.label} reads it as a shape`);
    const target = towardsResult(node, 0, affine, facts);
    return target ? push(target) : refuse(`${node.label} expands a tensor of unknown rank`);
  },
};

export const tile: Rule = {
  opType: 'Tile',

  back(node, affine, facts): Step {
    if (isUniform(affine) || timesAlong(node, affine, facts) === 1) return push({ value: node.inputs[0]!, affine });
    return refuse(`${node.label} may repeat x along axis ${affine.axis}`);
  },

  forward(node, index, affine, facts): Step {
    if (index !== 0) return refuse(`${node.label} reads it as its repeats`);
    const value = node.outputs[0]!;
    if (isUniform(affine)) return push({ value, affine });
    const times = timesAlong(node, affine, facts);
    const length = affine.scale.length * (times ?? NaN);
    if (!(length > 0 && length <= MOST_ENTRIES)) return refuse(`${node.label} repeats x an unknown number of times`);
    const indices = Array.from({ length }, (_, index) => index % affine.scale.length);
    return push({ value, affine: pick(affine, indices) });
  },
};

/** How often the axis of the affine is repeated; opset 1 has one number of tiles and one axis. */
function timesAlong(node: Node, { axis }: Affine, facts: Facts): number | undefined {
  return facts.opset < 6 ? undefined : facts.numbers(node.inputs[1])?.[axis];
}
