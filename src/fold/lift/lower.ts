import type { Node, Value } from '../../onnx/graph.ts';
import { bug } from '../../errors.ts';
import { float, int } from '../../onnx/attribute.ts';
import { stretch, type Affine, type Vector } from '../algebra/affine.ts';
import { negate, ONE, ZERO } from '../algebra/double-double.ts';
import { constantOf } from '../plan/materialise.ts';
import { rounded, type Storage } from '../algebra/rounding.ts';
import type { Workspace } from '../workspace.ts';

/** An affine that has to stay as a node, which reads `x` in the place of `node` and is called `name`. */
export interface Leftover {
  readonly node: Node;
  readonly name: string;
  readonly x: Value;
  readonly affine: Affine;
  readonly dtype: Storage;
  readonly rank: number;
}

/**
 * Writes a shift as an Add, or as a Sub of its opposite. Its constant is `[n, 1, …]`: aligned from the right, n lies
 * along the affine's axis. Until opset 6 it is `[n]`, and attributes say where that lies.
 */
export function writeShift(
  { node, name, x, affine, dtype, rank }: Leftover,
  work: Workspace,
  opType: 'Add' | 'Sub' = 'Add',
): void {
  const { axis } = affine;
  const shift = opType === 'Sub' ? affine.shift.map(negate) : affine.shift;
  const isOld = work.opset < 7;
  const behind = shift.length === 1 || isOld ? 0 : rank - axis - 1;
  const shape = [shift.length, ...new Array<number>(behind).fill(1)];
  const called = nameOf(node, name);
  const place = { node: { label: `${called} (${opType})` }, role: 'bias', name: `${called}_shift`, shape } as const;
  const constant = constantOf(rounded(dtype, shift), place, work, shift);
  const attributes = new Map(isOld ? [['broadcast', int(1)], ...(shift.length > 1 ? [['axis', int(axis)] as const] : [])] : []); // prettier-ignore
  work.replace(node, { name, opType, inputs: [x, constant], attributes, outputs: [node.outputs[0]] });
}

/** Writes a BatchNormalization with mean 0, variance 1 and epsilon 0: its scale and bias are the affine's own. */
export function writeBatchNormalization(leftover: Leftover, work: Workspace): void {
  const { node, name, x, affine, dtype } = leftover;
  const channels = channelsOf(leftover, work) ?? bug(`${node.label} acts along axis ${affine.axis}`);
  const called = nameOf(node, name);
  const parameter = (suffix: string, vector: Vector) => {
    const values = stretch(vector, channels);
    const role = suffix === 'scale' ? 'weight' : 'bias';
    const place = { node: { label: `${called} (BatchNormalization)` }, role, name: `${called}_${suffix}`, shape: [channels] } as const; // prettier-ignore
    return constantOf(rounded(dtype, values), place, work, values);
  };
  work.replace(node, {
    name,
    opType: 'BatchNormalization',
    inputs: [
      x,
      parameter('scale', affine.scale),
      parameter('B', affine.shift),
      parameter('mean', [ZERO]),
      parameter('var', [ONE]),
    ],
    attributes: new Map([['epsilon', float(0)], ...(work.opset < 7 ? [['is_test', int(1)] as const] : [])]),
    outputs: [node.outputs[0]],
  });
}

/** The number of channels, if a BatchNormalization of x can do what the affine does. */
export function channelsOf(
  { x, affine, rank }: Pick<Leftover, 'x' | 'affine' | 'rank'>,
  work: Workspace,
): number | undefined {
  if (rank < 2) return undefined;
  if (affine.scale.length > 1) return affine.axis === 1 ? affine.scale.length : undefined;
  const channels = work.facts.shape(x)?.[1];
  return typeof channels === 'number' ? channels : undefined;
}

const nameOf = (node: Node, name: string) => name || node.outputs[0]!.name;
