import { sizeOf } from '../../tensor.ts';
import { text, type Call, type Rule } from './call.ts';
import { checkWork, zeros, type NumericReal } from './real.ts';
import { advance } from './take.ts';

/** Stands for the axes of an ellipsis, one name each; no letter can be mistaken for it. */
const dots = (axis: number): string => `.${String(axis)}`;

/**
 * Sums of products over named axes: `bij,bjk->bik`. Without an arrow the result has, in alphabetical order, the names
 * that occur once. Source: https://onnx.ai/onnx/operators/onnx__Einsum.html
 */
const einsum: Rule = (call) => {
  const [left, right] = call.node.string('equation', '').replace(/\s/g, '').split('->') as [string, string | undefined];
  const terms = left.split(',');
  const inputs = call.inputs.map((_, index) => call.input(index));
  if (terms.length !== inputs.length) call.fault('the equation does not fit the inputs', String(inputs.length), left);
  const ellipsis = Math.max(0, ...inputs.map(({ shape }, i) => shape.length - terms[i]!.replace('...', '').length));
  const named = terms.map((term, i) => namesOf(term, inputs[i]!.shape.length));
  const result = right === undefined ? implied(left, ellipsis) : namesOf(right, ellipsis + right.replace('...', '').length); // prettier-ignore
  const sizes = sizesOf(call, named, inputs);
  const summed = [...sizes.keys()].filter((name) => !result.includes(name));
  const shape = result.map((name) => sizes.get(name) ?? call.fault('the result has an axis that no input has', undefined, name)); // prettier-ignore
  const data = zeros(shape);
  const inner = summed.map((name) => sizes.get(name)!);
  checkWork(data.length * sizeOf(inner));
  const stepsOf = (names: readonly string[]) => inputs.map(({ shape: own }, i) => names.map((name) => stepOf(named[i]!, own, name))); // prettier-ignore
  const [outerSteps, innerSteps] = [stepsOf(result), stepsOf(summed)];
  const at = result.map(() => 0);
  for (let o = 0; o < data.length; o++) {
    const starts = outerSteps.map((list) => dot(list, at));
    data[o] = sumOfProducts(inputs, starts, innerSteps, inner);
    advance(at, shape);
  }
  return call.one(shape, data);
};

const letters = (term: string): string[] => term.match(/[A-Za-z]/g) ?? [];

function namesOf(term: string, rank: number): string[] {
  const [before = '', after] = term.split('...');
  if (after === undefined) return letters(before);
  const count = rank - before.length - after.length;
  // Ellipses align from the right, as broadcasting does.
  return [...letters(before), ...Array.from({ length: count }, (_, axis) => dots(count - axis)), ...letters(after)];
}

function implied(left: string, ellipsis: number): string[] {
  const all = letters(left);
  const once = all.filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter)).sort();
  return [...Array.from({ length: left.includes('...') ? ellipsis : 0 }, (_, axis) => dots(ellipsis - axis)), ...once];
}

function sizesOf(
  call: Call,
  named: readonly (readonly string[])[],
  inputs: readonly NumericReal[],
): Map<string, number> {
  const sizes = new Map<string, number>();
  named.forEach((names, i) => {
    const { shape } = inputs[i]!;
    if (names.length !== shape.length) call.fault('the equation does not fit an input', text(shape), names.join(''));
    names.forEach((name, axis) => {
      const [old, size] = [sizes.get(name) ?? 1, shape[axis]!];
      if (old !== 1 && size !== 1 && old !== size) call.fault('an axis has two sizes', String(old), String(size));
      sizes.set(name, old === 1 ? size : old);
    });
  });
  return sizes;
}

/** How far one step along a named axis goes in a tensor; axes of one element are broadcast. */
function stepOf(names: readonly string[], shape: readonly number[], name: string): number {
  return names.reduce((step, own, axis) => {
    return own === name && shape[axis] !== 1 ? step + sizeOf(shape.slice(axis + 1)) : step;
  }, 0);
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

function sumOfProducts(
  inputs: readonly NumericReal[],
  starts: readonly number[],
  steps: readonly (readonly number[])[],
  sizes: readonly number[],
): number {
  const at = sizes.map(() => 0);
  let sum = 0;
  for (let n = sizeOf(sizes); n > 0; n--) {
    let product = 1;
    for (let i = 0; i < inputs.length; i++) product *= inputs[i]!.data[starts[i]! + dot(steps[i]!, at)]!;
    sum += product;
    advance(at, sizes);
  }
  return sum;
}

export const EINSUM: Readonly<Record<string, Rule>> = { Einsum: einsum };
