import { int } from '../onnx/attribute.ts';
import type { GraphWriter } from './graph-writer.ts';
import { physicalAxis, physicalShape, type Handle } from './layout.ts';

/** One of the Reduce operators that take their axes as an input from opset 18 on; the axes stay, with size 1. */
export function reducedOver(
  graph: GraphWriter,
  opType: string,
  x: Handle,
  axes: readonly number[],
  inputSince = 18,
): Handle {
  const places = axes.map((axis) => physicalAxis(x, axis)).sort((a, b) => a - b);
  const { inputs, attributes } = graph.axes(places, inputSince);
  const shape = x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  const output = { shape: physicalShape(shape, x.layout), attributes: { ...attributes, keepdims: int(1) } };
  return { ...x, shape, value: graph.node(opType, [x.value, ...inputs], output) };
}

/** The mean over axes of the Keras tensor, which stay with size 1. */
export function meanOver(graph: GraphWriter, x: Handle, axes: readonly number[]): Handle {
  return reducedOver(graph, 'ReduceMean', x, axes);
}

/** x − mean(x) */
export function centred(graph: GraphWriter, x: Handle, axes: readonly number[]): Handle {
  return graph.like(x, 'Sub', { operands: [meanOver(graph.part('mean'), x, axes).value], suffix: 'centred' });
}
