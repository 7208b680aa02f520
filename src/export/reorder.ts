import { int, ints } from '../onnx/attribute.ts';
import type { Dim } from '../tensor.ts';
import { computed } from './computed.ts';
import { GraphWriter, type Form } from './graph-writer.ts';
import {
  CHANNELS_FIRST,
  channelsFirstAxes,
  channelsLastAxes,
  KERAS,
  orderIsTrivial,
  physicalShape,
  type Handle,
  type Layout,
} from './layout.ts';

/** `x` as Keras has it. */
export function asKeras(graph: GraphWriter, x: Handle): Handle {
  if (x.layout.kind === 'keras') return x;
  return inForm(graph, x, 'keras', () => (x.layout.kind === 'reordered' ? inOrder(graph, x) : moved(graph, x, KERAS)));
}

/** `x` as [N, C, …spatial], for a Keras tensor [N, …spatial, C] of rank 3 or more. */
export function asChannelsFirst(graph: GraphWriter, x: Handle): Handle {
  if (x.layout.kind === 'channels-first') return x;
  return inForm(graph, x, 'channels-first', () => moved(graph, x, CHANNELS_FIRST));
}

/** All in one layout: channels-first as soon as one of them is, else that of all, else as Keras has them. */
export function inOneLayout(graph: GraphWriter, handles: readonly Handle[]): Handle[] {
  if (handles.some(({ layout }) => layout.kind === 'channels-first')) {
    return handles.map((handle) => asChannelsFirst(graph, handle));
  }
  const ids = new Set(handles.map(({ layout }) => (layout.kind === 'reordered' ? layout.id : layout.kind)));
  return ids.size === 1 ? [...handles] : handles.map((handle) => asKeras(graph, handle));
}

/** A value whose elements stand in Keras's order, whatever its shape: what a Reshape needs. */
export function inKerasOrder(graph: GraphWriter, x: Handle): Handle {
  return x.layout.kind === 'channels-first' && orderIsTrivial(x.shape) ? x : asKeras(graph, x);
}

/** Says how to make the other form of a value in a better way than by moving it; used only if it is asked for. */
export function offerForm(graph: GraphWriter, { value }: Handle, form: Form, make: () => Handle): void {
  const forms = graph.workshop.forms.get(value) ?? new Map<Form, () => Handle>();
  graph.workshop.forms.set(value, forms);
  let made: Handle | undefined;
  forms.set(form, () => (made ??= make()));
}

/** One Reshape to a shape of which at most one size besides the batch is unknown. */
export function reshaped(
  graph: GraphWriter,
  x: Handle,
  shape: readonly Dim[],
  layout: Layout,
  suffix?: string,
): Handle {
  const physical = physicalShape(shape, layout);
  const target = physical.map((dim, axis) => (axis === 0 ? 0 : typeof dim === 'number' ? dim : -1));
  const inputs = [x.value, graph.integers(suffix === undefined ? 'shape' : `${suffix}_shape`, target)];
  const output = { shape: physical, dtype: x.value.dtype, ...(suffix === undefined ? {} : { suffix }) };
  return graph.handle(graph.node('Reshape', inputs, output), shape, layout);
}

/** The other form of a value, if one was offered or made. */
export function offeredForm(graph: GraphWriter, { value }: Handle, form: Form): Handle | undefined {
  return graph.workshop.forms.get(value)?.get(form)?.();
}

function inForm(graph: GraphWriter, x: Handle, form: Form, make: () => Handle): Handle {
  if (!graph.workshop.forms.get(x.value)?.has(form)) offerForm(graph, x, form, make);
  const other = graph.workshop.forms.get(x.value)!.get(form)!();
  if (x.layout.kind !== 'reordered') offerForm(graph, other, x.layout.kind, () => x);
  return { ...other, mask: x.mask };
}

/** A Transpose, or a Reshape where the order of the elements stays. Named after the value, which all readers share. */
function moved(graph: GraphWriter, x: Handle, layout: Layout): Handle {
  const rank = x.shape.length;
  const writer = new GraphWriter(graph.workshop, x.value.name);
  const suffix = layout.kind === 'keras' ? 'channels_last' : 'channels_first';
  const unknown = x.shape.slice(1).filter((dim) => typeof dim !== 'number').length;
  if (orderIsTrivial(x.shape) && unknown <= 1) return reshaped(writer, x, x.shape, layout, suffix);
  const perm = layout.kind === 'keras' ? channelsLastAxes(rank) : channelsFirstAxes(rank);
  const output = {
    shape: physicalShape(x.shape, layout),
    dtype: x.value.dtype,
    attributes: { perm: ints(perm) },
    suffix,
  };
  return writer.handle(writer.node('Transpose', [x.value], output), x.shape, layout);
}

/** The features of a reordered tensor put back into Keras's order. */
function inOrder(graph: GraphWriter, x: Handle): Handle {
  if (x.layout.kind !== 'reordered') return x;
  const features = x.shape.reduce<number>((product, dim) => (typeof dim === 'number' ? product * dim : product), 1);
  const inverse = new Array<number>(computed(features));
  x.layout.order().forEach((feature, position) => (inverse[feature] = position));
  const writer = graph.part('in_order');
  const output = { shape: x.shape, dtype: x.value.dtype, attributes: { axis: int(1) } };
  return writer.handle(writer.node('Gather', [x.value, writer.integers('order', inverse)], output), x.shape);
}
