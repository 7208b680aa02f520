import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { Graph } from '../../src/onnx/graph.ts';
import { checkLocation } from '../../src/onnx/location.ts';
import { readOnnx, type ExternalData } from '../../src/onnx/read.ts';
import { splitOnnx, writeOnnx } from '../../src/onnx/write.ts';
import { float32 } from '../../src/tensor.ts';
import { decode, faultOf, modelFile } from './support.ts';

const FILE = Uint8Array.from({ length: 64 }, (_, i) => i);
const externalData: ExternalData = (location, offset, length) => {
  expect(location).toBe('weights.bin');
  return FILE.slice(offset, offset + length);
};

/** A tensor of two float32 in another file. */
const tensor = (entries: Record<string, string>, fields: object = {}): object => ({
  name: 'w',
  dims: [2],
  data_type: 1,
  data_location: 1,
  external_data: Object.entries(entries).map(([key, value]) => ({ key, value })),
  ...fields,
});
const file = (entries: Record<string, string>, fields: object = {}): Uint8Array =>
  modelFile({ initializer: [tensor(entries, fields)] });

describe('weights in another file', () => {
  test('are read when they are asked for, with or without offset and length', () => {
    const read = (entries: Record<string, string>): unknown => {
      const graph = readOnnx(file({ location: 'weights.bin', ...entries }), { externalData });
      return graph.initializers[0]!.constant!.tensor().data;
    };
    expect(read({})).toEqual(new Float32Array(FILE.buffer, 0, 2));
    expect(read({ offset: '8', length: '8' })).toEqual(new Float32Array(FILE.buffer, 8, 2));
    expect(read({ checksum: '0'.repeat(40) })).toEqual(new Float32Array(FILE.buffer, 0, 2));
  });

  test('are left where they are by writing, or taken into the model if asked', () => {
    const bytes = file({ location: 'weights.bin', offset: '4' });
    const graph = readOnnx(bytes, { externalData });
    expect(writeOnnx(graph)).toEqual(bytes);
    const whole = readOnnx(writeOnnx(graph, { externalData }));
    expect(whole.initializers[0]!.constant!.tensor().data).toEqual(new Float32Array(FILE.buffer, 4, 2));
  });

  test('are taken in from functions, attributes and sparse tensors too', () => {
    const attribute = { name: 'value', type: 4, t: tensor({ location: 'weights.bin' }) };
    const node = [{ op_type: 'Constant', output: ['c'], attribute: [attribute] }];
    const indices = { dims: [2], data_type: 7, int64_data: [0, 1] };
    const values = tensor({ location: 'weights.bin' }, { name: 's' });
    const bytes = modelFile({ node, sparse_initializer: [{ values, indices, dims: [2] }] }, { functions: [{ name: 'f', node }] }); // prettier-ignore
    const text = JSON.stringify(decode('ModelProto', bytes));
    expect(text.match(/weights.bin/g)).toHaveLength(3);
    expect(JSON.stringify(decode('ModelProto', writeOnnx(readOnnx(bytes), { externalData })))).not.toContain('weights');
  });

  test('cannot be looked at without a reader, and the error says so', () => {
    const graph = readOnnx(file({ location: 'weights.bin' }));
    const fault = faultOf(() => graph.initializers[0]!.constant!.tensor(), 'FILE');
    expect(fault.message).toMatch(/its elements lie in another file, weights.bin/);
  });

  test.each([
    ['no location', { offset: '0' }, 'CORRUPT'],
    ['a negative offset', { location: 'w', offset: '-8' }, 'CORRUPT'],
    ['an offset that is not a number', { location: 'w', offset: '8x' }, 'CORRUPT'],
    ['an offset beyond 2^53', { location: 'w', offset: '18446744073709551608' }, 'CORRUPT'],
    ['a length that does not fit the shape', { location: 'w', length: '4' }, 'CORRUPT'],
    ['an unknown key', { location: 'w', ['__proto__']: 'x' }, 'CORRUPT'],
    ['a location outside', { location: '../w' }, 'UNSAFE'],
  ] as [string, Record<string, string>, ErrorCode][])('are refused at once: %s', (_, entries, code) => {
    faultOf(() => readOnnx(file(entries)), code);
  });

  test('are refused if a key comes twice, if the data are also inside, and if they are strings', () => {
    const entry = { key: 'location', value: 'w' };
    faultOf(() => readOnnx(file({}, { external_data: [entry, entry] })), 'CORRUPT');
    faultOf(() => readOnnx(file({ location: 'w' }, { float_data: [1, 2] })), 'CORRUPT');
    faultOf(() => readOnnx(file({ location: 'w' }, { data_type: 8 })), 'CORRUPT');
  });

  test('that end too early are refused when read', () => {
    const graph = readOnnx(file({ location: 'weights.bin', offset: '60' }), { externalData });
    faultOf(() => graph.initializers[0]!.constant!.tensor(), 'CORRUPT');
  });
});

describe('the name of another file', () => {
  test.each(['weights.bin', 'a/b.data', './w', 'größe.bin', 'a..b', '.hidden', 'model.onnx_data', 'con1.bin'])(
    'may be %s',
    (location) => {
      checkLocation(location);
    },
  );

  test.each([
    '', '..', '../x', 'a/../../x', 'a/..', '/etc/passwd', '//host/x', 'C:\\x', 'C:/x', '\\\\host\\x', 'a\\..\\x',
    'file:///etc/passwd', 'http://x/y', 'a\0b', 'CON', 'a/nul.txt', 'COM1', 'x.', 'x /y', '*/_ORT_MEM_ADDR_/*',
  ])('may not be %j', (location) => {
    faultOf(() => { checkLocation(location); }, 'UNSAFE'); // prettier-ignore
  }); // prettier-ignore
});

describe('a model that is split in two', () => {
  const limits = { maxInlineBytes: 100, minTensorBytes: 1024 };
  const graph = (): Graph => {
    const made = new Graph('large');
    for (const [name, size] of Object.entries({ a: 300, small: 2, b: 1025, c: 256 })) {
      made.constant(
        name,
        float32(
          [size],
          Float32Array.from({ length: size }, (_, i) => i + name.charCodeAt(0)),
        ),
      );
    }
    return made;
  };
  const joined = (pieces: Iterable<Uint8Array>): Uint8Array => new Uint8Array(Buffer.concat([...pieces]));

  test('has its large tensors at the beginning of pages, and reads back the same', () => {
    const split = splitOnnx(graph(), limits);
    const data = joined(split.data());
    expect(data).toHaveLength(split.dataBytes);
    expect(split.dataBytes).toBe(4096 * 3 + 1024);
    const offsets: number[] = [];
    const back = readOnnx(joined(split.model('x.data')), {
      externalData: (location, offset, length) => {
        expect(location).toBe('x.data');
        offsets.push(offset);
        return data.slice(offset, offset + length);
      },
    });
    expect(back.initializers.map(({ constant }) => constant!.tensor())).toEqual(
      graph().initializers.map(({ constant }) => constant!.tensor()),
    );
    expect(offsets).toEqual([0, 4096, 12288]);
  });

  test('is one file if it is small enough', () => {
    const split = splitOnnx(graph());
    expect(split.dataBytes).toBe(0);
    expect([...split.data()]).toEqual([]);
    expect(joined(split.model(''))).toEqual(writeOnnx(graph()));
  });

  test('can be split again, and taken together', () => {
    const split = splitOnnx(graph(), limits);
    const data = joined(split.data());
    const read: ExternalData = (_, offset, length) => data.slice(offset, offset + length);
    const back = readOnnx(joined(split.model('x.data')));
    const again = splitOnnx(back, { ...limits, externalData: read });
    expect(joined(again.data())).toEqual(data);
    expect(joined(again.model('x.data'))).toEqual(joined(split.model('x.data')));
    expect(writeOnnx(back, { externalData: read })).toEqual(writeOnnx(graph()));
  });
});
