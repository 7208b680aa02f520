import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EdgefoldError } from '../../src/errors.ts';
import type { Graph } from '../../src/onnx/graph.ts';
import { decodeModel } from '../../src/onnx/proto/wire.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { allGraphs } from '../../src/onnx/subgraphs.ts';
import { encode, faultOf, fixture } from './support.ts';

const KNOWN_GOOD = ['plain.onnx', 'tensors.onnx'];

/** Reads a file and every weight in it; any error but ours fails the test. */
function readAll(bytes: Uint8Array): Graph | undefined {
  try {
    const graph = readOnnx(bytes);
    for (const { initializers } of allGraphs(graph)) for (const { constant } of initializers) constant?.tensor();
    return graph;
  } catch (fault) {
    if (fault instanceof EdgefoldError) return undefined;
    throw fault;
  }
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

/** A length-delimited field. */
function field(number: number, ...content: Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return new Uint8Array(
    Buffer.concat([Uint8Array.from([...varint((number << 3) | 2), ...varint(length)]), ...content]),
  );
}

const modelOf = (graph: Uint8Array): Uint8Array => Uint8Array.from([0x08, 8, ...field(7, graph)]);

describe('a damaged file', () => {
  test.each(KNOWN_GOOD)('cut off anywhere gives a smaller model or one clear error: %s', (name) => {
    const bytes = fixture(name);
    for (let length = 0; length < bytes.length; length++) readAll(bytes.subarray(0, length));
  });

  test.each(KNOWN_GOOD)('with any one byte changed gives a model or one clear error: %s', (name) => {
    const bytes = fixture(name);
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff, bytes[at]! ^ 1, bytes[at]! ^ 8]) {
        const damaged = bytes.slice();
        damaged[at] = value;
        readAll(damaged);
      }
    }
  });

  test('of random bytes gives one clear error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        expect(readAll(bytes)).toBeUndefined();
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  test.each([
    ['a length beyond the end', [0x3a, 0x7f, 0x00]],
    ['an integer of eleven bytes', [0x08, ...new Array<number>(10).fill(0xff), 0x01]],
    ['field number 0', [0x02, 0x00]],
    ['wire type 6', [0x3e, 0x00]],
    ['wire type 7', [0x3f, 0x00]],
    ['a group that never ends', [0xc3, 0x3e, 0x08, 0x01]],
    ['the end of a group that never began', [0xc4, 0x3e]],
    ['a group that ends as another', [0xc3, 0x3e, 0xcc, 0x3e]],
  ])('is refused: %s', (_, bytes) => {
    const fault = faultOf(() => readOnnx(Uint8Array.from([0x08, 8, ...bytes]), { name: 'bad.onnx' }), 'CORRUPT');
    expect(fault.message).toMatch(/^bad.onnx: the file is cut off, damaged, or not an ONNX model/);
  });

  test('with a name that is not UTF-8 is refused, since the name would not survive', () => {
    const node = field(1, field(3, Uint8Array.of(0xc3, 0x28)));
    faultOf(() => readOnnx(modelOf(node)), 'CORRUPT');
  });
});

describe('a file that asks for too much', () => {
  test.each([40, 3000])('%i graphs inside each other are refused', (depth) => {
    let graph = encode('GraphProto', { name: 'innermost' });
    for (let level = 0; level < depth; level++) {
      graph = field(1, field(4, Uint8Array.of(73)), field(5, field(6, graph)));
    }
    faultOf(() => readOnnx(modelOf(graph)), 'CORRUPT');
  });

  test('types inside each other without end are refused', () => {
    let type: Uint8Array = new Uint8Array();
    for (let level = 0; level < 1000; level++) type = field(4, field(1, type));
    const graph = field(11, field(2, type));
    faultOf(() => readOnnx(modelOf(graph)), 'CORRUPT');
  });

  test('groups inside each other without end are refused', () => {
    faultOf(() => readOnnx(new Uint8Array(1_000_000).fill(0x0b)), 'CORRUPT');
  });

  test('millions of empty nodes are refused before they take memory', () => {
    const nodes = new Uint8Array(2 * 4_000_000);
    for (let at = 0; at < nodes.length; at += 2) nodes[at] = 0x0a;
    const bytes = field(7, nodes);
    faultOf(() => readOnnx(bytes), 'LIMIT');
  });

  test('small integers do not take an object each', () => {
    const tensor = field(5, field(7, new Uint8Array(1000).fill(9)));
    const { int64_data } = decodeModel(modelOf(tensor), 'test').graph!.initializer[0]!;
    expect(int64_data).toHaveLength(1000);
    expect(new Set(int64_data).size).toBe(1);
  });
});
