import { int, ints } from '../src/onnx/attribute.ts';
import { Graph, type Value } from '../src/onnx/graph.ts';
import { newModelInfo } from '../src/onnx/model-info.ts';
import { float32, int64, sizeOf } from '../src/tensor.ts';

const CHANNELS = 8;

/** A detector in small, with the operators and the habits of exporters that most networks have. */
export function usualNetwork(): Graph {
  const graph = new Graph('network', { ...newModelInfo(), irVersion: 3, opsets: new Map([['', 9]]) });
  const input = graph.input('input', { dtype: 'float32', shape: [1, CHANNELS, 16, 16] });
  const node = (opType: string, inputs: readonly Value[], attributes = {}): Value =>
    graph.node(opType, { inputs, attributes, output: { name: opType.toLowerCase(), dtype: 'float32' } });
  const weights = (shape: readonly number[], start = 0): Value => {
    const value = graph.constant('weights', float32(shape, Float32Array.from({ length: sizeOf(shape) }, (_, i) => start + Math.sin(i + 1)))); // prettier-ignore
    graph.inputs.push(value);
    return value;
  };
  const normalised = (x: Value) => node('BatchNormalization', [x, ...[2, 0, 0, 2].map((low) => weights([CHANNELS], low))]); // prettier-ignore
  const convolved = (x: Value, kernel: number, group = 1) => {
    const pads = new Array<number>(4).fill((kernel - 1) / 2);
    const attributes = { kernel_shape: ints([kernel, kernel]), pads: ints(pads), strides: ints([1, 1]), group: int(group) }; // prettier-ignore
    return normalised(node('Conv', [x, weights([CHANNELS, CHANNELS / group, kernel, kernel])], attributes));
  };
  const head = (x: Value) => {
    const biased = node('Conv', [x, weights([CHANNELS, CHANNELS, 1, 1]), weights([CHANNELS])]);
    const last = node('Transpose', [biased], { perm: ints([0, 2, 3, 1]) });
    const batch = node('Gather', [node('Shape', [last]), graph.constant('first', int64([0]))], { axis: int(0) });
    const sizes = [batch, graph.constant('rest', int64([-1])), graph.constant('pair', int64([2]))];
    return node('Reshape', [last, node('Concat', sizes, { axis: int(0) })]);
  };
  const stem = node('Relu', [convolved(input, 3)]);
  const narrow = node('Relu', [convolved(stem, 3, CHANNELS)]);
  const residual = node('Add', [convolved(narrow, 1), stem]);
  const joined = node('Concat', [node('Relu', [residual]), node('Relu', [convolved(stem, 1)])], { axis: int(1) });
  const merged = node('Conv', [joined, weights([CHANNELS, 2 * CHANNELS, 1, 1])]);
  const pooled = node('MaxPool', [node('Relu', [normalised(merged)])], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }); // prettier-ignore
  const heads = node('Concat', [head(pooled), head(node('Relu', [convolved(pooled, 3)]))], { axis: int(1) });
  // Boxes, of which exporters cut the same parts more than once.
  const part = (start: number) => node('Slice', [heads], { axes: ints([2]), starts: ints([start]), ends: ints([start + 1]) }); // prettier-ignore
  const scale = graph.constant('scale', float32([], Float32Array.of(0.1)));
  const size = node('Exp', [node('Mul', [part(1), scale])]);
  const boxes = node('Concat', [node('Sub', [part(0), node('Div', [size, scale])]), node('Add', [part(0), size])], { axis: int(2) }); // prettier-ignore
  const flat = node('Flatten', [node('GlobalAveragePool', [pooled])]);
  const dense = node('Gemm', [flat, weights([CHANNELS, 4]), weights([4])]);
  graph.outputs.push(node('Softmax', [heads], { axis: int(2) }), boxes, dense);
  return graph;
}
