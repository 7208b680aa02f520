import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Graph } from '../src/onnx/graph.ts';
import { readOnnx } from '../src/onnx/read.ts';
import { writeOnnx } from '../src/onnx/write.ts';
import { describeMachine, describeVersions } from './machine.ts';
import { measure, nodeProgram, type Measurement, type Program } from './measure.ts';
import { resNet50 } from './networks.ts';
import { correctlyRounded, type RoundingShare } from './rounding.ts';

/** `edgefold fold` beside the tools that people use today, whole processes; see bench/README.md. */
const SHARED = process.env.EDGEFOLD_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
const RESULTS = fileURLToPath(new URL('results/peers.jsonl', import.meta.url));
const CLI = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const FOLD_PY = fileURLToPath(new URL('peers/fold.py', import.meta.url));
const PEERS = ['onnxsim', 'onnxslim', 'onnxscript', 'onnxruntime'];

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      python: { type: 'string', default: 'python3' },
      runs: { type: 'string', default: '7' },
      'dry-run': { type: 'boolean', default: false },
    },
  });
  const scratch = mkdtempSync(join(tmpdir(), 'edgefold-peers-'));
  try {
    for (const model of modelsIn(scratch, positionals)) {
      const rows = await compare(model, { python: values.python, runs: Number(values.runs), scratch });
      if (!values['dry-run']) appendFileSync(RESULTS, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** The corpus where it is at hand, and a large network of our own making. */
function modelsIn(scratch: string, words: readonly string[]): string[] {
  const generated = join(scratch, 'resnet50-shape.onnx');
  const names = ['version-RFB-320.onnx', 'version-RFB-320_simplified.onnx', 'residual_block.onnx', 'burn-mnist.onnx'];
  const corpus = names.map((name) => join(SHARED, 'corpus/onnx', name)).filter((path) => existsSync(path));
  const chosen = [...corpus, generated].filter((path) => words.every((word) => path.includes(word)));
  if (chosen.includes(generated)) writeFileSync(generated, writeOnnx(resNet50()));
  return chosen;
}

interface Settings {
  readonly python: string;
  readonly runs: number;
  readonly scratch: string;
}

async function compare(model: string, settings: Settings): Promise<object[]> {
  const original = readOnnx(readFileSync(model));
  const output = join(settings.scratch, 'folded.onnx');
  console.log(
    `\n${basename(model)}, ${(statSync(model).size / 1e6).toFixed(1)} MB, ${countOf(original)} BatchNormalizations`,
  );
  const rows = [];
  for (const { tool, program } of tools(model, output, settings)) {
    rmSync(output, { force: true });
    const figures = await measure(program, settings.runs, settings.scratch).catch((error: unknown) => error as Error);
    const result = figures instanceof Error ? { failed: figures.message.split('\n', 1)[0] } : { ...figures, ...judged(original, output, tool) }; // prettier-ignore
    console.log(line(tool, result));
    rows.push({ date: new Date().toISOString(), model: basename(model), tool, ...result, ...describeVersions(), machine: describeMachine(), loadAverage: loadavg()[0] }); // prettier-ignore
  }
  return rows;
}

function tools(model: string, output: string, { python }: Settings): { tool: string; program: Program }[] {
  const copy = `const fs = require('fs'); fs.copyFileSync(process.argv[1], process.argv[2])`;
  return [
    { tool: 'copy', program: nodeProgram(['-e', copy, model, output]) },
    { tool: 'edgefold', program: nodeProgram([CLI, 'fold', model, '-o', output, '--force', '--no-verify']) },
    { tool: 'edgefold with verify', program: nodeProgram([CLI, 'fold', model, '-o', output, '--force']) },
    ...PEERS.filter((peer) => canImport(python, peer)).map((tool) => ({
      tool,
      program: { command: python, args: [FOLD_PY, tool, model, output] },
    })),
  ];
}

function canImport(python: string, module: string): boolean {
  try {
    execFileSync(python, ['-c', `import importlib.util, sys; sys.exit(importlib.util.find_spec("${module}") is None)`]);
    return true;
  } catch {
    console.log(`${module.padEnd(22)} left out: ${python} does not have it (bench/peers/requirements.txt)`);
    return false;
  }
}

interface Judgement extends RoundingShare {
  readonly batchNormalizationsLeft: number;
  readonly nodes: number;
}

function judged(original: Graph, output: string, tool: string): Partial<Judgement> {
  if (tool === 'copy') return {};
  const folded = readOnnx(readFileSync(output));
  return {
    batchNormalizationsLeft: countOf(folded),
    nodes: folded.nodes.length,
    ...correctlyRounded(original, folded),
  };
}

const countOf = ({ nodes }: Graph) => nodes.filter(({ opType }) => opType === 'BatchNormalization').length;

type Result = { readonly failed: string | undefined } | (Measurement & Partial<Judgement>);

function line(tool: string, result: Result): string {
  if ('failed' in result) return `${tool.padEnd(22)} FAILED: ${result.failed ?? ''}`;
  const { wallMs, peakMiB, batchNormalizationsLeft, nodes, parameters = 0, correctlyRounded: right = 0 } = result;
  const judgement =
    nodes === undefined
      ? ''
      : `${String(batchNormalizationsLeft).padStart(3)} BN left, ${nodes} nodes, ${parameters === 0 ? 'nothing folded' : `${((100 * right) / parameters).toFixed(2)} % of ${parameters} weights correctly rounded`}`;
  return `${tool.padEnd(22)} ${wallMs.median.toFixed(0).padStart(6)} ms (${wallMs.min.toFixed(0)}–${wallMs.max.toFixed(0)})  ${peakMiB.median.toFixed(0).padStart(5)} MiB  ${judgement}`;
}

await main();
