import { describe, expect, test } from 'vitest';
import { checkGraph } from '../../src/onnx/check.ts';
import { Graph, Node, Value } from '../../src/onnx/graph.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { faultOf, fixture } from './support.ts';

const FLOAT = { dtype: 'float32', shape: [1] } as const;

/** x → Relu → h → Elu → y */
function chain(): { graph: Graph; x: Value; h: Value; y: Value } {
  const graph = new Graph('chain');
  const x = graph.input('x', FLOAT);
  const h = graph.node('Relu', { inputs: [x], output: { name: 'h', ...FLOAT } });
  const y = graph.node('Elu', { inputs: [h], output: { name: 'y', ...FLOAT } });
  graph.outputs.push(y);
  return { graph, x, h, y };
}

describe('checking a graph', () => {
  test('finds nothing in a sound one', () => {
    checkGraph(chain().graph);
    checkGraph(readOnnx(fixture('plain.onnx')));
  });

  const faults: Record<string, readonly [(parts: ReturnType<typeof chain>) => void, RegExp]> = {
    'nodes out of order': [({ graph }) => graph.nodes.reverse(), /y \(Elu\): it reads h, which is not made before/],
    'a value from nowhere': [
      ({ graph }) => {
        graph.nodes[0]!.setInput(0, new Value('x'));
      },
      /h \(Relu\): it reads x, which is not made before it/,
    ],
    'two values of one name': [
      ({ graph }) => {
        graph.nodes.push(new Node('Relu', { inputs: [], outputs: [new Value('h')] }));
      },
      /h: two values of one graph have this name/,
    ],
    'a value made twice': [
      ({ graph, h }) => {
        graph.nodes.push(new Node('Relu', { inputs: [], outputs: [h] }));
      },
      /h: it thinks that|h: two values/,
    ],
    'a reader that was taken out behind its back': [
      ({ graph, y, h }) => {
        graph.nodes.pop();
        graph.outputs.splice(0, 1, h);
        expect(y.producer).toBeDefined();
      },
      /h: its list of readers does not agree/,
    ],
    'an output that nothing makes': [({ graph }) => graph.outputs.push(new Value('z')), /output z: nothing in/],
    'an output listed twice': [({ graph, y }) => graph.outputs.push(y), /an output is listed twice/],
    'an initializer without a constant': [({ graph }) => graph.initializers.push(new Value('w')), /w: an initializer/],
    'an operator of a domain without an opset': [
      ({ graph }) => {
        graph.nodes.push(new Node('Op', { domain: 'other', inputs: [], outputs: [new Value('z')] }));
      },
      /z \(Op\): the model gives no opset of other/,
    ],
    'a value without a name': [
      ({ graph }) => {
        graph.nodes.push(new Node('Op', { name: 'op', inputs: [], outputs: [new Value('')] }));
      },
      /op \(Op\): a value without a name/,
    ],
  };

  test.each(Object.entries(faults))('finds %s', (_, [damage, message]) => {
    const parts = chain();
    damage(parts);
    expect(faultOf(() => { checkGraph(parts.graph); }, 'CORRUPT').message).toMatch(message); // prettier-ignore
  });
});
