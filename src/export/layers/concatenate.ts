import { int } from '../../onnx/attribute.ts';
import type { Dim } from '../../tensor.ts';
import type { Layer } from '../layer.ts';
import { concatenatedOrder, physicalAxis, physicalShape, type Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { concatenatedMask } from '../mask.ts';
import { commonType, inType } from '../operations/broadcast.ts';
import { inOneLayout } from '../reorder.ts';

/**
 * Keras `Concatenate` along one axis of the Keras tensors: ONNX Concat along the axis where that one lies.
 *
 * Flattened tensors are put together as they lie; the result remembers their order.
 * Defaults: `axis` −1.
 * Source: https://keras.io/api/layers/merging_layers/concatenate/
 */
export const concatenate: LayerLowering = {
  classNames: ['Concatenate'],
  note: 'any axis',
  traps: 'the axis is that of the Keras tensor; masks are joined as each generation does',
  merges: true,
  mask: 'own',

  lower(layer, inputs, graph) {
    const axis = layer.axis('axis', inputs[0].shape.length, -1);
    const dtype = commonType(inputs);
    const typed = inputs.map((x, i) => inType(x, dtype, graph.part(`input_${i}`)));
    const shape = joinedShape(layer, inputs, axis);
    const flat = shape.length === 2 && axis === 1 && typed.every(({ shape: [, size] }) => typeof size === 'number');
    const handles = flat ? typed : inOneLayout(graph, typed);
    const layout = flat
      ? concatenatedOrder(handles.map(({ shape: [, size], layout }) => ({ size: Number(size), layout })))
      : handles[0]!.layout;
    const at = physicalAxis(handles[0]!, axis);
    const output = { shape: physicalShape(shape, layout), dtype, attributes: { axis: int(at) } };
    const y = graph.handle(
      graph.node(
        'Concat',
        handles.map(({ value }) => value),
        output,
      ),
      shape,
      layout,
    );
    return { ...y, mask: concatenatedMask(layer, inputs, axis, graph) };
  },
};

function joinedShape(layer: Layer, inputs: readonly [Handle, ...Handle[]], axis: number): Dim[] {
  const { shape: first } = inputs[0];
  for (const { shape } of inputs) {
    const fits =
      shape.length === first.length &&
      shape.every(
        (dim, i) => i === axis || dim === first[i] || typeof dim !== typeof first[i] || typeof dim === 'string',
      );
    if (!fits) layer.unsupported(`its inputs [${first.join(', ')}] and [${shape.join(', ')}] do not fit together`);
  }
  const sizes = inputs.map(({ shape }) => shape[axis]!);
  const total = sizes.every((size) => typeof size === 'number') ? sizes.reduce((a, b) => a + b, 0) : undefined;
  return first.map((dim, i) => (i === axis ? (total ?? `${layer.name}_dim${i}`) : dim));
}
