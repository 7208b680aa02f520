import { float } from '../../src/onnx/attribute.ts';
import { Graph } from '../../src/onnx/graph.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { float32 } from '../../src/tensor.ts';

/** y = BN(x·W) over two features, with weights that fold without a remainder. */
export function tinyNormalized({ weight = 2, inputName = 'x' } = {}): Uint8Array {
  const graph = new Graph('tiny');
  const x = graph.input(inputName, { dtype: 'float32', shape: ['batch', 2] });
  const product = graph.node('MatMul', {
    inputs: [x, graph.constant('W', float32([2, 2], [weight, 0, 0, 4]))],
    output: { name: 'product', dtype: 'float32', shape: ['batch', 2] },
  });
  const parameters = [
    graph.constant('gamma', float32([2], [1, 2])),
    graph.constant('beta', float32([2], [0, 1])),
    graph.constant('mean', float32([2], [0, 0])),
    graph.constant('variance', float32([2], [0.75, 0.75])),
  ];
  const y = graph.node('BatchNormalization', {
    inputs: [product, ...parameters],
    attributes: { epsilon: float(0.25) },
    output: { name: 'y', dtype: 'float32', shape: ['batch', 2] },
  });
  graph.outputs.push(y);
  return writeOnnx(graph);
}

/** sum = a + b, for models with two inputs. */
export function tinySum(): Uint8Array {
  const graph = new Graph('sum');
  const a = graph.input('a', { dtype: 'float32', shape: [2] });
  const b = graph.input('b', { dtype: 'float32', shape: [2] });
  graph.outputs.push(graph.node('Add', { inputs: [a, b], output: { name: 'sum', dtype: 'float32', shape: [2] } }));
  return writeOnnx(graph);
}
