import type { Outputs, Tensor } from 'edgefold/web';
import { fill, h } from '../dom.ts';
import { duration, small } from '../numbers.ts';
import type { BothRuns } from '../studio/protocol.ts';

const MOST_BARS = 10;
const MOST_CLASSES = 10_000;

/** @returns the same in a few words. What the model says is shown as bars where the first output looks like classes, and how far apart both forms are. */
export function showAnswer(
  into: HTMLElement,
  { folded, unfolded, ms, report }: BothRuns,
  labels: readonly string[],
): string {
  const [name, output] = Object.entries(folded)[0] ?? [];
  if (name === undefined || !output) return '';
  const values = numbersOf(output);
  const rows = isClasses(output) ? bars(values, labels) : [h('p', { class: 'soft' }, describe(folded))];
  const where = `${report.used}${report.adapter ? ` (${report.adapter.vendor} ${report.adapter.architecture}${report.adapter.isFallback ? ', in software' : ''})` : ''}`;
  fill(
    into,
    ...rows,
    h(
      'p',
      { class: 'soft small' },
      `Folded ${duration(ms.folded)}, unfolded ${duration(ms.unfolded)} on ${where}. Largest difference between them: ${small(largestDifference(folded, unfolded))}.`,
    ),
  );
  return into.querySelector('.verdict-line, .soft')?.textContent ?? '';
}

const numbersOf = ({ data }: Tensor): number[] => (typeof data[0] === 'string' ? [] : Array.from(data as Float32Array, Number)); // prettier-ignore

const isClasses = ({ shape, data }: Tensor): boolean =>
  shape.at(-1) === data.length && data.length > 1 && data.length <= MOST_CLASSES;

function bars(values: readonly number[], labels: readonly string[]): HTMLElement[] {
  const ranked = values.map((value, index) => ({ value, index })).toSorted((a, b) => b.value - a.value);
  const [best] = ranked;
  const shown =
    values.length <= MOST_BARS ? values.map((value, index) => ({ value, index })) : ranked.slice(0, MOST_BARS);
  const most = Math.max(...values.map(Math.abs), Number.MIN_VALUE);
  const isShare = values.every((value) => value >= 0 && value <= 1.0001);
  const labelOf = (index: number) => labels[index] ?? (labels.length > 0 || values.length > 10 ? `class ${index}` : String(index)); // prettier-ignore
  const list = shown.map(({ value, index }) =>
    h(
      'li',
      { class: index === best?.index ? 'best' : undefined },
      h('span', { class: 'label' }, labelOf(index)),
      h('span', { class: 'bar', style: `--share: ${Math.max(0, isShare ? value : value / most)}` }),
      h('span', { class: 'value' }, isShare ? `${(100 * value).toFixed(1)} %` : value.toPrecision(4)),
    ),
  );
  return [
    h('p', { class: 'verdict-line' }, 'The folded model says ', h('strong', { id: 'best' }, labelOf(best?.index ?? 0))),
    h('ol', { class: 'bars' }, ...list),
  ];
}

const describe = (outputs: Outputs): string =>
  Object.entries(outputs).map(([name, { dtype, shape, data }]) => `${name}: ${dtype} [${shape.join(', ')}], beginning ${Array.from(data.slice(0, 4) as ArrayLike<unknown>, String).join(', ')}`).join('; '); // prettier-ignore

function largestDifference(a: Outputs, b: Outputs): number {
  return Object.entries(a).reduce((most, [name, tensor]) => {
    const other = b[name] ? numbersOf(b[name]) : [];
    return numbersOf(tensor).reduce(
      (largest, value, i) => Math.max(largest, Math.abs(value - (other[i] ?? NaN))),
      most,
    );
  }, 0);
}
