import { spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { copyEngine, ROOT } from './copy.ts';
import type { Defect } from './defects.ts';

/** What became of a defect: which test has caught it, that none has, or that it is no defect that can run. */
export interface Harvest {
  readonly kind: 'caught' | 'missed' | 'broken';
  readonly test: string;
}

/** Quick tests first, then those that grow graphs or read whole models. */
const ROUNDS: readonly (readonly string[])[] = [
  ['test/fold/rules', 'test/fold/coincidence', 'test/fold/fold-graph', 'test/fold/metamorphic-algebra'],
  ['test/fold'],
];

/** The same tests in one process, without the build that only the tests of the command line need. */
const CONFIG = `export default { test: { include: ['test/**/*.test.ts'], pool: 'forks', maxWorkers: 1, testTimeout: 120_000 } };`;

/** A copy of the engine and its tests, in which defects are planted and taken out again. */
export class Field {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<Field> {
    const folder = await copyEngine();
    await writeFile(join(folder, 'vitest.config.ts'), CONFIG);
    return new Field(folder);
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Why the defect cannot be planted; undefined if it can. */
  unfit({ name, file, from }: Defect): string | undefined {
    const count = readFileSync(join(this.#folder, file), 'utf8').split(from).length - 1;
    return count === 1 ? undefined : `${name}: its text is ${count} times in ${file}`;
  }

  async plant({ file, from, to, tests }: Defect): Promise<Harvest> {
    const path = join(this.#folder, file);
    const sound = await readFile(path, 'utf8');
    await writeFile(
      path,
      sound.replace(from, () => to),
    );
    try {
      return await this.test([[tests ?? file.replace(/^src(.*)\.ts$/, 'test$1.test.ts')], ...ROUNDS]);
    } finally {
      await writeFile(path, sound);
    }
  }

  /** Stops at the first test that fails. */
  async test(rounds = ROUNDS): Promise<Harvest> {
    for (const round of rounds) {
      const harvest = await this.#round(round);
      if (harvest.kind !== 'missed') return harvest;
    }
    return { kind: 'missed', test: 'all tests of folding pass' };
  }

  async #round(paths: readonly string[]): Promise<Harvest> {
    const report = join(this.#folder, 'report.json');
    await rm(report, { force: true });
    const status = await this.#vitest([
      'run',
      ...paths,
      '--bail=1',
      '--passWithNoTests',
      '--reporter=json',
      `--outputFile=${report}`,
    ]);
    if (status === 0) return { kind: 'missed', test: '' };
    return this.#firstFailure(await readFile(report, 'utf8'));
  }

  #firstFailure(report: string): Harvest {
    const { testResults } = JSON.parse(report) as Report;
    const failures = testResults.flatMap(({ name, assertionResults }) =>
      assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => `${relative(this.#folder, name)}: ${fullName}`)); // prettier-ignore
    const [first] = failures;
    return first ? { kind: 'caught', test: first } : { kind: 'broken', test: testResults.map(({ message }) => message).join(' ').slice(0, 300) }; // prettier-ignore
  }

  #vitest(args: readonly string[]): Promise<number | null> {
    const program = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const child = spawn(process.execPath, [program, ...args], { cwd: this.#folder, stdio: 'ignore' });
    return new Promise((done, fail) => child.on('error', fail).on('exit', done));
  }
}

/** What is read of vitest's report. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}
