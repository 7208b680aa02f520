import type { Value } from '../../onnx/graph.ts';
import { ints } from '../../onnx/attribute.ts';
import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { CHANNELS_FIRST, gatherRows, KERAS, physicalShape, sameLayout, type Handle, type Layout } from '../layout.ts';
import { asChannelsFirst, asKeras } from '../reorder.ts';
import type { Constant, Element, Operand } from './operand.ts';
import type { Operator } from './operator.ts';

/** Operands of an elementwise operator, so laid out that ONNX broadcasts them as TensorFlow would. */
export interface Aligned {
  readonly values: readonly Value[];
  /** As TensorFlow sees the result. */
  readonly shape: readonly Dim[];
  readonly layout: Layout;
}

/**
 * Numpy's broadcasting, in any layout. One tensor that lies channels first, of the rank of the result, makes the others
 * lie so; constants are laid out when the model is exported.
 */
export function aligned(op: Operator, operands: readonly Operand[], graph: GraphWriter): Aligned {
  if (operands.length === 0) op.broken('it has no inputs');
  const shape = operands.map((operand) => operand.shape).reduce((a, b) => broadcastShape(op, a, b));
  const handles = operands.flatMap((operand) => (operand.constant ? [] : [operand.handle()]));
  const layout = commonLayout(handles, operands, shape);
  const values = operands.map((operand, i) => {
    if (operand.constant) return constantIn(operand.constant, shape.length, layout, graph);
    return laidOutIn(operand.handle(), shape.length, layout, graph.part(`input_${i}`));
  });
  return { values, shape, layout };
}

/** A node over operands that broadcast. */
export function elementwise(
  op: Operator,
  opType: string,
  operands: readonly Operand[],
  graph: GraphWriter,
  dtype?: Element,
): Handle {
  const { values, shape, layout } = aligned(op, operands, graph);
  const output = { shape: physicalShape(shape, layout), dtype: dtype ?? operands[0]!.dtype };
  return graph.handle(graph.node(opType, values, output), shape, layout);
}

function commonLayout(handles: readonly Handle[], operands: readonly Operand[], shape: readonly Dim[]): Layout {
  if (handles.some((handle) => handle.layout.kind === 'channels-first' && handle.shape.length === shape.length)) {
    return CHANNELS_FIRST;
  }
  const [first] = handles;
  if (first?.layout.kind !== 'reordered' || first.layout.order().length !== shape.at(-1)) return KERAS;
  const isShared = handles.every((handle) => handle.shape.length === 2 && sameLayout(handle.layout, first.layout));
  return isShared && operands.every((operand) => operand.shape.length <= 2) ? first.layout : KERAS;
}

function constantIn(constant: Constant, rank: number, layout: Layout, graph: GraphWriter): Value {
  if (layout.kind !== 'reordered' || (constant.shape.at(-1) ?? 1) === 1) return constant.broadcast(graph, rank, layout);
  const { id, order } = layout;
  return constant.weight(graph, id, (tensor) => {
    const [rows, columns] = tensor.shape.length === 2 ? tensor.shape : [1, ...tensor.shape];
    const parts = Array.from({ length: rows! }, (_, row) => ({
      ...tensor,
      shape: [columns!],
      data: tensor.data.subarray(row * columns!, (row + 1) * columns!),
    }));
    const data = Float32Array.from(parts.flatMap((part) => [...gatherRows(part, order()).data]));
    return { ...tensor, data };
  });
}

function laidOutIn(x: Handle, rank: number, layout: Layout, graph: GraphWriter): Value {
  if (x.shape.length === 0) return x.value;
  if (layout.kind === 'reordered') return x.value;
  if (layout.kind === 'keras') return asKeras(graph, x).value;
  return asChannelsFirst(graph, raised(x, rank, graph)).value;
}

/** With axes of size 1 in front. */
function raised(x: Handle, rank: number, graph: GraphWriter): Handle {
  const missing = rank - x.shape.length;
  if (missing === 0) return x;
  const { value } = asKeras(graph, x);
  const shape = [...new Array<number>(missing).fill(1), ...x.shape];
  const axes = graph.integers('axes', [...new Array<number>(missing).keys()]);
  return graph.handle(graph.node('Unsqueeze', [value, axes], { shape, dtype: value.dtype, suffix: 'raised' }), shape);
}

export function broadcastShape(op: Operator, a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (left === 1 || left === right) return right;
    if (right === 1) return left;
    if (typeof left === 'number' && typeof right === 'number') {
      op.broken(`its inputs [${a.join(', ')}] and [${b.join(', ')}] do not fit together`);
    }
    return typeof left === 'number' ? left : right;
  });
}

/** Where the axes of a tensor are when some of them go: `layout` is that of what is left of `x`. */
export function withoutAxes(x: Handle, axes: readonly number[], graph: GraphWriter): { x: Handle; layout: Layout } {
  const last = x.shape.length - 1;
  if (x.layout.kind === 'reordered') return { x: asKeras(graph, x), layout: KERAS };
  if (x.layout.kind === 'keras' || axes.includes(last)) return { x, layout: KERAS };
  const spatial = Array.from({ length: last - 1 }, (_, i) => i + 1);
  if (spatial.every((axis) => axes.includes(axis))) return { x, layout: KERAS };
  return axes.includes(0) ? { x: asKeras(graph, x), layout: KERAS } : { x, layout: CHANNELS_FIRST };
}

/** A Transpose to any order. */
export function transpose(graph: GraphWriter, x: Handle, perm: readonly number[], suffix?: string): Handle {
  const shape = perm.map((axis) => x.shape[axis]!);
  const output = {
    shape,
    dtype: x.value.dtype,
    attributes: { perm: ints(perm) },
    ...(suffix !== undefined && { suffix }),
  };
  return graph.handle(graph.node('Transpose', [x.value], output), shape);
}
