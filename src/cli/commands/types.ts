import { basename, extname } from 'node:path';
import { EdgefoldError } from '../../errors.ts';
import { writeFileWhole } from '../../files/write.ts';
import type { Graph } from '../../onnx/graph.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, Outcome } from '../command.ts';
import { inputSpecs, outputSpecs } from '../graph-specs.ts';
import type { SpecJson, TypesDocument } from '../json.ts';
import { LIMIT_OPTIONS, limitsOf } from '../limits.ts';
import { onnxSource } from '../onnx-source.ts';
import { checkOutput } from '../output-file.ts';
import { heldSignals } from '../signals.ts';
import { safe } from '../terminal.ts';

export const typesCommand: Command = {
  verb: 'types',
  about:
    'Writes the inputs and outputs of an ONNX model as a TypeScript module, for a compiler to check the program with.',
  operands: ['MODEL.onnx'],
  options: {
    output: { short: 'o', value: 'FILE', help: 'write there instead of printing' },
    force: { help: 'replace an existing file' },
    ...LIMIT_OPTIONS,
  },
  examples: [
    ['edgefold types digits.onnx -o digits.model.ts', 'then: import { loadDigits } from "./digits.model.ts"'],
    ['edgefold types digits.onnx', 'only show it'],
  ],
  run,
};

async function run(args: Arguments): Promise<Outcome> {
  const { file, graph } = await onnxSource(args.operand(0), limitsOf(args));
  const output = args.text('output');
  if (output !== undefined) await checkOutput(output, file.pathsRead, args.flag('force'));
  const module = typesModule(graph, file.name);
  if (output !== undefined) {
    const bytes = new TextEncoder().encode(module);
    await heldSignals(() => writeFileWhole(output, [bytes], { force: args.flag('force') }));
  }
  const document: TypesDocument = {
    model: file.name,
    output: output ?? null,
    inputs: inputSpecs(graph),
    outputs: outputSpecs(graph),
    module,
  };
  const table = () => (output === undefined ? module.trimEnd() : `${safe(output)}: types of ${safe(file.name)}`);
  return { document, table, exitCode: 0 };
}

/** @throws {EdgefoldError} UNSUPPORTED for an input or output that is no tensor of known dtype. */
function typesModule(graph: Graph, path: string): string {
  const name = identifierOf(basename(path, extname(path)));
  const constant = name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase();
  const load = `load${name[0]!.toUpperCase()}${name.slice(1)}`;
  return `// Written by \`edgefold types\`; write it anew when the model changes.
import { load, typed, type LoadOptions, type LoadSource, type TypedModel } from 'edgefold';

export const ${constant} = {
  inputs: {
${entries('input', inputSpecs(graph))}
  },
  outputs: {
${entries('output', outputSpecs(graph))}
  },
} as const;

/** Loads the model and checks that it is the one that this module was written for. */
export async function ${load}(source: LoadSource, options?: LoadOptions): Promise<TypedModel<typeof ${constant}>> {
  return typed(await load(source, options), ${constant});
}
`;
}

const entries = (kind: string, specs: readonly SpecJson[]): string =>
  specs.map((spec) => `    ${keyText(spec.name)}: ${typeText(kind, spec)},`).join('\n');

/** In brackets `__proto__` is a name like any other. */
const keyText = (name: string): string => (name === '__proto__' ? '["__proto__"]' : JSON.stringify(name));

function typeText(kind: string, { name, dtype, shape }: SpecJson): string {
  if (dtype !== null) return `{ dtype: '${dtype}', shape: ${JSON.stringify(shape ?? [])} }`;
  throw new EdgefoldError('UNSUPPORTED', 'its type is not known', { where: `${kind} ${name}` });
}

/** `my-model.v2` becomes `myModelV2`. */
function identifierOf(stem: string): string {
  const words = stem.split(/[^A-Za-z0-9]+/).filter(Boolean);
  const joined = words
    .map((word, i) => (i === 0 ? word[0]!.toLowerCase() : word[0]!.toUpperCase()) + word.slice(1))
    .join('');
  return /^[a-z]/.test(joined) ? joined : `model${joined}`;
}
