import type { Dim } from '../../tensor.ts';
import { dimOf, productOf, quotient } from './dims.ts';
import type { Operands } from './types.ts';

/**
 * Exporters compute the target of a Reshape with a handful of integer operators (Shape, Gather, Concat, …). Each
 * rule gives the elements of such an output, as far as they are numbers or dimension names.
 */
export type ContentRule = (operands: Operands) => readonly Dim[] | undefined;

const copy: ContentRule = (x) => x.content(0);

const shapeOf: ContentRule = (x) => {
  const shape = x.shape(0);
  return shape?.slice(x.node.int('start', 0), x.node.int('end') ?? shape.length);
};

const gathered: ContentRule = (x) => {
  const [data, indices] = [x.content(0), x.numbers(1)];
  if (!data || !indices || x.node.int('axis', 0) !== 0) return undefined;
  return indices.map((index) => data.at(index) ?? '');
};

const sliced: ContentRule = (x) => {
  const [data, starts, ends] = [x.content(0), x.ints('starts', 1), x.ints('ends', 2)];
  const steps = x.has(4) ? x.numbers(4) : [1];
  if (!data || starts?.length !== 1 || ends?.length !== 1 || steps?.[0] !== 1) return undefined;
  return data.slice(starts[0], ends[0]);
};

const joined: ContentRule = (x) => {
  const parts = x.node.inputs.map((_, index) => x.content(index));
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
};

const size: ContentRule = (x) => {
  const product = productOf(x.shape(0) ?? ['']);
  return product && [dimOf(product)];
};

const filled: ContentRule = (x) => {
  const length = x.content(0);
  const value = x.node.attributes.get('value');
  if (length?.length !== 1 || typeof length[0] !== 'number' || length[0] > 64 || value?.kind !== 'tensor') return;
  return new Array<Dim>(length[0]).fill(Number((value.value.tensor().data as ArrayLike<number | bigint>)[0]));
};

const multiplied = paired((a, b) => dimOf(productOf([a, b])));
const divided = paired((a, b) => {
  const [dividend, divisor] = [productOf([a]), productOf([b])];
  return dividend && divisor && divisor.factor !== 0 ? dimOf(quotient(dividend, divisor)) : '';
});
const added = paired((a, b) => (typeof a === 'number' && typeof b === 'number' ? a + b : ''));
const subtracted = paired((a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : ''));

/** Elementwise on two contents, one of which may be a single element. */
function paired(operation: (a: Dim, b: Dim) => Dim): ContentRule {
  return (x) => {
    const [a, b] = [x.content(0), x.content(1)];
    if (!a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return undefined;
    const at = (dims: readonly Dim[], index: number) => dims[dims.length === 1 ? 0 : index]!;
    return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => operation(at(a, i), at(b, i)));
  };
}

export const CONTENT_RULES: ReadonlyMap<string, ContentRule> = new Map(
  Object.entries({
    Add: added,
    Cast: copy,
    Concat: joined,
    ConstantOfShape: filled,
    Div: divided,
    Gather: gathered,
    Identity: copy,
    Mul: multiplied,
    Reshape: copy,
    Shape: shapeOf,
    Size: size,
    Slice: sliced,
    Squeeze: copy,
    Sub: subtracted,
    Unsqueeze: copy,
  }),
);
