import { int } from '../../onnx/attribute.ts';
import type { Dim, DType } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Handle } from '../layout.ts';
import { asKeras } from '../reorder.ts';
import { slice } from '../slice.ts';
import { choose, plain } from './arithmetic.ts';
import { elementwise, inType } from './broadcast.ts';
import type { Operand, OperationCall } from './operation-call.ts';
import type { Operation } from './operation.ts';

/**
 * Elements of one axis by their order, products of those so far, and choices.
 *
 *   Sort, Argsort       ascending, equal ones in the order in which they stand: TopK of all, the smallest first
 *   Median, Quantile    s_p of the sorted s, p = q·(n − 1), between two of them linearly
 *   Cumprod             in steps d = 1, 2, 4, …: y_i = y_i · y_{i−d}
 *   Select              the first choice whose condition holds, else the default
 *
 * Source: https://keras.io/api/ops/numpy/
 */
export const ORDERING: readonly Operation[] = [
  { names: ['Sort'], parameters: ['x', 'axis'], lower: (call, graph) => sorted(call, own(call), axisOf(call, -1), graph)[0] },
  {
    names: ['Argsort'],
    parameters: ['x', 'axis'],
    lower: (call, graph) => inType(sorted(call, own(call), axisOf(call, -1), graph)[1], 'int32', graph),
  },
  { names: ['Median'], parameters: ['x', 'axis', 'keepdims'], lower: (call, graph) => quantile(call, 0.5, graph) },
  {
    names: ['Quantile'],
    parameters: ['x', 'q', 'axis', 'method', 'keepdims'],
    lower(call, graph) {
      if (call.text('method', 'linear') !== 'linear') return call.unsupported('it does not interpolate linearly');
      const q = call.value('q');
      if (typeof q !== 'number' || !(q >= 0 && q <= 1)) return call.unsupported('its q is not one number from 0 to 1');
      return quantile(call, q, graph);
    },
  },
  { names: ['Cumprod', 'cumprod'], parameters: ['x', 'axis', 'exclusive', 'reverse'], lower: products },
  { names: ['Select'], parameters: ['condlist', 'choicelist', 'default'], lower: select },
]; // prettier-ignore

function own(call: OperationCall): Handle {
  return call.tensor('x');
}

function axisOf(call: OperationCall, otherwise: number): number {
  if (!call.has('axis') && call.name !== 'Sort' && call.name !== 'Argsort')
    return call.unsupported('it takes all numbers of all samples');
  return call.axis('axis', own(call).shape.length, otherwise);
}

/** The elements along an axis from the smallest on, and the places where they stood, int64. */
function sorted(call: OperationCall, given: Handle, axis: number, graph: GraphWriter): readonly [Handle, Handle] {
  const x = asKeras(graph, given);
  const n = call.known(x.shape[axis], 'the size of the axis that it sorts');
  const output = (suffix: string, dtype?: DType) => ({ shape: x.shape, dtype: dtype ?? x.value.dtype, suffix });
  const outputs = [output('sorted'), output('order', 'int64')];
  const attributes = { axis: int(axis), largest: int(0) };
  const [values, places] = graph.nodes('TopK', [x.value, graph.integers('count', [n])], outputs, attributes);
  return [graph.handle(values!, x.shape), graph.handle(places!, x.shape)];
}

function quantile(call: OperationCall, q: number, graph: GraphWriter): Handle {
  const axis = axisOf(call, 0);
  const [x] = sorted(call, graph.float(own(call)), axis, graph);
  const place = q * (Number(x.shape[axis]) - 1);
  const at = (i: number) => taken(x, axis, i, call.flag('keepdims', false), graph.part(`at_${i}`));
  const low = at(Math.floor(place));
  const part = place - Math.floor(place);
  if (part === 0) return low;
  const step = elementwise(call, 'Sub', [at(Math.ceil(place)), low], graph, { suffix: 'step' });
  return elementwise(call, 'Add', [low, elementwise(call, 'Mul', [step, plain(part)], graph, { suffix: 'part' })], graph);
} // prettier-ignore

function taken(x: Handle, axis: number, i: number, keep: boolean, graph: GraphWriter): Handle {
  const shape: Dim[] = keep ? x.shape.with(axis, 1) : x.shape.toSpliced(axis, 1);
  const places = keep ? [i] : BigInt64Array.of(BigInt(i));
  const index = Array.isArray(places) ? graph.integers('place', places) : graph.constant('place', { dtype: 'int64', shape: [], data: places }); // prettier-ignore
  return graph.handle(graph.node('Gather', [x.value, index], { shape, attributes: { axis: int(axis) } }), shape);
}

/** More than any axis of a model; the bound keeps the steps few. */
const MAX_PRODUCTS = 2 ** 16;

function products(call: OperationCall, graph: GraphWriter): Handle {
  if (call.flag('exclusive', false) || call.flag('reverse', false))
    return call.unsupported('it is exclusive or runs in reverse');
  const x = asKeras(graph, own(call));
  const axis = axisOf(call, 0);
  const n = call.known(x.shape[axis], 'the size of the axis that it multiplies along');
  if (n > MAX_PRODUCTS) return call.unsupported(`it multiplies along ${n} numbers`);
  let y = x;
  for (let d = 1; d < n; d *= 2) y = multipliedBack(call, y, { axis, d, n }, 2 * d >= n ? graph : graph.part(`by_${d}`));
  return y;
} // prettier-ignore

/** y_i · y_{i−d}, and y_i where there is none. */
function multipliedBack(
  call: OperationCall,
  y: Handle,
  { axis, d, n }: { readonly axis: number; readonly d: number; readonly n: number },
  graph: GraphWriter,
): Handle {
  const first = slice(graph, y, [{ axis, start: 0, end: d, size: d }], 'first');
  const later = slice(graph, y, [{ axis, start: d, end: n, size: n - d }], 'later');
  const before = slice(graph, y, [{ axis, start: 0, end: n - d, size: n - d }], 'before');
  const product = elementwise(call, 'Mul', [later, before], graph, { suffix: 'product' });
  const output = { shape: y.shape, dtype: y.value.dtype, attributes: { axis: int(axis) } };
  return graph.handle(graph.node('Concat', [first.value, product.value], output), y.shape);
}

function select(call: OperationCall, graph: GraphWriter): Handle {
  const [conditions, choices] = [call.tensors('condlist'), call.tensors('choicelist')];
  if (conditions.length !== choices.length) return call.malformed('choicelist', 'one choice for each condition');
  const otherwise: Operand = call.has('default') ? call.operand('default') : plain(0);
  const last = conditions.length - 1;
  return conditions.reduceRight<Operand>(
    (rest, condition, i) => choose(call, condition, choices[i]!, rest, i === 0 ? graph : graph.part(`else_${last - i}`)),
    otherwise,
  ) as Handle;
} // prettier-ignore
