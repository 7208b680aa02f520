/**
 * Writes docs/support.md from the code. Without `--write` it does nothing; `test/docs.test.ts` holds the file against it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { LAYER_LOWERINGS } from '../src/export/layers/index.ts';
import { OPERATOR_LOWERINGS } from '../src/export/tfjs-graph/operators/index.ts';
import { RULES } from '../src/fold/rules/index.ts';

/** What becomes of each class; the tests hold it against the code. */
interface Answers {
  readonly versions: Readonly<Record<string, string>>;
  readonly answers: Readonly<Record<string, string>>;
}

const PAGE = new URL('../docs/support.md', import.meta.url);
const ANSWERS = JSON.parse(
  readFileSync(new URL('../test/export/keras-layers.json', import.meta.url), 'utf8'),
) as Answers;

/** Layers with what is covered and what to know, classes that are refused, operators of TF.js, operators that folding knows. */
export function supportPage(): string {
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
    '# What is supported\n',
    'Made from the code by `npm run generate`.\n',
    '## Keras and TF.js layers\n',
    '`InputLayer` and models used as layers are exported too.\n',
    list(layers),
    `Of the classes of Keras ${ANSWERS.versions.keras} and ${ANSWERS.versions.tf_keras}, these are refused:\n`,
    list([...byReason].map(([reason, names]) => [names.join(', '), reason])),
    '## Operators of TF.js graph models\n',
    `${OPERATOR_LOWERINGS.flatMap(({ ops }) => ops)
      .toSorted()
      .map(code)
      .join(', ')}\n`,
    '## ONNX operators that a BatchNormalization can be folded into, or past\n',
    list(foldingOperators()),
  ].join('\n');
}

function foldingOperators(): (readonly [string, string])[] {
  const folding = new Map<string, string[]>();
  for (const { opType, write, back, forward } of RULES.values()) {
    const side = back && forward ? 'on either side' : back ? 'only from behind' : 'only from in front';
    const what = `${write ? 'have weights that take it in' : 'let it pass'}, ${side}`;
    folding.set(what, [...(folding.get(what) ?? []), code(opType)]);
  }
  return [...folding].map(([what, operators]) => [operators.join(', '), what]);
}

const code = (name: string) => `\`${name}\``;

const list = (items: readonly (readonly [string, string])[]) =>
  items.map(([names, note]) => `- ${names}: ${note}\n`).join('');

if (process.argv.includes('--write')) writeFileSync(PAGE, supportPage());
