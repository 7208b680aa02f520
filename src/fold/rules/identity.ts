import type { Node } from '../../onnx/graph.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import { push, type Rule } from './rule.ts';

/**
 * Identity: y = x, so every affine passes both ways.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Identity.html
 */
export const identity: Rule = {
  opType: 'Identity',
  back: (node, affine) => push({ value: node.inputs[0]!, affine }),
  forward: (node, _, affine) => push({ value: node.outputs[0]!, affine }),
};

/**
 * Dropout at inference: y = x. It trains by `is_test` 0 until opset 6, never from 7 to 11, and since 12 if its input
 * `training_mode` says so.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Dropout.html (all versions)
 */
export const dropout: Rule = {
  opType: 'Dropout',
  back: (node, affine, facts) => mayTrain(node, facts) ?? push({ value: node.inputs[0]!, affine }),
  forward: (node, index, affine, facts) => {
    if (index !== 0) return refuse(`${node.label} reads it as its ratio`);
    return mayTrain(node, facts) ?? push({ value: node.outputs[0]!, affine });
  },
};

/** Why it may be more than y = x. */
export function mayTrain(node: Node, facts: Facts): Refusal | undefined {
  const trains =
    facts.opset < 7
      ? node.int('is_test', 0) === 0
      : facts.opset >= 12 && node.inputs[2] !== undefined && facts.numbers(node.inputs[2])?.[0] !== 0;
  return trains ? refuse(`${node.label} may be in training mode`) : undefined;
}
