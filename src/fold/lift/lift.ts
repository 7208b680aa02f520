import { EdgefoldError } from '../../errors.ts';
import type { Node } from '../../onnx/graph.ts';
import { isStandard } from '../../onnx/shapes/infer.ts';
import { liftBatchNormalization } from './batch-normalization.ts';
import { liftArithmetic } from './arithmetic.ts';
import type { Affine } from '../algebra/affine.ts';
import { isFinite } from '../algebra/affine.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import type { Storage } from '../algebra/rounding.ts';

/** A node that is known to be an affine of one of its inputs. */
export interface Lifted {
  readonly kind: 'affine';
  readonly affine: Affine;
  /** The dtype of x and y. */
  readonly dtype: Storage;
  /** Which input is x. */
  readonly input: number;
  /** How large y is expected to become, where statistics say that. */
  readonly expected?: number;
}

/** One operator that may be an affine; a refusal says why this node of it is none. */
export type Lift = (node: Node, facts: Facts) => Lifted | Refusal;

const LIFTS: ReadonlyMap<string, Lift> = new Map([
  ['BatchNormalization', liftBatchNormalization],
  ...['Add', 'Div', 'Mul', 'Neg', 'Sub'].map((opType): [string, Lift] => [opType, liftArithmetic]),
]);

/** The node as an affine, or why it is not one. */
export function lift(node: Node, facts: Facts): Lifted | Refusal {
  const rule = isStandard(node, facts.graph) ? LIFTS.get(node.opType) : undefined;
  if (!rule) return refuse(`${node.label} is not an affine`);
  const lifted = unlessCorrupt(node, () => rule(node, facts));
  if (lifted.kind === 'refuse') return lifted;
  if (!node.inputs[lifted.input]) return refuse(`${node.label} lacks an input`);
  if (lifted.affine.scale.length === 0) return refuse(`${node.label} has no channels`);
  if (!isFinite(lifted.affine)) return refuse(`${node.label} has a scale or shift that is not finite`);
  return lifted;
}

/** A node with attributes of the wrong kind is left to the runtime to complain about. */
export function unlessCorrupt<T>(node: Node, run: () => T): T | Refusal {
  try {
    return run();
  } catch (error) {
    if (error instanceof EdgefoldError) return refuse(`${node.label} is damaged: ${error.message}`);
    throw error;
  }
}
