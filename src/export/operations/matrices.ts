import { ints, string } from '../../onnx/attribute.ts';
import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { isList } from '../layer.ts';
import type { Handle } from '../layout.ts';
import { asKeras } from '../reorder.ts';
import { commonType, inType } from './broadcast.ts';
import type { OperationCall } from './operation-call.ts';
import type { Operation } from './operation.ts';

/**
 * Products of matrices, in numpy's broadcasting, and sums over letters.
 *
 *   Matmul     y[…, i, j] = Σ x[…, i, k] · y[…, k, j]; vectors are rows and columns
 *   Dot        sums over the last axis of x and the last but one of y (Inner: the last)
 *   Tensordot  sums over the given axes of both
 *   Einsum     "abc,cd->abd", as ONNX has it too
 *
 * Source: https://numpy.org/doc/stable/reference/generated/numpy.matmul.html
 */
export const MATRICES: readonly Operation[] = [
  {
    names: ['Matmul', 'matmul', 'raw.MatMul', 'raw.BatchMatMulV2', 'raw.BatchMatMul'],
    parameters: ['x a', 'y b', 'transpose_a adj_x', 'transpose_b adj_y'],
    lower(call, graph) {
      const x = turned(call.tensor('x'), call.flag('transpose_a', false), graph.part('a'));
      const y = turned(call.tensor('y'), call.flag('transpose_b', false), graph.part('b'));
      return product(call, x, y, graph);
    },
  },
  {
    names: ['Einsum', 'raw.Einsum'],
    parameters: ['x', 'y', 'z', 'w', 'equation subscripts'],
    lower(call, graph) {
      const tensors = ['x', 'y', 'z', 'w'].filter((name) => call.has(name)).map((name) => call.tensor(name));
      return einsum(call, call.text('equation', ''), tensors, graph);
    },
  },
  { names: ['Dot', 'Inner'], parameters: ['x', 'y'], lower: dot },
  { names: ['Tensordot', 'tensordot'], parameters: ['x a', 'y b', 'axes'], lower: tensordot },
  {
    names: ['einsum'],
    parameters: [],
    lower: (call) =>
      call.unsupported('Keras does not write the tensors of an einsum into the file', 'Use a layer (Dot, Dense, EinsumDense) or matmul.'),
  },
]; // prettier-ignore

function turned(given: Handle, turn: boolean, graph: GraphWriter): Handle {
  const x = asKeras(graph, given);
  if (!turn) return x;
  const rank = x.shape.length;
  const perm = Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  const shape = perm.map((axis) => x.shape[axis]!);
  const output = { shape, dtype: x.value.dtype, attributes: { perm: ints(perm) }, suffix: 'turned' };
  return graph.handle(graph.node('Transpose', [x.value], output), shape);
}

function product(call: OperationCall, a: Handle, b: Handle, graph: GraphWriter): Handle {
  const dtype = commonType([a, b]);
  const [x, y] = [inType(a, dtype, graph.part('a')), inType(b, dtype, graph.part('b'))];
  const [m, n] = [x.shape.length, y.shape.length];
  if (m === 0 || n === 0) return call.unsupported('it multiplies by a tensor of rank 0');
  const rows = m > 1 ? [x.shape[m - 2]!] : [];
  const columns = n > 1 ? [y.shape[n - 1]!] : [];
  const shape = [...outer(call, x.shape.slice(0, -2), y.shape.slice(0, -2)), ...rows, ...columns];
  return graph.handle(graph.node('MatMul', [x.value, y.value], { shape, dtype }), shape);
}

function outer(call: OperationCall, a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    if (x === 1 || x === y) return y;
    if (typeof x === 'number' && typeof y === 'number' && y !== 1) return call.unsupported('its matrices do not fit together');
    return y === 1 || typeof x === 'number' ? x : y;
  });
} // prettier-ignore

function dot(call: OperationCall, graph: GraphWriter): Handle {
  const [m, n] = [call.tensor('x').shape.length, call.tensor('y').shape.length];
  return summed(call, [m - 1], [call.name === 'Dot' && n > 1 ? n - 2 : n - 1], graph);
}

/** A number n stands for the last n axes of x and the first n of y. */
function tensordot(call: OperationCall, graph: GraphWriter): Handle {
  const [m, n] = [call.tensor('x').shape.length, call.tensor('y').shape.length];
  const axes = call.value('axes') ?? 2;
  if (typeof axes === 'number') {
    if (!Number.isInteger(axes) || axes < 0 || axes > Math.min(m, n)) return call.malformed('axes', 'a number of axes');
    const range = Array.from({ length: axes }, (_, i) => i);
    return summed(call, range.map((i) => m - axes + i), range, graph);
  }
  const given = isList(axes) ? axes : [];
  const [a, b] = given.map((side) => (isList(side) ? side.map(Number) : [Number(side)]));
  if (!a || a.length !== b?.length) return call.malformed('axes', 'axes of both tensors');
  return summed(call, a.map((axis) => (axis < 0 ? axis + m : axis)), b.map((axis) => (axis < 0 ? axis + n : axis)), graph);
} // prettier-ignore

/** Σ over axes a of x and b of y; the others of x come first in the result, then those of y. */
function summed(call: OperationCall, a: readonly number[], b: readonly number[], graph: GraphWriter): Handle {
  const [x, y] = [call.tensor('x'), call.tensor('y')];
  const left = x.shape.map((_, axis) => String.fromCharCode(97 + axis));
  const right = y.shape.map((_, axis) => (b.includes(axis) ? left[a[b.indexOf(axis)]!]! : String.fromCharCode(65 + axis)));
  const result = [...left.filter((_, axis) => !a.includes(axis)), ...right.filter((_, axis) => !b.includes(axis))];
  const plain = a.length === 1 && a[0] === left.length - 1 && b[0] === Math.max(0, right.length - 2) && right.length <= 2;
  if (plain) return product(call, asKeras(graph, x), asKeras(graph, y), graph);
  return einsum(call, `${left.join('')},${right.join('')}->${result.join('')}`, [x, y], graph);
} // prettier-ignore

/** Sizes by the letters of an equation without an ellipsis. */
function einsumShape(call: OperationCall, equation: string, tensors: readonly Handle[]): readonly Dim[] {
  const [left = '', right] = equation.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  const fits = right !== undefined && terms.length === tensors.length && terms.every((term, i) => /^[a-z]+$/i.test(term) && term.length === tensors[i]!.shape.length);
  if (!fits) return call.unsupported(`its equation ${equation} is not written out`);
  const sizes = new Map(terms.flatMap((term, i) => Array.from(term, (letter, axis): [string, Dim] => [letter, tensors[i]!.shape[axis]!])));
  return Array.from(right, (letter) => sizes.get(letter) ?? call.unsupported(`its equation ${equation} makes no sense`));
} // prettier-ignore

function einsum(call: OperationCall, equation: string, given: readonly Handle[], graph: GraphWriter): Handle {
  const dtype = commonType(given);
  const tensors = given.map((x, i) => inType(asKeras(graph, x), dtype, graph.part(`input_${i}`)));
  const shape = einsumShape(call, equation, tensors);
  const output = { shape, dtype, attributes: { equation: string(equation.replaceAll(' ', '')) } };
  const inputs = tensors.map(({ value }) => value);
  return graph.handle(graph.node('Einsum', inputs, output), shape);
}
