import { deflateSync, gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { readOnnx } from '../../src/onnx/read.ts';
import { describe as describeKind, sniff } from '../../src/onnx/sniff.ts';
import { faultOf, fixture } from './support.ts';

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

const FILES: Record<string, Uint8Array> = {
  empty: new Uint8Array(),
  html: text('\n<!DOCTYPE html>\n<html><body>404</body></html>'),
  'git-lfs': text('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'),
  png: Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13),
  jpeg: Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16),
  gif: text('GIF89a'),
  zip: zipSync({ 'config.json': text('{}') }),
  hdf5: Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0),
  gzip: gzipSync(text('anything')),
  json: text('\ufeff{ "format": "layers-model" }'),
  pickle: Uint8Array.of(0x80, 4, 0x95, 0),
};

describe('a file that is not ONNX', () => {
  test.each(Object.entries(FILES))('is recognised and named in the error: %s', (kind, bytes) => {
    expect(sniff(bytes)).toBe(kind);
    const fault = faultOf(() => readOnnx(bytes, { name: 'model.onnx' }), 'FORMAT');
    expect(fault.message).toContain(`model.onnx: this is not an ONNX model; found ${describeKind(sniff(bytes))}`);
  });

  test('is refused if it has no graph, though protobuf can read it', () => {
    faultOf(() => readOnnx(Uint8Array.of(0x08, 8)), 'FORMAT');
    faultOf(() => readOnnx(text('hello')), 'CORRUPT');
    faultOf(() => readOnnx(deflateSync(text('anything'))), 'CORRUPT');
  });
});

test('an ONNX model has no mark by which it would be taken for something else', () => {
  for (const name of ['plain.onnx', 'tensors.onnx', 'everything.onnx']) expect(sniff(fixture(name))).toBe('unknown');
});
