import type { Dim } from '../../tensor.ts';
import type { Node, Value } from '../../onnx/graph.ts';
import { productOf, quotient, sameProduct } from '../../onnx/shapes/dims.ts';
import { isUniform, MOST_ENTRIES, type Affine, type Vector } from '../algebra/affine.ts';
import { refuse, type Facts } from '../facts.ts';
import { push, type Rule, type Step } from './rule.ts';

/**
 * Reshape and Flatten keep the row-major order of the elements and change only how the flat index f is read. With
 * run(a) the product of the dimensions behind axis a, an affine along axis a of size n gives element f the entry
 *
 *   v[⌊f / run(a)⌋ mod n]
 *
 * On the other side this is an affine along axis b of size m, for every f and whatever the batch size, if
 *
 *   run(b) divides run(a), and run(a) · n divides run(b) · m:
 *     w = each entry of v run(a) / run(b) times, all that run(b) · m / (run(a) · n) times over
 *   or the dimensions in front of a and b multiply to the same number, and n = m:  w = v
 *
 * The first covers a channel that ends up inside a merged axis: behind `[N, C, H, W]` each entry repeats H · W times,
 * behind `[N, H, W, C]` the vector repeats H · W times. Equal sizes prove nothing: `[6, 6]` to `[3, 6, 2]` has a 6 on
 * both sides, and mixes the channels.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Reshape.html, https://onnx.ai/onnx/operators/onnx__Flatten.html
 */
const carriedOver = (opType: string): Rule => ({
  opType,
  back: (node, affine, facts) => carry(node, affine, [node.outputs[0]!, node.inputs[0]!], facts),
  forward: (node, index, affine, facts) => {
    if (index !== 0) return refuse(`${node.label} reads it as a shape`);
    return carry(node, affine, [node.inputs[0]!, node.outputs[0]!], facts);
  },
});

export const reshape = carriedOver('Reshape');
export const flatten = carriedOver('Flatten');

function carry(node: Node, affine: Affine, [from, to]: readonly [Value, Value], facts: Facts): Step {
  if (isUniform(affine)) return push({ value: to, affine });
  const [source, target] = [facts.shape(from), facts.shape(to)];
  if (!source || !target) return refuse(`${node.label} reshapes a tensor of unknown shape`);
  for (const axis of target.keys()) {
    const vectors = carriedTo(source, affine, target, axis);
    if (vectors) return push({ value: to, affine: { axis, ...vectors } });
  }
  return refuse(
    `${node.label} mixes axis ${affine.axis} with others: [${source.join(', ')}] to [${target.join(', ')}]`,
  );
}

function carriedTo(
  source: readonly Dim[],
  { axis: a, scale, shift }: Affine,
  target: readonly Dim[],
  b: number,
): Pick<Affine, 'scale' | 'shift'> | undefined {
  const n = scale.length;
  if (source[a] !== n) return undefined;
  const sameFront = sameProduct(productOf(source.slice(0, a)), productOf(target.slice(0, b)));
  if (sameFront && target[b] === n) return { scale, shift };
  const each = numeric(source.slice(a + 1), target.slice(b + 1));
  const times = numeric(target.slice(b), source.slice(a));
  if (each === undefined || times === undefined || each * n * times > MOST_ENTRIES) return undefined;
  return { scale: repeated(scale, each, times), shift: repeated(shift, each, times) };
}

/** The quotient of two products of dimensions, if it is a whole number. */
function numeric(dividend: readonly Dim[], divisor: readonly Dim[]): number | undefined {
  const [above, below] = [productOf(dividend), productOf(divisor)];
  const result = above && below && quotient(above, below);
  return result?.symbols.length === 0 && result.factor > 0 ? result.factor : undefined;
}

function repeated(vector: Vector, each: number, times: number): Vector {
  const once = vector.flatMap((entry) => new Array<typeof entry>(each).fill(entry));
  return Array.from({ length: once.length * times }, (_, index) => once[index % once.length]!);
}
