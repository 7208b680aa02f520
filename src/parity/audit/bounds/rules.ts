import { batchNormalization } from './batch-normalization.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { LINEAR } from './linear.ts';
import { MOVEMENT } from './movement.ts';
import { NORMALIZATION } from './normalization.ts';
import type { BoundRule } from './operation.ts';

/** Operators with a proven error bound; those of other domains than ai.onnx as `domain:operator`. */
export const BOUND_RULES: ReadonlyMap<string, BoundRule> = new Map(
  Object.entries({ ...LINEAR, ...ELEMENTWISE, ...MOVEMENT, ...NORMALIZATION, BatchNormalization: batchNormalization }),
);
