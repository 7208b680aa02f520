import type { Node, Value } from '../../onnx/graph.ts';
import { normalAxis } from '../../onnx/shapes/dims.ts';
import { affine as affineOf, isUniform, isZero, zip, type Affine, type Vector } from '../algebra/affine.ts';
import { entryOf, type Numbers } from '../lift/constants.ts';
import { add, divide, multiply, subtract, ZERO, type DoubleDouble } from '../algebra/double-double.ts';
import { intsOf, refuse, type Facts } from '../facts.ts';
import { push, type Rule, type Step } from './rule.ts';

/**
 * Pad. A rim made of elements of x (`edge`, `reflect`, `wrap`) lets every affine pass. A rim of the value v takes the
 * affine in, if that is the same for all channels:
 *
 *   behind:    s · pad(x, v) + t = pad(s · x + t, v′)       v′ = s · v + t
 *   in front:  pad(s · x + t, v) = s · pad(x, v′) + t       v′ = (v − t) / s, and any where s = 0 and t = v
 *
 * so zeros stay zeros for a scale alone. The axis of the affine must not be padded itself, or its vector would change
 * its length; a uniform affine has none.
 *
 * Shapes: x `[d₀, …]`, y `[d₀ + pads[0] + pads[rank], …]`; since opset 18 possibly only some `axes` are padded.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Pad.html (v is an attribute until opset 10, then input 2)
 */
export const pad: Rule = {
  opType: 'Pad',

  back: (node, affine, facts) => passed(node, affine, node.inputs[0]!, facts, (v) => times(affine, v)),

  forward(node, index, affine, facts) {
    if (index !== 0) return refuse(`${node.label} reads it as its padding`);
    return passed(node, affine, node.outputs[0]!, facts, (v) => quotients(affine, v));
  },
};

/** Amounts by axis of x, and what is put there. */
export interface Padding {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly mode: string;
  /** Absent where it is computed at run time. */
  readonly value: Numbers | undefined;
}

/** `undefined` where the amounts are not known. */
export function paddingOf(node: Node, facts: Facts): Padding | undefined {
  const pads = node.ints('pads') ?? intsOf(node, 'paddings', 1, facts);
  const rank = facts.rank(node.inputs[0]);
  const axes = node.inputs[3] ? facts.numbers(node.inputs[3]) : Array.from({ length: rank ?? 0 }, (_, axis) => axis);
  if (rank === undefined || !axes || pads?.length !== 2 * axes.length) return undefined;
  const [before, after] = [new Array<number>(rank).fill(0), new Array<number>(rank).fill(0)];
  for (const [index, given] of axes.entries()) {
    const axis = normalAxis(given, rank);
    if (axis === undefined) return undefined;
    [before[axis], after[axis]] = [pads[index]!, pads[index + axes.length]!];
  }
  return { before, after, mode: node.string('mode', 'constant'), value: valueOf(node, facts) };
}

/** The constant around x; 0 if nothing is said. */
function valueOf(node: Node, facts: Facts): Numbers | undefined {
  if (node.inputs[2]) return facts.constant(node.inputs[2]);
  return { dtype: facts.dtype(node.inputs[0]) ?? 'float32', shape: [], data: [node.float('value', 0)] };
}

function passed(
  node: Node,
  affine: Affine,
  value: Value,
  facts: Facts,
  valuesOf: (v: DoubleDouble) => Vector | undefined,
): Step {
  const padding = paddingOf(node, facts);
  if (!padding) return refuse(`${node.label} pads by amounts that are not known`);
  const { before, after, mode, value: constant } = padding;
  if (!isUniform(affine) && (before[affine.axis] !== 0 || after[affine.axis] !== 0))
    return refuse(`${node.label} pads axis ${affine.axis}, along which the affine acts`);
  const target = { value, affine };
  if (mode !== 'constant' || ![...before, ...after].some((amount) => amount > 0)) return push(target);
  if (constant?.data.length !== 1) return refuse(`${node.label} pads with a value that is not known`);
  const v = entryOf(constant, 0);
  const next = onlyOne(valuesOf(v));
  if (!next) return refuse(`${node.label} pads with ${v.hi}, and would need a value for each channel instead`);
  if (isSame(next, v)) return push(target);
  if (isZero(next) && isPooled(node)) return refuse(`${node.label} would pad a MaxPool with zeros`);
  const at = facts.opset < 11 ? 'value' : 2;
  return { ...push(target), operands: [{ kind: 'operand', at, constant, affine: affineOf(0, [ZERO], [next]) }] };
}

/** onnxruntime (up to 1.30, from level "basic" on) takes zeros in front of a MaxPool for its own padding, −∞. */
const isPooled = ({ outputs: [y] }: Node): boolean =>
  [...(y?.uses ?? [])].some(({ node }) => node.opType === 'MaxPool');

const times = ({ scale, shift }: Affine, v: DoubleDouble): Vector =>
  zip(scale, shift, (s, t) => add(multiply(s, v), t));

/** Of the channels that do not vanish; undefined if one that does is not v. */
function quotients({ scale, shift }: Affine, v: DoubleDouble): Vector | undefined {
  const all = [...scale.keys()].map((index) => [scale[index]!, subtract(v, shift[index]!)] as const);
  if (!all.every(([s, rest]) => !isZero(s) || isZero(rest))) return undefined;
  const alive = all.filter(([s]) => !isZero(s)).map(([s, rest]) => divide(rest, s));
  return alive.length === 0 ? [v] : alive;
}

/** The one number that all are; what computing them loses of about 100 bits is no difference. */
function onlyOne(values: Vector | undefined): DoubleDouble | undefined {
  const [first] = values ?? [];
  return first && values!.every((value) => isSame(value, first)) ? first : undefined;
}

const isSame = (a: DoubleDouble, b: DoubleDouble): boolean =>
  Math.abs(subtract(a, b).hi) <= 2 ** -96 * Math.max(Math.abs(a.hi), Math.abs(b.hi));
