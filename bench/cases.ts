import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One command line to measure. */
export interface BenchCase {
  readonly command: 'version' | 'fold' | 'export';
  /** Path inside the project or the shared folder; absent for `--version`. */
  readonly model?: string;
  readonly verify: boolean;
  readonly args: readonly string[];
  /** What the project promises for this case. */
  readonly goal?: { readonly wallMs: number; readonly peakMiB?: number };
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Larger models that are not part of the project; those that are absent are left out. */
const SHARED = process.env.EDGEFOLD_SHARED ?? join(ROOT, '../shared');

const GOALS: Readonly<Record<string, BenchCase['goal']>> = {
  version: { wallMs: 100 },
  'fold corpus/onnx/version-RFB-320.onnx': { wallMs: 250, peakMiB: 120 },
  'export corpus/keras-h5/teachable-machine.h5 verify': { wallMs: 1500, peakMiB: 350 },
};

/** Sources to export, by the shape of their path; a Keras 2 pair of `.json` and `.h5` is exported by its `.json`. */
const SOURCE = /^(models|corpus)\/.*(\.keras|\.h5|model\.json)$/;
const NOT_A_SOURCE = /sudoku\/model\.h5$|\/hostile\//;
const GRAPH = /^(models|corpus)\/.*\.onnx$/;

/** `output` is a file that each run may replace. */
export function benchCases(output: string): BenchCase[] {
  const conversions = [
    { base: ROOT, folder: 'models' },
    { base: SHARED, folder: 'corpus' },
  ].flatMap(({ base, folder }) =>
    filesIn(base, folder).flatMap((model) => {
      if (GRAPH.test(model)) return conversionsOf('fold', base, model, output);
      return SOURCE.test(model) && !NOT_A_SOURCE.test(model) ? conversionsOf('export', base, model, output) : [];
    }),
  );
  return [withGoal({ command: 'version', verify: false, args: ['--version'] }), ...conversions];
}

function filesIn(base: string, folder: string): string[] {
  if (!existsSync(join(base, folder))) return [];
  const files = readdirSync(join(base, folder), { recursive: true, encoding: 'utf8' });
  return files.map((path) => `${folder}/${path.replaceAll('\\', '/')}`).toSorted();
}

function conversionsOf(command: 'fold' | 'export', base: string, model: string, output: string): BenchCase[] {
  return [true, false].map((verify) => {
    const args = [command, join(base, model), '-o', output, '--force', ...(verify ? [] : ['--no-verify'])];
    return withGoal({ command, model, verify, args });
  });
}

function withGoal(benchCase: BenchCase): BenchCase {
  const goal = GOALS[nameOf(benchCase)];
  return goal ? { ...benchCase, goal } : benchCase;
}

/** `export models/digits/model.keras verify` */
export function nameOf({ command, model, verify }: BenchCase): string {
  return [command, model, verify ? 'verify' : undefined].filter(Boolean).join(' ');
}
