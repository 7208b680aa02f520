import type { Graph, Node } from '../graph.ts';
import { callsFunction } from '../shapes/infer.ts';
import { ARITHMETIC } from './arithmetic.ts';
import { Call, type Kernel, type Rule } from './call.ts';
import { ATTENTION } from './attention.ts';
import { CAST } from './cast.ts';
import { PAD } from './pad.ts';
import { CONV_TRANSPOSE } from './conv-transpose.ts';
import { RESIZE } from './resize.ts';
import { SELECT } from './select.ts';
import { SCATTER } from './scatter.ts';
import { CONTROL } from './control.ts';
import { DROPOUT } from './dropout.ts';
import { RECURRENT } from './recurrent.ts';
import { QUANTIZE } from './quantize.ts';
import { EINSUM } from './einsum.ts';
import { LINE_NORMALIZATION } from './line-normalization.ts';
import { LOSS } from './loss.ts';
import { DETECTION } from './detection.ts';
import { GRID_SAMPLE } from './grid-sample.ts';
import { UNFOLD } from './unfold.ts';
import { CONV } from './conv.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { FUSED } from './fused.ts';
import { GENERATE } from './generate.ts';
import { LABEL_ENCODER } from './label-encoder.ts';
import { MATMUL } from './matmul.ts';
import { MOVEMENT } from './movement.ts';
import { NORMALIZATION } from './normalization.ts';
import { POOL } from './pool.ts';
import { REDUCE } from './reduce.ts';
import { SOFTMAX } from './softmax.ts';

const RULES: readonly Readonly<Record<string, Rule>>[] = [
  ARITHMETIC,
  LINE_NORMALIZATION,
  LOSS,
  DETECTION,
  GRID_SAMPLE,
  UNFOLD,
  ATTENTION,
  CAST,
  PAD,
  CONV_TRANSPOSE,
  RESIZE,
  SELECT,
  SCATTER,
  CONTROL,
  DROPOUT,
  RECURRENT,
  QUANTIZE,
  EINSUM,
  CONV,
  ELEMENTWISE,
  FUSED,
  GENERATE,
  LABEL_ENCODER,
  MATMUL,
  MOVEMENT,
  NORMALIZATION,
  POOL,
  REDUCE,
  SOFTMAX,
];

/** What evaluates each operator; those of other domains than ai.onnx are listed as `domain:operator`. */
export const KERNELS: ReadonlyMap<string, Kernel> = new Map(
  RULES.flatMap((rules) => Object.entries(rules)).map(([opType, rule]) => [opType, kernel(rule)]),
);

function kernel(rule: Rule): Kernel {
  return (node, inputs, context) => rule(new Call(node, inputs, context));
}

/** Under which name the operator of a node is listed; a function of the model is never a standard operator. */
export function kernelKey(node: Node, graph: Graph): string {
  const { domain, opType } = node;
  if (callsFunction(node, graph)) return `function ${domain}:${opType}`;
  return domain === '' ? opType : `${domain}:${opType}`;
}
