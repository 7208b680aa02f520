import { cloneGraph } from '../src/onnx/clone.ts';
import type { Graph, Node } from '../src/onnx/graph.ts';
import { float32, sizeOf } from '../src/tensor.ts';
import { randomNumbers } from './networks.ts';

/**
 * The network with every tensor that a ConstantOfShape fills with one number, c, holding numbers in [c/2, 3c/2)
 * instead; `undefined` where it has none. Where all weights of a sum are equal, so are its roundings: a thousand output
 * elements are off by the same, and their root mean square is the luck of one throw. This tells whether it was luck.
 */
export function withVariedWeights(graph: Graph): Graph | undefined {
  const varied = cloneGraph(graph);
  const random = randomNumbers(20_261_123);
  const filled = [...varied.nodes].filter(isFilled);
  for (const node of filled) {
    const shape = [...node.inputs[0]!.constant!.tensor().data].map(Number);
    const centre = fillOf(node);
    const data = Float32Array.from({ length: sizeOf(shape) }, () => centre * (0.5 + random()));
    const [output] = node.outputs;
    varied.replaceUses(output!, varied.constant(output!.name, float32(shape, data)));
    varied.removeNode(node);
  }
  return filled.length > 0 ? varied : undefined;
}

const isFilled = (node: Node): boolean =>
  node.opType === 'ConstantOfShape' && node.inputs[0]?.constant !== undefined && fillOf(node) !== 0;

function fillOf(node: Node): number {
  const value = node.attributes.get('value');
  return value?.kind === 'tensor' && value.value.dtype === 'float32' ? Number(value.value.tensor().data[0]) : 0;
}
