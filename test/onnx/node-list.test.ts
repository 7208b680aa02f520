import { expect, test } from 'vitest';
import { Graph, Node, Value } from '../../src/onnx/graph.ts';
import { refill } from '../../src/onnx/node-list.ts';

const made = (name: string) => new Node('Relu', { name, inputs: [], outputs: [new Value(name)] });

function graphOf(...names: readonly string[]) {
  const graph = new Graph('g');
  const nodes = names.map(made);
  graph.nodes.push(...nodes);
  return { graph, nodes, order: () => graph.nodes.map(({ name }) => name).join(' ') };
}

test('nodes are put beside, in the place of and instead of others, in any order of changes', () => {
  const { graph, nodes, order } = graphOf('a', 'b', 'c');
  const [first, second] = [made('b2'), made('b3')];
  graph.insertAfter(nodes[1]!, made('behind'));
  graph.replaceNode(nodes[1]!, first);
  graph.insertBefore(first, made('before'));
  graph.replaceNode(first, second);
  graph.removeNode(nodes[0]!);
  expect(order()).toBe('before b3 behind c');
  graph.removeNode(second);
  graph.nodes.push(made('d'));
  expect(order()).toBe('before behind c d');
});

test('a change to a node that is not there is a bug', () => {
  const { graph, nodes, order } = graphOf('a', 'b');
  graph.removeNode(nodes[0]!);
  expect(() => { graph.removeNode(nodes[0]!); }).toThrow('bug: a (Relu) is no longer in the graph'); // prettier-ignore
  graph.replaceNode(made('stranger'), made('c'));
  expect(order).toThrow('bug: stranger (Relu) is not in the graph');
});

test('a thousand times as many changes as fit into one call are no trouble', () => {
  const list: number[] = [1];
  refill(
    list,
    Array.from({ length: 500_000 }, (_, i) => i),
  );
  expect(list.at(-1)).toBe(499_999);
});

test('whether a value is an output follows every change of the list', () => {
  const { graph, nodes } = graphOf('a', 'b');
  const [a, b] = nodes.map(({ outputs }) => outputs[0]!);
  expect(graph.isOutput(a!)).toBe(false);
  graph.outputs.push(a!);
  expect(graph.isOutput(a!)).toBe(true);
  graph.replaceUses(a!, b!);
  expect([graph.isOutput(a!), graph.isOutput(b!)]).toEqual([false, true]);
});
