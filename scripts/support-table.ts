/**
 * Writes the support tables of README.md from the code, between its markers. Without `--write` it only says whether
 * they are up to date, as `test/docs.test.ts` does.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { LAYER_LOWERINGS } from '../src/export/layers/index.ts';
import { RULES } from '../src/fold/rules/index.ts';

const README = new URL('../README.md', import.meta.url);
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

const code = (name: string) => `\`${name}\``;

const list = (items: readonly (readonly [string, string])[]) =>
  items.map(([names, note]) => `- ${names}: ${note}\n`).join('');

if (process.argv.includes('--write')) {
  const readme = readFileSync(README, 'utf8');
  writeFileSync(README, withSupportTables(readme));
}
