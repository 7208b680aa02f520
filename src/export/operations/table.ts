import { ACTIVATION_OPERATIONS } from './activations.ts';
import { ARITHMETIC } from './arithmetic.ts';
import { COMPOSED } from './composed.ts';
import { DOT_PRODUCT_ATTENTION } from './dot-product-attention.ts';
import { GET_ITEM } from './get-item.ts';
import { IMAGES } from './images.ts';
import { JOINING } from './joining.ts';
import { MATRICES } from './matrices.ts';
import type { Operation } from './operation.ts';
import { ORDERING } from './ordering.ts';
import { REDUCTIONS } from './reductions.ts';
import { SELECTION } from './selection.ts';
import { SHAPES } from './shapes.ts';
import { UNARY } from './unary.ts';
import { WEIGHTED } from './weighted.ts';

/** Every operation on tensors that can be exported, whichever of the three vocabularies names it. */
export const OPERATIONS: readonly Operation[] = [
  ...ARITHMETIC,
  ...UNARY,
  ...COMPOSED,
  ...ACTIVATION_OPERATIONS,
  ...REDUCTIONS,
  ...SHAPES,
  GET_ITEM,
  ...JOINING,
  ...SELECTION,
  ...MATRICES,
  ...IMAGES,
  ...ORDERING,
  ...WEIGHTED,
  DOT_PRODUCT_ATTENTION,
];

let byName: ReadonlyMap<string, Operation> | undefined;

export function operationNamed(name: string): Operation | undefined {
  byName ??= new Map(OPERATIONS.flatMap((operation) => operation.names.map((each) => [each, operation])));
  return byName.get(name);
}
