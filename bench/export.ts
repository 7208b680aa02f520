import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readOnnx } from '../src/onnx/read.ts';
import { allGraphs } from '../src/onnx/subgraphs.ts';
import { describeMachine, describeVersions } from './machine.ts';
import { measure, nodeProgram, type Measurement, type Program } from './measure.ts';

/** `edgefold export` beside tf2onnx on the same Keras files, whole processes; see bench/README.md. */
const SHARED = process.env.EDGEFOLD_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
const RESULTS = fileURLToPath(new URL('results/export.jsonl', import.meta.url));
const CLI = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const EXPORT_PY = fileURLToPath(new URL('peers/export.py', import.meta.url));
const MODELS = fileURLToPath(new URL('../models', import.meta.url));

interface Settings {
  readonly python: string;
  /** With 0, only what is written is looked at, and nothing is timed. */
  readonly runs: number;
  readonly scratch: string;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      python: { type: 'string', default: 'python3' },
      models: { type: 'string', multiple: true, default: [] },
      runs: { type: 'string', default: '1' },
      'dry-run': { type: 'boolean', default: false },
    },
  });
  const scratch = mkdtempSync(join(tmpdir(), 'edgefold-export-'));
  const settings = { python: values.python, runs: Number(values.runs), scratch };
  try {
    for (const model of modelsIn([MODELS, join(SHARED, 'corpus'), ...values.models], positionals)) {
      const rows = await compare(model, settings);
      if (!values['dry-run']) appendFileSync(RESULTS, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Every Keras file that holds both architecture and weights. */
function modelsIn(folders: readonly string[], words: readonly string[]): string[] {
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  );
  return files
    .filter((path) => /\.(keras|h5)$/.test(path) && !/hostile|sudoku|book-v/.test(path))
    .filter((path) => words.every((word) => path.includes(word)))
    .toSorted();
}

async function compare(model: string, { python, runs, scratch }: Settings): Promise<object[]> {
  const output = join(scratch, 'out.onnx');
  const tools: readonly { readonly tool: string; readonly program: Program }[] = [
    { tool: 'edgefold', program: nodeProgram([CLI, 'export', model, '-o', output, '--force', '--no-verify']) },
    { tool: 'tf2onnx', program: { command: python, args: [EXPORT_PY, model, output] } },
  ];
  console.log(`${nameOf(model)}, ${(statSync(model).size / 1e6).toFixed(1)} MB`);
  const rows = [];
  for (const { tool, program } of tools) {
    rmSync(output, { force: true });
    const result = await measure(program, runs, scratch).then(
      (figures) => ({ ...(runs > 0 && figures), ...counts(output) }),
      (error: unknown) => ({ failed: reasonOf(error as Error) }),
    );
    console.log(line(tool, result));
    rows.push({ date: new Date().toISOString(), model: nameOf(model), sizeBytes: statSync(model).size, tool, ...result, ...describeVersions(), machine: describeMachine(), loadAverage: loadavg()[0] }); // prettier-ignore
  }
  return rows;
}

/** The last two folders tell files of the same name apart. */
const nameOf = (path: string) =>
  path.includes('/models/digits/') ? path.split('/').slice(-2).join('/') : basename(path);

/** A traceback ends with what went wrong. */
const reasonOf = ({ message }: Error) => message.trim().split('\n').at(-1)?.slice(0, 300) ?? '';

/** Nodes in bodies of loops count as well. */
function counts(path: string) {
  const nodes = [...allGraphs(readOnnx(readFileSync(path)))].flatMap((graph) => graph.nodes);
  const count = (...opTypes: readonly string[]) => nodes.filter(({ opType }) => opTypes.includes(opType)).length;
  return {
    nodes: nodes.length,
    batchNormalizationsLeft: count('BatchNormalization'),
    transposes: count('Transpose'),
    loops: count('Loop', 'Scan'),
  };
}

type Result = { readonly failed: string } | (Partial<Measurement> & ReturnType<typeof counts>);

function line(tool: string, result: Result): string {
  if ('failed' in result) return `  ${tool.padEnd(10)} FAILED: ${result.failed}`;
  const { wallMs, peakMiB, nodes, batchNormalizationsLeft, transposes, loops } = result;
  const figures = wallMs && peakMiB ? `${wallMs.median.toFixed(0)} ms ${peakMiB.median.toFixed(0)} MiB` : '';
  return `  ${tool.padEnd(10)} ${figures.padStart(18)} ${String(nodes).padStart(5)} nodes, ${batchNormalizationsLeft} BN, ${transposes} Transposes, ${loops} loops`;
}

await main();
