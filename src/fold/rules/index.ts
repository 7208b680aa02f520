import { add, mean, sub, sum } from './add.ts';
import type { Graph, Node } from '../../onnx/graph.ts';
import { callsFunction, isStandard } from '../../onnx/shapes/infer.ts';
import { quantisable } from '../plan/quantised.ts';
import { averagePool, globalAveragePool } from './average-pool.ts';
import { cast } from './cast.ts';
import { clip } from './clip.ts';
import { concat } from './concat.ts';
import { conv } from './conv.ts';
import { convTranspose } from './conv-transpose.ts';
import { depthToSpace, spaceToDepth } from './depth-to-space.ts';
import { expand, tile } from './expand.ts';
import { fusedConv, fusedGemm, fusedMatMul } from './fused.ts';
import { gather } from './gather.ts';
import { gemm } from './gemm.ts';
import { dropout, identity } from './identity.ts';
import { matMul } from './mat-mul.ts';
import { max, min } from './max.ts';
import { globalMaxPool, maxPool } from './max-pool.ts';
import { div, mul } from './mul.ts';
import {
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  rmsNormalization,
  simplifiedLayerNormalization,
} from './normalization.ts';
import { pad } from './pad.ts';
import { gru, lstm, rnn } from './recurrent.ts';
import { reduceMax, reduceMin, reduceSum } from './reduce.ts';
import {
  convInteger, dequantizeLinear, dynamicQuantizeLinear, matMulInteger, qLinearConv, qLinearMatMul, quantizeLinear,
} from './quantization.ts'; // prettier-ignore
import { reduceMean } from './reduce-mean.ts';
import { leakyRelu, pRelu, relu } from './relu.ts';
import { flatten, reshape } from './reshape.ts';
import { resize, upsample } from './resize.ts';
import type { Rule } from './rule.ts';
import { shape, size } from './shape.ts';
import { slice } from './slice.ts';
import { logSoftmax, softmax } from './softmax.ts';
import { split } from './split.ts';
import { squeeze, unsqueeze } from './squeeze.ts';
import { transpose } from './transpose.ts';
import { where } from './where.ts';

const ALL: readonly Rule[] = [
  averagePool, concat, quantisable(conv), quantisable(convTranspose), depthToSpace, dropout, flatten, gather,
  quantisable(gemm), globalAveragePool,
  globalMaxPool, groupNormalization, gru, identity, instanceNormalization, layerNormalization, leakyRelu, lstm,
  quantisable(matMul), maxPool, pRelu, pad, reduceMean, relu, reshape, resize, rnn, shape, size, slice, spaceToDepth, split,
  squeeze, transpose, unsqueeze, upsample,
  add, div, max, mean, min, mul, rmsNormalization, simplifiedLayerNormalization, sub, sum,
  cast, clip, expand, logSoftmax, reduceMax, reduceMin, reduceSum, softmax, tile, where,
  convInteger, dequantizeLinear, dynamicQuantizeLinear, matMulInteger, qLinearConv, qLinearMatMul, quantizeLinear,
]; // prettier-ignore

/** The one table of rules, by operator of the ai.onnx domain. */
export const RULES: ReadonlyMap<string, Rule> = new Map(ALL.map((rule) => [rule.opType, rule]));

/** Those of onnxruntime's own operators, in the domain com.microsoft. */
export const CONTRIB_RULES: ReadonlyMap<string, Rule> = new Map(
  [fusedConv, fusedGemm, fusedMatMul].map((rule) => [rule.opType, rule]),
);

/** The rule of a node, unless its operator is of another domain or one that the model defines itself. */
export function ruleOf(node: Node, graph: Graph): Rule | undefined {
  if (isStandard(node, graph)) return RULES.get(node.opType);
  const isDefined = graph.model.opsets.has(CONTRIB) && node.domain === CONTRIB && !callsFunction(node, graph);
  return isDefined ? CONTRIB_RULES.get(node.opType) : undefined;
}

const CONTRIB = 'com.microsoft';
