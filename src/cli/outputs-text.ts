import type { RunDocument } from './json.ts';
import { numberText, plural, shapeText } from './quantities.ts';
import { columns, table } from './table.ts';
import { safe } from './terminal.ts';

type Output = RunDocument['outputs'][string];

/** Rows of class scores shown before "… more". */
const ROWS = 10;
/** Values of a tensor that are shown when it holds no class scores. */
const VALUES = 8;
const SCORE_DIGITS = 4;

/** Outputs for a person: the largest scores of each row of [N, classes], otherwise range and first values. */
export function outputsText(outputs: RunDocument['outputs'], top: number): string {
  return Object.entries(outputs)
    .map(([name, output]) => {
      const heading = `${safe(name)}  ${output.dtype} ${shapeText(output.shape)}`;
      return `${heading}\n${isScores(output) ? scores(output, top) : summary(output)}`;
    })
    .join('\n\n');
}

function isScores({ dtype, shape }: Output): boolean {
  return dtype.startsWith('float') && dtype !== 'float16' && shape.length === 2 && shape[0]! > 0 && shape[1]! > 1;
}

function scores({ shape, data }: Output, top: number): string {
  const [rows, classes] = [shape[0]!, shape[1]!];
  const values = data as readonly number[];
  const best = (row: number) =>
    Array.from({ length: classes }, (_, index) => ({ index, value: values[row * classes + index]! }))
      .sort((a, b) => b.value - a.value || a.index - b.index)
      .slice(0, top);
  if (rows === 1) {
    const lines = best(0).map(({ index, value }) => [String(index), numberText(value, SCORE_DIGITS)]);
    return table(['class', 'score'], lines, { indent: 2, right: [0, 1] });
  }
  const lines = Array.from({ length: Math.min(rows, ROWS) }, (_, row) => [
    String(row),
    ...best(row).map(({ index, value }) => `${index} (${numberText(value, SCORE_DIGITS)})`),
  ]);
  const heading = [
    'row',
    ...Array.from({ length: Math.min(top, classes) }, (_, place) => (place === 0 ? 'best' : place === 1 ? 'then' : '')),
  ];
  return table(heading, lines, { indent: 2, right: [0] }) + remainder(rows - ROWS, 'row');
}

function summary({ dtype, data }: Output): string {
  const numbers =
    dtype === 'string' || dtype === 'float16' ? [] : Array.from(data as readonly (number | bigint)[], Number);
  const first = Array.from(data.slice(0, VALUES), (value) =>
    typeof value === 'number' ? numberText(value) : safe(String(value)),
  );
  const rows = [['values', first.join('  ') + (data.length > VALUES ? '  …' : '')]];
  if (numbers.length > VALUES) rows.unshift(['range', rangeText(numbers)]);
  return columns(rows, { indent: 2 }) + remainder(data.length - VALUES, 'value');
}

function rangeText(numbers: readonly number[]): string {
  let [least, most, odd] = [Infinity, -Infinity, 0];
  for (const value of numbers) {
    if (Number.isNaN(value)) odd++;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return `${numberText(least)} … ${numberText(most)}${odd > 0 ? `, ${odd} NaN` : ''}`;
}

function remainder(count: number, noun: string): string {
  return count > 0 ? `\n  … ${plural(count, `more ${noun}`)}; --json prints all of them` : '';
}
