import { appendFileSync, readFileSync } from 'node:fs';
import { Script } from 'node:vm';
import { TestRunner as VitestTestRunner } from 'vitest';

/** What became of a mutant. Those that run only while modules load are in no test's reach, and are not counted. */
export interface Trial {
  readonly id: string;
  readonly status: 'begun' | 'killed' | 'timeout' | 'survived' | 'static';
  /** The test that noticed, and of the survivors how many tests did not. */
  readonly by?: string;
  readonly tests?: number;
}

/** What one process has to do. */
export interface Errand {
  readonly ids: readonly string[];
  /** The file of each of them. */
  readonly files: readonly string[];
  /** How many there are in all: their numbers are below. */
  readonly mutants: number;
  /** How many mutants are to be tried, those that are static not counted. */
  readonly sample: number;
  /** Tests that take more seconds than this, without a mutant, are not asked. */
  readonly longest: number;
  readonly results: string;
}

type Task = Parameters<VitestTestRunner['onAfterTryTask']>[0];
interface Reach {
  readonly task: Task;
  readonly name: string;
  ms: number;
  /** How often it meets each mutant. */
  readonly counts: Uint32Array;
  /** How many mutants of a file it has noticed. */
  readonly noticed: Map<string, number>;
}

/** The switches that stand in the code: which mutant is on, how often it is met, and which are met at all. */
const switches = {
  active: -1,
  met: 0,
  limit: 0,
  counts: null as Uint32Array | null,
  hit(): boolean {
    if (++this.met > this.limit) throw new Error(ENDLESS);
    return true;
  },
  count(...ids: number[]): void {
    for (const id of ids) this.counts![id]!++;
  },
};
const ENDLESS = 'met far more often than without a mutant';

const scope = globalThis as unknown as { __mutants: typeof switches; __trial: () => void };
const start = new Script('globalThis.__trial()');

/** Loops that a mutant makes endless end here, if not after 100 times as many passes as without it. */
const PATIENCE_MS = 10_000;

/**
 * Runs all tests once to see which mutants each of them reaches, and then, in the same process and without loading
 * anything again, for one mutant after the other the tests that reach it until one fails: those first that noticed most
 * of its file's others in their time. A mutant survives if all that reach it pass.
 */
export default class MutationRunner extends VitestTestRunner {
  readonly #reaches: Reach[] = [];
  readonly #began = new Map<string, number>();
  readonly #errand = JSON.parse(readFileSync(process.env.MUTATION_ERRAND!, 'utf8')) as Errand;
  /** What modules meet while they load. */
  readonly #loading = new Uint32Array(this.#errand.mutants);

  override onCollectStart(file: Parameters<VitestTestRunner['onCollectStart']>[0]): void {
    scope.__mutants = switches;
    switches.counts = this.#loading;
    super.onCollectStart(file);
  }

  override onBeforeTryTask(task: Task): void {
    super.onBeforeTryTask(task);
    switches.counts = new Uint32Array(this.#errand.mutants);
    this.#began.set(task.id, performance.now());
  }

  override onAfterTryTask(task: Task): void {
    super.onAfterTryTask(task);
    const counts = switches.counts!;
    switches.counts = this.#loading;
    const ms = performance.now() - this.#began.get(task.id)!;
    if (task.result?.state !== 'fail' && !task.result?.errors)
      this.#reaches.push({ task, name: nameOf(task), ms, counts, noticed: new Map() });
  }

  // vitest waits for it, though its class says that there is nothing to wait for.
  // eslint-disable-next-line @typescript-eslint/no-misused-promises
  override async onAfterRunFiles(): Promise<void> {
    super.onAfterRunFiles();
    switches.counts = null;
    const tests = await this.#steady();
    this.#log({ type: 'sound', tests: tests.length, ms: Math.round(tests.reduce((sum, { ms }) => sum + ms, 0)) });
    let tried = 0;
    for (const [index, id] of this.#errand.ids.entries()) {
      if (tried === this.#errand.sample) break;
      const trial = await this.#try(id, this.#errand.files[index]!, tests);
      tried += Number(trial.status !== 'static');
    }
    this.#log({ type: 'end' });
  }

  /** The tests that pass a second time too, with the time they take then. */
  async #steady(): Promise<Reach[]> {
    const steady: Reach[] = [];
    for (const reach of this.#reaches) {
      if (reach.ms > this.#errand.longest * 1000) continue;
      const before = performance.now();
      const outcome = await outcomeOf(reach, Infinity);
      reach.ms = performance.now() - before;
      if (outcome === 'passed') steady.push(reach);
      else this.#log({ type: 'unsteady', name: reach.name });
    }
    return steady;
  }

  async #try(id: string, file: string, all: readonly Reach[]): Promise<Trial> {
    const tests = inOrder(all.filter(({ counts }) => counts[Number(id)]! > 0), file); // prettier-ignore
    if (tests.length === 0 && this.#loading[Number(id)]! > 0) return this.#log({ id, status: 'static' });
    this.#log({ id, status: 'begun' });
    for (const test of tests) {
      Object.assign(switches, { active: Number(id), met: 0, limit: 1000 + 100 * test.counts[Number(id)]! });
      const outcome = await outcomeOf(test, PATIENCE_MS + 10 * test.ms);
      switches.active = -1;
      if (outcome === 'passed') continue;
      const status = outcome === 'failed' ? 'killed' : 'timeout';
      const trial = this.#log<Trial>({ id, status, by: test.name });
      test.noticed.set(file, (test.noticed.get(file) ?? 0) + 1);
      await this.#checkSound(test);
      return trial;
    }
    return this.#log({ id, status: 'survived', tests: tests.length });
  }

  /** A mutant may have left something behind that fails the tests of the next; then a new process goes on. */
  async #checkSound(test: Reach): Promise<void> {
    if ((await outcomeOf(test, Infinity)) === 'passed') return;
    this.#log({ type: 'spoiled', name: test.name });
    process.kill(process.pid, 'SIGKILL');
  }

  #log<T extends object>(line: T): T {
    appendFileSync(this.#errand.results, `${JSON.stringify(line)}\n`);
    return line;
  }
}

/** By how many of the file's mutants each may notice in a second; one that has noticed none may notice a tenth. */
function inOrder(tests: readonly Reach[], file: string): Reach[] {
  const worth = ({ noticed, ms }: Reach): number => ((noticed.get(file) ?? 0) + 0.1) / (ms + 1);
  return [...tests].sort((a, b) => worth(b) - worth(a));
}

async function outcomeOf({ task }: Reach, limitMs: number): Promise<'passed' | 'failed' | 'timeout'> {
  let done: unknown;
  scope.__trial = () => {
    done = VitestTestRunner.getTestFn(task)();
  };
  let alarm: NodeJS.Timeout | undefined;
  try {
    start.runInThisContext(Number.isFinite(limitMs) ? { timeout: Math.ceil(limitMs) } : {});
    if (!Number.isFinite(limitMs)) await done;
    else {
      const late = new Promise((_, fail) => (alarm = setTimeout(() => { fail(new Error('late')); }, limitMs))); // prettier-ignore
      await Promise.race([done, late]);
    }
    return 'passed';
  } catch (fault) {
    const { code, message } = fault as { code?: string; message?: string };
    return code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' || message === 'late' || message === ENDLESS ? 'timeout' : 'failed'; // prettier-ignore
  } finally {
    clearTimeout(alarm);
  }
}

function nameOf(task: Task): string {
  const names: string[] = [task.name];
  for (let { suite } = task; suite; suite = suite.suite) names.unshift(suite.name);
  return names.join(' > ');
}
