import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchCases, nameOf, type BenchCase } from './cases.ts';
import { describeMachine, describeVersions } from './machine.ts';
import { measure, nodeProgram, type Measurement } from './measure.ts';

/** Measures whole processes of the built command line; see bench/README.md. */
const BUILT_CLI = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const RESULTS = fileURLToPath(new URL('results/whole-process.jsonl', import.meta.url));

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '5' },
      'dry-run': { type: 'boolean', default: false },
      cli: { type: 'string', default: BUILT_CLI },
    },
  });
  if (!existsSync(values.cli)) throw new Error(`${values.cli} is missing: npm run build`);
  const scratch = mkdtempSync(join(tmpdir(), 'edgefold-bench-'));
  try {
    const cases = benchCases(join(scratch, 'model.onnx')).filter((benchCase) =>
      positionals.every((word) => nameOf(benchCase).includes(word)),
    );
    const rows = await measureAll(cases, { ...values, scratch });
    if (!values['dry-run']) append(rows);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** A case that fails is told and left out, and the bench as a whole fails. */
async function measureAll(
  cases: readonly BenchCase[],
  { cli, runs, scratch }: { readonly cli: string; readonly runs: string; readonly scratch: string },
): Promise<object[]> {
  const rows: object[] = [];
  for (const benchCase of cases) {
    try {
      const measurement = await measure(nodeProgram([cli, ...benchCase.args]), Number(runs), scratch);
      console.log(line(benchCase, measurement));
      rows.push(row(benchCase, measurement));
    } catch (error) {
      console.log(`${nameOf(benchCase)}: FAILED, ${(error as Error).message.split('\n', 1).join('')}`);
      process.exitCode = 1;
    }
  }
  return rows;
}

function line(benchCase: BenchCase, { wallMs, peakMiB }: Measurement): string {
  const { goal } = benchCase;
  const met = goal && wallMs.median <= goal.wallMs && peakMiB.median <= (goal.peakMiB ?? Infinity);
  const limits =
    goal && [`${goal.wallMs} ms`, ...(goal.peakMiB === undefined ? [] : [`${goal.peakMiB} MiB`])].join(', ');
  return [
    nameOf(benchCase).padEnd(68),
    `${wallMs.median.toFixed(0).padStart(5)} ms (${wallMs.min.toFixed(0)}–${wallMs.max.toFixed(0)})`.padEnd(24),
    `${peakMiB.median.toFixed(0).padStart(4)} MiB`,
    ...(limits === undefined ? [] : [` goal ${limits}: ${met ? 'met' : 'MISSED'}`]),
  ].join('');
}

function row({ command, model, verify }: BenchCase, measurement: Measurement): object {
  return {
    date: new Date().toISOString(),
    command,
    model: model ?? null,
    verify,
    ...measurement,
    ...describeVersions(),
    machine: describeMachine(),
    loadAverage: Math.round(loadavg()[0]! * 100) / 100,
  };
}

function append(rows: readonly object[]): void {
  mkdirSync(new URL('results/', import.meta.url), { recursive: true });
  appendFileSync(RESULTS, rows.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
}

await main();
