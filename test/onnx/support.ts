import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { expect } from 'vitest';
import { EdgefoldError, type ErrorCode } from '../../src/errors.ts';

export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`fixtures/${name}`, import.meta.url)));
}

/** The files of a `.tar.gz`, in order. */
export function* untar(archive: Uint8Array): Generator<{ readonly name: string; readonly bytes: Uint8Array }> {
  const tar = gunzipSync(archive);
  const text = (start: number, end: number): string => tar.toString('latin1', start, end).replace(/\0.*$/s, '');
  for (let header = 0; header + 512 <= tar.length && tar[header] !== 0;) {
    const size = parseInt(text(header + 124, header + 136), 8);
    const start = header + 512;
    yield { name: text(header, header + 100), bytes: new Uint8Array(tar.subarray(start, start + size)) };
    header = start + Math.ceil(size / 512) * 512;
  }
}

/**
 * Makes model files from plain objects by protobufjs's own reflection, so that faulty ones can be made; it shares the
 * schema with the code under test and nothing else.
 */
const schema = loadSchema();

export function loadSchema(): protobuf.Root {
  const path = new URL('../../src/onnx/proto/onnx.proto', import.meta.url).pathname;
  return new protobuf.Root().loadSync(path, { keepCase: true });
}

export function encode(type: string, fields: object): Uint8Array {
  const message = schema.lookupType(`onnx.${type}`);
  return new Uint8Array(message.encode(message.fromObject(fields)).finish());
}

/** A message as plain data, unknown fields left out. */
export function decode(type: string, bytes: Uint8Array): Record<string, unknown> {
  const message = schema.lookupType(`onnx.${type}`);
  return message.toObject(message.decode(bytes), { longs: Number });
}

/** A model file around the fields of a graph. */
export function modelFile(graph: object, model: object = {}): Uint8Array {
  return encode('ModelProto', { ir_version: 8, opset_import: [{ domain: '', version: 17 }], graph, ...model });
}

/** Fields of a ValueInfoProto of a float32 tensor. */
export const info = (name: string, ...dims: number[]): object => ({
  name,
  type: { tensor_type: { elem_type: 1, shape: { dim: dims.map((dim_value) => ({ dim_value })) } } },
});

/** The error a function throws, which must be one of ours and of this code. */
export function faultOf(run: () => unknown, code: ErrorCode): EdgefoldError {
  try {
    run();
  } catch (fault) {
    expect(fault).toBeInstanceOf(EdgefoldError);
    expect((fault as EdgefoldError).code, (fault as EdgefoldError).message).toBe(code);
    return fault as EdgefoldError;
  }
  throw new Error('it did not throw');
}
