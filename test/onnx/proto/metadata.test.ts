import { expect, test } from 'vitest';
import { Graph } from '../../../src/onnx/graph.ts';
import { readMetadata, type ReadAt } from '../../../src/onnx/proto/metadata.ts';
import { readOnnx } from '../../../src/onnx/read.ts';
import { writeOnnx } from '../../../src/onnx/write.ts';
import { float32 } from '../../../src/tensor.ts';
import { oneNode } from '../../support/runnable-models.ts';

function labelled(): Uint8Array {
  const graph = new Graph('labelled');
  const x = graph.input('x', { dtype: 'float32', shape: ['n'] });
  graph.outputs.push(graph.node('Relu', { inputs: [x], output: { name: 'y', dtype: 'float32', shape: ['n'] } }));
  for (const [key, value] of [['labels', 'één\ntwee'], ['', 'no key'], ['constructor', ''], ['long', 'x'.repeat(1e5)]]) {
    graph.model.metadata.set(key!, value!);
  } // prettier-ignore
  return writeOnnx(graph);
}

const scan = (bytes: Uint8Array) =>
  readMetadata((offset, length) => bytes.subarray(offset, offset + length), bytes.length);

test('finds what the whole reader finds', () => {
  const bytes = labelled();
  const found = scan(bytes);
  expect(found).toEqual(readOnnx(bytes).model.metadata);
  expect(found.size).toBe(4);
});

test('steps over the graph without reading it', () => {
  const bytes = oneNode('Add', { shape: [1e5] }, { shape: [1e5] }, [float32([1e5], new Float32Array(1e5))]);
  let read = 0;
  const counting: ReadAt = (offset, length) => {
    read += length;
    return bytes.subarray(offset, offset + length);
  };
  readMetadata(counting, bytes.length);
  expect(bytes.length).toBeGreaterThan(4e5);
  expect(read).toBeLessThan(1000);
});

test('gives what lies before the damage of any prefix, and ends', () => {
  const bytes = labelled();
  const whole = scan(bytes);
  for (let length = 0; length < bytes.length; length += length < 1000 ? 1 : 997) {
    for (const [key, value] of scan(bytes.subarray(0, length))) expect(whole.get(key)).toBe(value);
  }
});

test.each([
  ['a length beyond the file', [0x72, 0xff, 0xff, 0xff, 0xff, 0x7f]],
  ['a varint without an end', new Array<number>(20).fill(0xff)],
  ['an unknown wire type', [0x77, 1, 2, 3]],
])('finds nothing in %s', (_, bytes) => {
  expect(scan(Uint8Array.from(bytes)).size).toBe(0);
});
