import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Instrumenter } from '@stryker-mutator/instrumenter';

/** A small change of the code, switched on by its number while the tests run. */
export interface Mutant {
  readonly id: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly mutator: string;
  readonly replacement: string;
}

const SILENT: unknown = Object.fromEntries(
  ['trace', 'debug', 'info', 'warn', 'error', 'fatal'].flatMap((level) => [
    [level, (): void => undefined],
    [`is${level[0]!.toUpperCase()}${level.slice(1)}Enabled`, (): boolean => false],
  ]),
);

/** The part of a babel path that the rules look at. */
interface Path {
  readonly node: { readonly callee?: { readonly name?: string }; readonly value?: unknown };
  isThrowStatement(): boolean;
  isNewExpression(): boolean;
  isStringLiteral(): boolean;
  isTemplateLiteral(): boolean;
}

/**
 * What people read is no behaviour that a test holds word for word: what a `throw` throws, the details of a new
 * error, texts with a space in them, and texts made of parts.
 */
const TEXTS = {
  shouldIgnore(path: Path): string | undefined {
    const isText =
      path.isThrowStatement() ||
      (path.isNewExpression() && /Error$|^Unfamiliar$/.test(path.node.callee?.name ?? '')) ||
      (path.isStringLiteral() && String(path.node.value).includes(' ')) ||
      path.isTemplateLiteral();
    return isText ? 'a text for people' : undefined;
  },
};

/** Puts the switches of `runner.ts` in the place of the instrumenter's, which cost more than the code around them. */
const switched = (code: string): string =>
  `const mutants_9fa48 = globalThis.__mutants;\n${code
    .replace(/\bstryMutAct_9fa48\("(\d+)"\)/g, '(mutants_9fa48.active === $1 && mutants_9fa48.hit())')
    .replace(/\bstryCov_9fa48\(("[\d", ]+)\)/g, (_, ids: string) => `(mutants_9fa48.counts !== null && mutants_9fa48.count(${ids.replaceAll('"', '')}))`)}`; // prettier-ignore

/** Writes every mutant of a room into the copy in `folder`, and lists them in the order of a draw by lot. */
export async function instrument(folder: string, room: string, seed: string): Promise<Mutant[]> {
  const inside = await readdir(join(folder, 'src', room), { recursive: true });
  const names = inside.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'));
  const files = await Promise.all(
    names.sort().map(async (name) => {
      const path = join(folder, 'src', room, name);
      return { name: path, mutate: true, content: await readFile(path, 'utf8') };
    }),
  );
  const instrumenter = new Instrumenter(SILENT as never);
  const result = await instrumenter.instrument(files, {
    plugins: null,
    excludedMutations: [],
    ignorers: [TEXTS],
  });
  for (const { name, content } of result.files) await writeFile(name, switched(content));
  const mutants = result.mutants.flatMap(({ id, fileName, location, mutatorName, replacement, statusReason }) =>
    statusReason === undefined ? [{ id, file: relative(folder, fileName), line: location.start.line + 1, column: location.start.column + 1, mutator: mutatorName, replacement }] : []); // prettier-ignore
  return drawn(mutants, seed);
}

/** The lot of a mutant depends on the seed and on itself, so that an edit elsewhere leaves its place as it was. */
function drawn(mutants: readonly Mutant[], seed: string): Mutant[] {
  const lot = ({ file, line, column, mutator, replacement }: Mutant): string =>
    createHash('sha256').update(JSON.stringify([seed, file, line, column, mutator, replacement])).digest('hex'); // prettier-ignore
  return mutants
    .map((mutant) => ({ mutant, lot: lot(mutant) }))
    .sort((a, b) => (a.lot < b.lot ? -1 : 1))
    .map(({ mutant }) => mutant);
}
