import { averagePool, globalAveragePool } from './average-pool.ts';
import { concat } from './concat.ts';
import { conv } from './conv.ts';
import { convTranspose } from './conv-transpose.ts';
import { gemm } from './gemm.ts';
import { dropout, identity } from './identity.ts';
import { matMul } from './mat-mul.ts';
import { globalMaxPool, maxPool } from './max-pool.ts';
import { pad } from './pad.ts';
import { reduceMean } from './reduce-mean.ts';
import { leakyRelu, pRelu, relu } from './relu.ts';
import { flatten, reshape } from './reshape.ts';
import type { Rule } from './rule.ts';
import { shape, size } from './shape.ts';
import { slice } from './slice.ts';
import { split } from './split.ts';
import { squeeze, unsqueeze } from './squeeze.ts';
import { transpose } from './transpose.ts';

const ALL: readonly Rule[] = [
  averagePool, concat, conv, convTranspose, dropout, flatten, gemm, globalAveragePool, globalMaxPool, identity,
  leakyRelu, matMul, maxPool, pRelu, pad, reduceMean, relu, reshape, shape, size, slice, split, squeeze, transpose, unsqueeze,
]; // prettier-ignore

/** The one table of rules, by operator of the ai.onnx domain. */
export const RULES: ReadonlyMap<string, Rule> = new Map(ALL.map((rule) => [rule.opType, rule]));
