import type { Dim } from '../../tensor.ts';
import type { Node } from '../../onnx/graph.ts';
import { normalAxis } from '../../onnx/shapes/dims.ts';
import { affine, type Affine, type Vector } from '../algebra/affine.ts';
import { entriesOf, type Numbers } from './constants.ts';
import { divide, exact, negate, ONE, ZERO } from '../algebra/double-double.ts';
import { refuse, type Facts } from '../facts.ts';
import type { Lift } from './lift.ts';
import { isStorage } from '../algebra/rounding.ts';

/**
 * Elementwise arithmetic with a constant c that varies along one axis at most:
 *
 *   x + c, c + x: scale 1, shift c       x − c: scale 1, shift −c       c − x: scale −1, shift c
 *   x · c, c · x: scale c                x / c: scale 1 / c             −x:    scale −1
 *
 * c / x is no affine. c is aligned with x from the right, and must not enlarge it: a `[C]` is the last axis of x,
 * `[C, 1, 1]` the third from the end, however many axes happen to have the size C.
 *
 * Until opset 6 only the second operand is repeated, on request (`broadcast`), and may be aligned from another `axis`.
 *
 * Source: https://onnx.ai/onnx/repo-docs/Broadcasting.html, https://onnx.ai/onnx/operators/onnx__Add.html (opset 6)
 */
export const liftArithmetic: Lift = (node, facts) => {
  const input = node.opType === 'Neg' || facts.constant(node.inputs[1]) ? 0 : 1;
  const x = node.inputs[input];
  const c = facts.constant(node.inputs[1 - input]);
  if (facts.constant(x)) return refuse(`${node.label} is a constant`);
  const dtype = facts.dtype(x) ?? c?.dtype;
  if (!isStorage(dtype)) return refuse(`${node.label} is not known to be of floating point`);
  const found = node.opType === 'Neg' ? affine(0, [exact(-1)], [ZERO]) : affineOf(node, facts, c, input);
  if (!found || (c && c.dtype !== dtype))
    return refuse(`${node.label} is not an operation with one constant per channel`);
  return { kind: 'affine', affine: found, dtype, input };
};

function affineOf(node: Node, facts: Facts, c: Numbers | undefined, input: number): Affine | undefined {
  const axis = c && variesAlong(c, facts.shape(node.inputs[input]), offsetOf(node, facts, c, input));
  const found = axis === undefined ? undefined : FORMULA[node.opType]?.[input]?.(entriesOf(c!));
  return found && affine(axis!, found.scale, found.shift);
}

/** Which axis of x the first one of c belongs to; NaN if c is not repeated where it would have to be. */
function offsetOf(node: Node, facts: Facts, c: Numbers, input: number): number {
  const rank = facts.rank(node.inputs[input]) ?? NaN;
  const offset = rank - c.shape.length;
  if (facts.opset >= 7 || offset === 0) return offset;
  return input === 0 && node.int('broadcast', 0) !== 0 ? (normalAxis(node.int('axis', offset), rank) ?? NaN) : NaN;
}

/** The one axis of x along which c varies; 0 if it varies along none, undefined if along several or it enlarges x. */
function variesAlong(c: Numbers, shape: readonly Dim[] | undefined, offset: number): number | undefined {
  if (c.shape.length === 0) return 0;
  if (!shape || c.shape.length > shape.length) return undefined;
  const axes = [...c.shape.keys()].filter((axis) => c.shape[axis] !== 1);
  if (axes.length > 1) return undefined;
  const [own] = axes;
  if (own === undefined) return 0;
  const axis = own + offset;
  return shape[axis] === c.shape[own] ? axis : undefined;
}

type Formula = (c: Vector) => { readonly scale: Vector; readonly shift: Vector };

const plus: Formula = (c) => ({ scale: [ONE], shift: c });
const times: Formula = (c) => ({ scale: c, shift: [ZERO] });

/** By operator and by which input is x. */
const FORMULA: Readonly<Record<string, readonly (Formula | undefined)[]>> = {
  Add: [plus, plus],
  Div: [(c) => ({ scale: c.map((value) => divide(ONE, value)), shift: [ZERO] }), undefined],
  Mul: [times, times],
  Sub: [(c) => ({ scale: [ONE], shift: c.map(negate) }), (c) => ({ scale: [exact(-1)], shift: c })],
};
