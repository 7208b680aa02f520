import type { Node, Value } from '../../onnx/graph.ts';
import { float } from '../../onnx/attribute.ts';
import { sizeOf } from '../../tensor.ts';
import { at, type Affine } from '../algebra/affine.ts';
import { entryOf, type Numbers } from '../lift/constants.ts';
import { add, multiply, type DoubleDouble } from '../algebra/double-double.ts';
import { refuse, type Refusal } from '../facts.ts';
import { constantOf } from './materialise.ts';
import { rounded, roundTo, type Storage } from '../algebra/rounding.ts';
import type { Workspace } from '../workspace.ts';

/**
 * A constant that a node reads beside what was computed, such as the other operand of an Add or the value of a Pad.
 * It takes in any affine, c′ = s · c + t, in a copy of its own.
 */
export interface NewOperand {
  readonly kind: 'operand';
  readonly node: Node;
  /** Input by its index, or float attribute by its name. */
  readonly at: number | string;
  readonly constant: Numbers;
  readonly affine: Affine;
}

/** Constants with more elements than this stay as they are. */
const MOST_ELEMENTS = 2 ** 22;

/** A constant that `node` reads, as the end of a way back. */
export function absorbConstant(node: Node, value: Value, constant: Numbers, affine: Affine): NewOperand | Refusal {
  const places = [...node.inputs.keys()].filter((index) => node.inputs[index] === value);
  if (places.length !== 1) return refuse(`${value.name} is a constant that ${node.label} reads twice`);
  if (sizeOf(constant.shape) > MOST_ELEMENTS) return refuse(`${value.name} is a constant too large to be copied`);
  const { axis, scale } = affine;
  if (scale.length > 1 && constant.shape[axis] !== scale.length)
    return refuse(`${value.name} is a constant that does not vary along axis ${axis}`);
  return { kind: 'operand', node, at: places[0]!, constant, affine };
}

/** Whether it can be stored: of the dtype given, and finite. */
export function fitsOperand(operand: NewOperand, dtype: Storage): boolean {
  if (operand.constant.dtype !== dtype) return false;
  for (const value of elementsOf(operand)) if (!Number.isFinite(roundTo(dtype, value))) return false;
  return true;
}

export function writeOperands(operands: readonly NewOperand[], work: Workspace): void {
  for (const node of new Set(operands.map((operand) => operand.node))) {
    const [inputs, attributes] = [[...node.inputs], new Map(node.attributes)];
    for (const operand of operands.filter((own) => own.node === node)) {
      if (typeof operand.at === 'string') attributes.set(operand.at, float(first(operand).hi));
      else inputs[operand.at] = newConstant(operand, operand.at, work);
    }
    work.replace(node, { inputs, attributes });
  }
}

function newConstant(operand: NewOperand, index: number, work: Workspace): Value {
  const { node, constant } = operand;
  const values = [...elementsOf(operand)];
  const name = node.inputs[index]?.name ?? `${node.outputs[0]!.name}_value`;
  const place = { node, role: 'bias', name, shape: constant.shape } as const;
  return constantOf(rounded(constant.dtype as Storage, values), place, work, values);
}

function* elementsOf({ constant, affine: { axis, scale, shift } }: NewOperand): Iterable<DoubleDouble> {
  const behind = scale.length === 1 ? 1 : sizeOf(constant.shape.slice(axis + 1));
  for (let index = 0; index < constant.data.length; index++) {
    const entry = Math.floor(index / behind) % scale.length;
    yield add(multiply(at(scale, entry), entryOf(constant, index)), at(shift, entry));
  }
}

const first = (operand: NewOperand): DoubleDouble => [...elementsOf(operand)][0]!;
