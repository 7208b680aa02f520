import { conv } from './conv.ts';
import { convTranspose } from './conv-transpose.ts';
import { gemm } from './gemm.ts';
import { dropout, identity } from './identity.ts';
import { matMul } from './mat-mul.ts';
import { pad } from './pad.ts';
import { flatten, reshape } from './reshape.ts';
import type { Rule } from './rule.ts';
import { shape, size } from './shape.ts';
import { squeeze, unsqueeze } from './squeeze.ts';
import { transpose } from './transpose.ts';

/** The one table of rules, by operator of the ai.onnx domain. */
export const RULES: ReadonlyMap<string, Rule> = new Map(
  [
    conv,
    convTranspose,
    dropout,
    flatten,
    gemm,
    identity,
    matMul,
    pad,
    reshape,
    shape,
    size,
    squeeze,
    transpose,
    unsqueeze,
  ].map((rule) => [rule.opType, rule]),
);
