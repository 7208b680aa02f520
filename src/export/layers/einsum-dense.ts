import { applyActivation } from '../activation.ts';
import type { LayerLowering } from '../lowering.ts';
import { isList } from '../layer.ts';
import { product } from './dense.ts';

/**
 * Keras `EinsumDense`, in the cases in which it is a `Dense`: the last axis of x is summed against the first of a
 * matrix, and the result stands in its place.
 *
 *   ab,bc->ac    abc,cd->abd    …x,xy->…y
 *
 * Shapes: x `[N, …, F]`, kernel `[F, units]`, bias `[units]`, y `[N, …, units]`. `bias_axes` names the axes of the
 * bias and is none by default.
 * Source: https://keras.io/api/layers/core_layers/einsum_dense/
 * @throws {EdgefoldError} UNSUPPORTED for every other equation.
 */
export const einsumDense: LayerLowering = {
  classNames: ['EinsumDense'],
  note: 'equations that are a Dense over the last axis',

  lower(layer, [x], graph) {
    const given = layer.value('equation');
    const equation = typeof given === 'string' ? given : layer.malformed('equation', 'an equation');
    const axis = denseAxis(equation);
    if (axis === undefined) layer.unsupported(`its equation ${equation} is not a Dense over the last axis`);
    const bias = layer.value('bias_axes') ?? '';
    if (bias !== '' && bias !== axis) layer.unsupported('its bias has other axes than the last');
    const shape = layer.value('output_shape');
    const units = isList(shape) ? shape.at(-1) : shape;
    if (typeof units !== 'number') return layer.malformed('output_shape', 'sizes that end in a number');
    return applyActivation(layer, product(layer, graph.float(x), units, bias !== '', graph), graph.part('activation'));
  },
};

/** The letter of the new axis, where the equation is a Dense. */
function denseAxis(equation: string): string | undefined {
  const parts = /^(\.\.\.|[a-z]+)([a-z]),([a-z])([a-z])->(\.\.\.|[a-z]+)([a-z])$/i.exec(equation.replaceAll(' ', ''));
  if (!parts) return undefined;
  const [, kept, summed, row, column, result, last] = parts as unknown as string[];
  const letters = `${kept}${summed}`;
  const plain = kept === result && summed === row && column === last && !letters.includes(column!);
  return plain && new Set(letters.replace('...', '')).size === letters.replace('...', '').length ? column : undefined;
}
