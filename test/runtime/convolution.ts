import { int } from '../../src/onnx/attribute.ts';
import { Graph } from '../../src/onnx/graph.ts';
import { float32 } from '../../src/tensor.ts';

/** Conv 3×3 with 3 → `channels` channels on 17×33, padding 0; every weight is 0.5. */
export function convolution(channels: number, group = 1): Graph {
  const graph = new Graph('conv');
  const x = graph.input('x', { dtype: 'float32', shape: ['n', 3, 17, 33] });
  const shape = [channels, 3 / group, 3, 3];
  const W = graph.constant('W', float32(shape, new Array<number>(shape.reduce((a, b) => a * b)).fill(0.5)));
  graph.outputs.push(graph.node('Conv', { inputs: [x, W], attributes: { group: int(group) }, output: { name: 'y', dtype: 'float32' } })); // prettier-ignore
  return graph;
}
