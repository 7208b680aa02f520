import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Measurement {
  readonly runs: number;
  readonly wallMs: Spread;
  readonly peakMiB: Spread;
}

const PROBE = fileURLToPath(new URL('peak-memory.cjs', import.meta.url));

/** A program that writes its peak resident memory in KiB to the file named by EDGEFOLD_BENCH_PEAK. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** `node ...args`, made to tell its peak. */
export const nodeProgram = (args: readonly string[]): Program => ({
  command: process.execPath,
  args: ['--require', PROBE, ...args],
});

/**
 * Runs a program several times, each in a process of its own, from its start to its end. One run before them is not
 * counted: it brings the files into the page cache.
 * @throws {Error} with what the process wrote to stderr, if one fails.
 */
export async function measure(program: Program, runs: number, scratch: string): Promise<Measurement> {
  const results = [];
  for (let run = 0; run <= runs; run++) results.push(await runOnce(program, join(scratch, 'peak')));
  const counted = results.slice(1);
  return {
    runs,
    wallMs: spread(counted.map(({ wallMs }) => wallMs)),
    peakMiB: spread(counted.map(({ peakMiB }) => peakMiB)),
  };
}

async function runOnce({ command, args }: Program, peakFile: string): Promise<{ wallMs: number; peakMiB: number }> {
  const start = performance.now();
  const child = spawn(command, args, {
    env: { ...process.env, EDGEFOLD_BENCH_PEAK: peakFile },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  const wallMs = performance.now() - start;
  if (status !== 0) throw new Error(`exit ${String(status)}: ${stderr.trim()}`);
  return { wallMs, peakMiB: Number(readFileSync(peakFile, 'utf8')) / 1024 };
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
  const round = (value: number) => Math.round(value * 10) / 10;
  return { median: round(median), min: round(sorted[0]!), max: round(sorted.at(-1)!) };
}
