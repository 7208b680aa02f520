import { string } from '../../onnx/attribute.ts';
import type { Dim } from '../../tensor.ts';
import { applyActivation } from '../activation.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { isList, type Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { asKeras } from '../reorder.ts';
import { product } from './dense.ts';

/**
 * Keras `EinsumDense`: y = activation(einsum(equation, x, kernel) + bias).
 *
 *   ab,bc->ac    abc,cd->abd    …x,xy->…y    a `Dense` over the last axis, and written as one
 *   any other                                ONNX Einsum
 *
 * Shapes: those of the letters. The sizes of x and `output_shape` (without the batch; `null` for what x says) give the
 * kernel's; the bias has those of `bias_axes`, which is none by default.
 * Source: https://keras.io/api/layers/core_layers/einsum_dense/ · https://onnx.ai/onnx/operators/onnx__Einsum.html
 */
export const einsumDense: LayerLowering = {
  classNames: ['EinsumDense'],
  note: 'every equation; a Dense over the last axis costs what a Dense does',
  traps: 'output_shape says every size that x does not',

  lower(layer, [given], graph) {
    const written = layer.value('equation');
    const equation =
      typeof written === 'string' ? written.replaceAll(' ', '') : layer.malformed('equation', 'an equation');
    const axis = denseAxis(equation);
    const bias = layer.value('bias_axes') ?? '';
    if (typeof bias !== 'string') return layer.malformed('bias_axes', 'letters');
    const units = outputSizes(layer).at(-1);
    const isDense = axis !== undefined && (bias === '' || bias === axis) && typeof units === 'number';
    const x = graph.float(given);
    const y = isDense
      ? product(layer, x, units, bias !== '', graph)
      : summed(layer, asKeras(graph, x), { equation, bias }, graph);
    return applyActivation(layer, y, graph.part('activation'));
  },
};

interface Sum {
  readonly equation: string;
  readonly bias: string;
}

function summed(layer: Layer, x: Handle, { equation, bias }: Sum, graph: GraphWriter): Handle {
  const parts = /^([a-z.]+),([a-z]+)->([a-z.]+)$/i.exec(equation);
  if (!parts) return layer.malformed('equation', 'letters, a comma, letters, an arrow and letters');
  const [, left, right, result] = parts as unknown as [string, string, string, string];
  const sizes = new Map<string, Dim>([
    ...lettered(layer, result, [x.shape[0]!, ...outputSizes(layer)]),
    ...lettered(layer, left, x.shape),
  ]);
  const known = (letter: string) => {
    const size = sizes.get(letter);
    return typeof size === 'number' ? size : layer.unsupported(`the size of ${letter} in its equation is unknown`);
  };
  const kernel = graph.parameter(layer.weight('kernel', Array.from(right, known)));
  const outer = left.includes('...')
    ? x.shape.slice(left.indexOf('...'), x.shape.length - (left.length - 3 - left.indexOf('...')))
    : [];
  const at = result.indexOf('...');
  const letters = Array.from(result.replace('...', ''));
  const shape = letters.map((letter) => sizes.get(letter)!);
  if (at >= 0) shape.splice(at, 0, ...outer);
  const output = { shape, attributes: { equation: string(equation) }, ...(bias === '' ? {} : { suffix: 'sum' }) };
  const y = graph.handle(graph.node('Einsum', [x.value, kernel], output), shape);
  if (bias === '') return y;
  const saved = layer.weight('bias', biasShape(letters, at, outer.length, bias, known).saved);
  const spread = biasShape(letters, at, outer.length, bias, known).spread;
  return graph.like(y, 'Add', {
    operands: [graph.parameter(saved, 'spread', (tensor) => ({ ...tensor, shape: spread }))],
  });
}

/** The bias as it is saved, which broadcasts from the last axis, and with ones for the axes that it has not. */
function biasShape(
  letters: readonly string[],
  at: number,
  outer: number,
  bias: string,
  known: (letter: string) => number,
) {
  const sizes = letters.map((letter) => (bias.includes(letter) ? known(letter) : 1));
  const first = letters.findIndex((letter) => bias.includes(letter));
  const saved = sizes.slice(first);
  const ones = new Array<number>(at > first ? outer : 0).fill(1);
  const spread = [...sizes.slice(first, Math.max(at, first)), ...ones, ...sizes.slice(Math.max(at, first))];
  return { saved, spread: at > first ? spread : saved };
}

/** The sizes of letters; those in front of `...` from the first axis on, those behind it up to the last. */
function lettered(layer: Layer, letters: string, shape: readonly (Dim | undefined)[]): [string, Dim][] {
  const [front, back = ''] = letters.split('...') as [string, string?];
  if (front.length + back.length > shape.length) layer.malformed('equation', `letters for ${shape.length} axes`);
  const of = (text: string, start: number) => Array.from(text).flatMap((letter, i): [string, Dim][] => {
    const size = shape[start + i];
    return size === undefined ? [] : [[letter, size]];
  }); // prettier-ignore
  return [...of(front, 0), ...of(back, shape.length - back.length)];
}

/** `undefined` for what is left open. */
function outputSizes(layer: Layer): (number | undefined)[] {
  const given = layer.value('output_shape');
  const list = isList(given) ? given : [given ?? null];
  return list.map((size) => (typeof size === 'number' ? size : undefined));
}

/** The letter of the new axis, where the equation is a Dense. */
function denseAxis(equation: string): string | undefined {
  const parts = /^(\.\.\.|[a-z]+)([a-z]),([a-z])([a-z])->(\.\.\.|[a-z]+)([a-z])$/i.exec(equation);
  if (!parts) return undefined;
  const [, kept, summed, row, column, result, last] = parts as unknown as string[];
  const letters = `${kept}${summed}`;
  const plain = kept === result && summed === row && column === last && !letters.includes(column!);
  return plain && new Set(letters.replace('...', '')).size === letters.replace('...', '').length ? column : undefined;
}
