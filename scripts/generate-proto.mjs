/**
 * Makes src/onnx/proto/onnx.js and onnx.d.ts from onnx.proto: `node scripts/generate-proto.mjs [FOLDER]`.
 * Fields keep their names from the file, 64-bit integers are Long, a field that is absent reads null, and only
 * encode and decode are generated. Messages of the kinds in VERBATIM remember the bytes they were read from and are
 * written as those bytes; whoever changes one makes a copy without `$bytes`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import protobuf from 'protobufjs';
import pbjs from 'protobufjs-cli/pbjs.js';

const PROTO = fileURLToPath(new URL('../src/onnx/proto', import.meta.url));
const SCHEMA = `${PROTO}/onnx.proto`;
const OUT = process.argv[2] ?? PROTO;

const OPTIONS = [
  ...['--target', 'static-module', '--wrap', 'esm', '--es6', '--keep-case', '--force-long', '--null-semantics'],
  ...['--no-create', '--no-verify', '--no-convert', '--no-delimited', '--no-typeurl', '--no-service'],
  ...['--no-comments', '--dependency', 'protobufjs/minimal.js', '--root', 'edgefold-onnx'],
];
await new Promise((resolve, reject) => {
  pbjs.main([...OPTIONS, '--out', `${OUT}/onnx.js`, SCHEMA], (fault) => (fault ? reject(fault) : resolve()));
});

const VERBATIM = ['ModelProto', 'GraphProto', 'NodeProto', 'TensorProto', 'SparseTensorProto', 'ValueInfoProto', 'FunctionProto', 'TrainingInfoProto']; // prettier-ignore

let code = readFileSync(`${OUT}/onnx.js`, 'utf8');
for (const name of VERBATIM) code = verbatim(code, name);
writeFileSync(`${OUT}/onnx.js`, code);

/**
 * A field that comes twice is merged into the same message, which then has no bytes of its own. The first match is
 * the right one: the code of nested types comes last.
 */
function verbatim(source, name) {
  const start = source.indexOf(`onnx.${name} = (function() {`);
  const end = source.indexOf(`return ${name};`, start);
  let text = source.slice(start, end);
  const replace = (before, after) => {
    const at = text.indexOf(before);
    if (at < 0) throw new Error(`${name}: the generated code no longer has ${before}`);
    text = text.slice(0, at) + after + text.slice(at + before.length);
  };
  const indent = ' '.repeat(12);
  replace(
    'return message;',
    `message.$bytes = _target ? null : reader.raw(first, reader.pos);\n${indent}return message;`,
  );
  const made = `message = _target || new $root.onnx.${name}();`;
  replace(made, `const first = reader.pos;\n${indent}${made}`);
  const encode = `${name}.encode = function (message, writer, _depth) {\n`;
  replace(encode, `${encode}${indent}if (message.$bytes) return (writer || $Writer.create()).raw(message.$bytes);\n`);
  return source.slice(0, start) + text + source.slice(end);
}

const SCALARS = { string: 'string', bytes: 'Uint8Array', int64: 'Int64', uint64: 'Int64', int32: 'number', float: 'number', double: 'number' }; // prettier-ignore

function typeOf(field) {
  const { resolvedType } = field.resolve();
  if (!resolvedType) return SCALARS[field.type];
  return resolvedType instanceof protobuf.Enum ? 'number' : resolvedType.fullName.replace(/^\.onnx\./, '');
}

function* declaration(type, indent) {
  yield `${indent}export class ${type.name} implements Message {`;
  yield `${indent}  $unknowns?: Uint8Array[];`;
  yield `${indent}  $bytes?: Uint8Array | null;`;
  yield `${indent}  constructor(properties?: Partial<${type.fullName.replace(/^\.onnx\./, '')}>);`;
  for (const field of type.fieldsArray) {
    yield `${indent}  ${field.name}: ${typeOf(field)}${field.repeated ? '[]' : ' | null'};`;
  }
  yield `${indent}  static encode(message: ${type.name}, writer?: Writer): Writer;`;
  yield `${indent}  static decode(reader: Reader, length?: number): ${type.name};`;
  yield `${indent}}`;
  const nested = type.nestedArray.filter((inner) => inner instanceof protobuf.Type);
  if (nested.length === 0) return;
  yield `${indent}export namespace ${type.name} {`;
  for (const inner of nested) yield* declaration(inner, `${indent}  `);
  yield `${indent}}`;
}

const root = new protobuf.Root().loadSync(SCHEMA, { keepCase: true });
writeFileSync(
  `${OUT}/onnx.d.ts`,
  [
    '// Made by scripts/generate-proto.mjs from onnx.proto. A field that is absent reads null.',
    "import type { Reader, Writer } from 'protobufjs/minimal.js';",
    '',
    '/** What the generated code makes of a 64-bit integer: a Long, of which only the two halves are used here. */',
    'export interface Int64 {',
    '  readonly low: number;',
    '  readonly high: number;',
    '}',
    '',
    'export interface Message {',
    '  /** Fields that the schema does not know, as they were read. */',
    '  $unknowns?: Uint8Array[];',
    '  /** The whole message as it was read, and as it will be written, whatever its fields say. */',
    '  $bytes?: Uint8Array | null;',
    '}',
    '',
    'export namespace onnx {',
    ...root.lookup('onnx').nestedArray.flatMap((type) => [...declaration(type, '  ')]),
    '}',
    '',
  ].join('\n'),
);
