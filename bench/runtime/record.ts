import { appendFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine, describeVersions } from '../machine.ts';

const resultsOf = (name: string): string => fileURLToPath(new URL(`../results/${name}.jsonl`, import.meta.url));

export interface Asked {
  /** Measure briefly, to see that it works; nothing is recorded. */
  readonly quick: boolean;
  readonly words: readonly string[];
}

/** What the command line of a bench asks for. */
export function asked(): Asked {
  const { quick, words } = parsed();
  return { quick, words };
}

function parsed() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, 'dry-run': { type: 'boolean', default: false } },
  });
  return { quick: values.quick, isDry: values.quick || values['dry-run'], words: positionals };
}

/** Appends a row to one of the files of results, unless the command line says `--quick` or `--dry-run`. */
export function record(bench: string, figures: object, results = 'runtime'): void {
  if (parsed().isDry) return;
  const row = {
    date: new Date().toISOString(),
    bench,
    ...figures,
    ...describeVersions(),
    machine: describeMachine(),
    loadAverage: Math.round(loadavg()[0]! * 100) / 100,
  };
  appendFileSync(resultsOf(results), `${JSON.stringify(row)}\n`);
}

/** Processor time of this process, all threads. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Four significant digits, which is more than any of them holds. */
export const rounded = <T extends Readonly<Record<keyof T, number>>>(figures: T): Record<keyof T, number> =>
  Object.fromEntries(
    Object.entries<number>(figures).map(([name, value]) => [name, Number(value.toPrecision(4))]),
  ) as Record<keyof T, number>;
