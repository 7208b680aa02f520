import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../planted-defects/copy.ts';
import type { Mutant } from './instrument.ts';
import type { Trial } from './runner.ts';

export interface Survivor {
  /** File, line and column. */
  readonly at: string;
  readonly mutator: string;
  readonly was: string;
  readonly replacement: string;
  /** How many tests reached it; none: no test runs this code. */
  readonly tests: number;
}

/** A mutant that changes nothing that anyone can see, and why. */
interface Equivalent {
  readonly file: string;
  /** The line, without the blanks around it. */
  readonly line: string;
  readonly mutator: string;
  /** Left out: all of this mutator on that line. */
  readonly replacement?: string;
  readonly reason: string;
}

export interface Summary {
  readonly mutants: number;
  readonly tried: number;
  readonly killed: number;
  readonly timeout: number;
  readonly survived: number;
  /** Those that change nothing, which are not counted among those tried. */
  readonly equivalent: number;
  /** Per cent of those tried. */
  readonly score: number;
  /** Half the width of the 95 % interval, in points, by the normal approximation for a draw without return. */
  readonly within: number;
  readonly files: Readonly<Record<string, string>>;
  readonly survivors: readonly Survivor[];
}

export function summary(mutants: readonly Mutant[], trials: readonly Trial[]): Summary {
  const byId = new Map(mutants.map((mutant) => [mutant.id, mutant]));
  const counted = trials.filter(({ status }) => status !== 'static');
  const tried = counted.filter(({ id, status }) => status !== 'survived' || !isEquivalent(byId.get(id)!));
  const count = (status: Trial['status']): number => tried.filter((trial) => trial.status === status).length;
  const caught = count('killed') + count('timeout');
  const share = caught / tried.length;
  const rest = 1 - trials.length / mutants.length;
  const files = new Map<string, { good: number; all: number }>();
  for (const { id, status } of tried) {
    const { file } = byId.get(id)!;
    const { good, all } = files.get(file) ?? { good: 0, all: 0 };
    files.set(file, { good: good + Number(status !== 'survived'), all: all + 1 });
  }
  const survivors = tried.flatMap((trial) => trial.status === 'survived' ? [survivor(byId.get(trial.id)!, trial)] : []); // prettier-ignore
  return {
    mutants: mutants.length,
    tried: tried.length,
    killed: count('killed'),
    timeout: count('timeout'),
    survived: count('survived'),
    equivalent: counted.length - tried.length,
    score: Math.round(1000 * share) / 10,
    within: Math.round(1960 * Math.sqrt((share * (1 - share) * rest) / tried.length)) / 10,
    files: Object.fromEntries([...files].sort().map(([file, { good, all }]) => [file, `${good}/${all}`])),
    survivors: survivors.sort((a, b) => (a.at < b.at ? -1 : 1)),
  };
}

const EQUIVALENTS = JSON.parse(
  readFileSync(join(ROOT, 'scripts/mutation/equivalent.json'), 'utf8'),
) as readonly Equivalent[];

function isEquivalent({ file, line, mutator, replacement }: Mutant): boolean {
  const text = readFileSync(join(ROOT, file), 'utf8').split('\n')[line - 1]!.trim();
  return EQUIVALENTS.some(
    (one) =>
      one.file === file &&
      one.line === text &&
      one.mutator === mutator &&
      (one.replacement ?? replacement) === replacement,
  );
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 120);

function survivor({ file, line, column, mutator, replacement }: Mutant, { tests }: Trial): Survivor {
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
  const was = lines[line - 1]!.slice(column - 1);
  return { at: `${file}:${line}:${column}`, mutator, was: oneLine(was), replacement: oneLine(replacement), tests: tests ?? 0 }; // prettier-ignore
}
