import { int, ints } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import { int64 } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { LayerLowering } from '../lowering.ts';
import { spatialInput, spatialOutput, spatialRank, spatialShape, type Spatial } from '../spatial.ts';
import { computed } from '../computed.ts';

/**
 * Keras 3 `AdaptiveAveragePooling1D/2D/3D` and `AdaptiveMaxPooling1D/2D/3D`: result o of O is the mean or the maximum
 * of the points ⌊o·I/O⌋ to ⌈(o+1)·I/O⌉ − 1 of I.
 *
 * Shapes: x `[N, …I, C]`, y `[N, …O, C]`; every I is known.
 *
 *   axes with O a divisor of I    one pool with windows and steps of I/O
 *   any other axis                a pool with steps of one for each length of window, of whose results O are taken
 *
 * Source: https://keras.io/api/layers/pooling_layers/ · keras/src/backend/tensorflow/nn.py
 */
export const adaptivePooling: LayerLowering = {
  classNames: [
    ...['AdaptiveAveragePooling1D', 'AdaptiveAveragePooling2D', 'AdaptiveAveragePooling3D'],
    ...['AdaptiveMaxPooling1D', 'AdaptiveMaxPooling2D', 'AdaptiveMaxPooling3D'],
  ],
  note: 'any output_size over sizes that are known, both data formats',

  lower(layer, [x], graph) {
    const rank = spatialRank(layer);
    const input = spatialInput(layer, graph.float(x), graph);
    const wanted = layer.sizes('output_size', rank);
    const sizes = input.sizes.map((size) =>
      typeof size === 'number' ? size : layer.unsupported('the sizes of its input are unknown'),
    );
    const opType = layer.className.includes('Average') ? 'AveragePool' : 'MaxPool';
    const steps = wanted.map((size, i) => (sizes[i]! % size === 0 ? sizes[i]! / size : 1));
    const even: Spatial = { ...input, sizes };
    const regular = steps.every((step) => step === 1) ? even : pooled(graph.part('even'), even, opType, steps, steps);
    const y = wanted.reduce((from, size, axis) => {
      return from.sizes[axis] === size ? from : uneven(graph.part(`axis_${axis}`), from, opType, axis, size);
    }, regular);
    return spatialOutput(
      y === even ? { ...y, value: graph.node('Identity', [y.value], { shape: spatialShape(y) }) } : y,
    );
  },
};

function pooled(
  graph: GraphWriter,
  x: Spatial,
  opType: string,
  kernel: readonly number[],
  strides: readonly number[],
): Spatial {
  const sizes = x.sizes.map((size, i) => Math.floor((Number(size) - kernel[i]!) / strides[i]!) + 1);
  const attributes = { kernel_shape: ints(kernel), strides: ints(strides) };
  return { ...x, sizes, value: graph.node(opType, [x.value], { shape: spatialShape({ ...x, sizes }), attributes }) };
}

function uneven(graph: GraphWriter, x: Spatial, opType: string, axis: number, count: number): Spatial {
  const size = Number(x.sizes[axis]);
  const windows = Array.from({ length: computed(count) }, (_, o) => {
    const start = Math.floor((o * size) / count);
    return { start, length: Math.ceil(((o + 1) * size) / count) - start };
  });
  const lengths = [...new Set(windows.map(({ length }) => length))].sort((a, b) => a - b);
  const ones = x.sizes.map(() => 1);
  const parts = lengths.map((length) => pooled(graph.part(`of_${length}`), x, opType, ones.with(axis, length), ones));
  const offsets = parts.map((_, i) => parts.slice(0, i).reduce((sum, { sizes }) => sum + Number(sizes[axis]), 0));
  const places = windows.map(({ start, length }) => offsets[lengths.indexOf(length)]! + start);
  const all = joined(graph, parts, axis);
  const sizes = x.sizes.with(axis, count);
  const shape = spatialShape({ ...x, sizes });
  const value = graph.node('Gather', [all, graph.constant('places', int64(places))], {
    shape,
    attributes: { axis: int(axis + 2) },
  });
  return { ...x, sizes, value };
}

function joined(graph: GraphWriter, parts: readonly Spatial[], axis: number): Value {
  const [first] = parts as [Spatial];
  if (parts.length === 1) return first.value;
  const total = parts.reduce((sum, { sizes }) => sum + Number(sizes[axis]), 0);
  const output = {
    shape: spatialShape({ ...first, sizes: first.sizes.with(axis, total) }),
    attributes: { axis: int(axis + 2) },
    suffix: 'joined',
  };
  return graph.node('Concat', parts.map(({ value }) => value), output); // prettier-ignore
}
