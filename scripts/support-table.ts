/**
 * Writes the support tables of README.md from the code, between its markers, and docs/layers.md, which has the traps too. Without `--write` it only says whether
 * they are up to date, as `test/docs.test.ts` does.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { LAYER_LOWERINGS } from '../src/export/layers/index.ts';
import { RULES } from '../src/fold/rules/index.ts';

/** What becomes of each class; the tests hold it against the code. */
interface Answers {
  readonly versions: Readonly<Record<string, string>>;
  readonly answers: Readonly<Record<string, string>>;
}

const README = new URL('../README.md', import.meta.url);
const LAYERS = new URL('../docs/layers.md', import.meta.url);
const ANSWERS = JSON.parse(
  readFileSync(new URL('../test/export/keras-layers.json', import.meta.url), 'utf8'),
) as Answers;
const MARKERS = /(<!-- support:begin[^>]*-->\n)[^]*(<!-- support:end -->)/;

export function withSupportTables(readme: string): string {
  return readme.replace(MARKERS, (_, begin: string, end: string) => `${begin}\n${tables()}\n${end}`);
}

function tables(): string {
  const layers = LAYER_LOWERINGS.map(({ classNames, note }) => [classNames.map(code).join(', '), note] as const);
  const folding = new Map<string, string[]>();
  for (const { opType, write, back, forward } of RULES.values()) {
    const side = back && forward ? 'on either side' : back ? 'only from behind' : 'only from in front';
    const what = `${write ? 'have weights that take it in' : 'let it pass'}, ${side}`;
    folding.set(what, [...(folding.get(what) ?? []), code(opType)]);
  }
  return [
    'Keras and TF.js layers:\n',
    list(layers),
    'ONNX operators that a BatchNormalization can be folded into, or past:\n',
    list([...folding].map(([what, operators]) => [operators.join(', '), what])),
  ].join('\n');
}

/** docs/layers.md: for each layer what is covered and what to know, and why others are refused. */
export function layersPage(): string {
  const layers = LAYER_LOWERINGS.map(({ classNames, note, traps }) => {
    const toKnow = traps === undefined ? '' : `. To know: ${traps}`;
    return [classNames.map(code).join(', '), `${note}${toKnow}.`] as const;
  });
  const byReason = new Map<string, string[]>();
  for (const [name, answer] of Object.entries(ANSWERS.answers)) {
    const reason = /^refused: (.*)$/.exec(answer)?.[1];
    if (reason !== undefined) byReason.set(reason, [...(byReason.get(reason) ?? []), code(name)]);
  }
  return [
    '# Layers\n',
    'Made from the code by `npm run generate`. `InputLayer` and models used as layers are exported too.\n',
    list(layers),
    `Of the classes of Keras ${ANSWERS.versions.keras} and ${ANSWERS.versions.tf_keras}, these are refused:\n`,
    list([...byReason].map(([reason, names]) => [names.join(', '), reason])),
  ].join('\n');
}

const code = (name: string) => `\`${name}\``;

const list = (items: readonly (readonly [string, string])[]) =>
  items.map(([names, note]) => `- ${names}: ${note}\n`).join('');

if (process.argv.includes('--write')) {
  const readme = readFileSync(README, 'utf8');
  writeFileSync(README, withSupportTables(readme));
  writeFileSync(LAYERS, layersPage());
}
