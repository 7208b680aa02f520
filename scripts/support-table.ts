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
  const layers = LAYER_LOWERINGS.map(({ classNames, note }) => [classNames.map(code).join(', '), note]);
  const rules = [...RULES.values()].map(({ opType, write, back, forward }) => [
    code(opType),
    write ? 'its weights take it in' : 'lets it through',
    [back && 'behind', forward && 'in front'].filter(Boolean).join(', '),
  ]);
  return [
    table(['Keras layer', 'notes'], layers),
    table(['ONNX operator', 'what it does with an affine', 'where the affine may stand'], rules),
  ].join('\n');
}

const code = (name: string) => `\`${name}\``;

/** As prettier lays tables out. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const escaped = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, i) => Math.max(...[head, ...escaped].map((row) => row[i]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |\n`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...escaped.map(line)].join('');
}

if (process.argv.includes('--write')) {
  const readme = readFileSync(README, 'utf8');
  writeFileSync(README, withSupportTables(readme));
}
