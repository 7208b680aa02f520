import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const nameOf = (type: protobuf.ReflectionObject): string => type.fullName.replace(/^\.onnx\./, '');

function* describeType(type: protobuf.ReflectionObject): Generator<[string, string]> {
  if (type instanceof protobuf.Enum) {
    for (const [name, number] of Object.entries(type.values)) yield [`${nameOf(type)}.${name}`, String(number)];
  }
  if (!(type instanceof protobuf.Type)) return;
  for (const field of type.fieldsArray) {
    const parts = [field.id, field.resolvedType ? nameOf(field.resolvedType) : field.type];
    if (field.repeated) parts.push('repeated', ...(field.packed ? ['packed'] : []));
    if (field.partOf) parts.push(`oneof ${field.partOf.name}`);
    yield [`${nameOf(type)}.${field.name}`, parts.join(' ')];
  }
  for (const nested of type.nestedArray) yield* describeType(nested);
}

test('the schema has every field of the reference implementation, with its number, type and label', () => {
  const root = new protobuf.Root().loadSync(at('src/onnx/proto/onnx.proto'), { keepCase: true });
  root.resolveAll();
  const types = (root.lookup('onnx') as protobuf.Namespace).nestedArray;
  const ours = Object.fromEntries(types.flatMap((type) => [...describeType(type)]));
  expect(ours).toEqual(JSON.parse(readFileSync(at('test/onnx/fixtures/schema.json'), 'utf8')));
});

test('the generated code is what the schema gives', () => {
  const folder = mkdtempSync(join(tmpdir(), 'edgefold-'));
  try {
    execFileSync(process.execPath, [at('scripts/generate-proto.mjs'), folder], { cwd: at('.'), stdio: 'ignore' });
    for (const name of ['onnx.js', 'onnx.d.ts']) {
      expect(
        readFileSync(join(folder, name), 'utf8') === readFileSync(at(`src/onnx/proto/${name}`), 'utf8'),
        name,
      ).toBe(true);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
