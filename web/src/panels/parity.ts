import { binLabel, type ParityReport, type Provider } from 'edgefold/web';
import { barChart } from '../charts.ts';
import { fill, h, table } from '../dom.ts';
import { plural, small } from '../numbers.ts';
import type { Studio } from '../studio/protocol.ts';

/** Above this, comparing takes long enough to be asked for. */
const AUTOMATIC_BYTES = 24e6;

interface Comparison {
  readonly studio: Studio;
  readonly sizeBytes: number;
  /** Whether no other model was opened meanwhile. */
  readonly isCurrent: () => boolean;
  readonly onDone: () => void;
  readonly onError: (error: unknown) => void;
}

/** Proves on the spot that both models give the same numbers, then, if asked, that both providers do. */
export async function parityPanel(section: HTMLElement, comparisonOf: Comparison): Promise<void> {
  const { studio, sizeBytes, isCurrent, onDone, onError } = comparisonOf;
  const compare = async () => {
    fill(section, h('p', { class: 'soft', role: 'status' }, 'Running both on the same inputs …'));
    const report = await studio.verify().catch((error: unknown) => {
      if (isCurrent()) fill(section, h('p', { class: 'problem' }, (error as Error).message));
      throw error;
    });
    if (!isCurrent()) return;
    fill(
      section,
      h('div', { id: 'verdict' }, ...comparison('Unfolded and folded', report)),
      gpuButton(section, studio),
    );
    onDone();
  };
  if (sizeBytes <= AUTOMATIC_BYTES) {
    await compare();
    return;
  }
  const start = h(
    'button',
    {
      type: 'button',
      class: 'primary',
      onclick: () => {
        compare().catch(onError);
      },
    },
    'Compare now',
  );
  fill(section, h('p', {}, 'This model is large; comparing takes a while.'), start);
}

function gpuButton(section: HTMLElement, studio: Studio): HTMLElement {
  const button = h('button', { type: 'button', id: 'compare-webgpu' }, 'Compare CPU and GPU');
  button.addEventListener('click', () => {
    button.disabled = true;
    void compareProviders(section, studio, 'webgpu').finally(() => { button.disabled = false; }); // prettier-ignore
  });
  return button;
}

async function compareProviders(section: HTMLElement, studio: Studio, provider: Provider): Promise<void> {
  const box = h('div', { 'aria-live': 'polite' }, h('p', { class: 'soft' }, `Loading it on ${provider} …`));
  section.append(box);
  try {
    box.replaceChildren(...comparison(`WebAssembly and ${provider}, both folded`, await studio.compare(provider)));
  } catch (error) {
    box.replaceChildren(h('p', { class: 'problem' }, (error as Error).message));
  }
}

function comparison(title: string, report: ParityReport): HTMLElement[] {
  const { verdict, reason, samples, runs, outputs } = report;
  const rows = runs.flatMap(({ label, outputs: own }) =>
    Object.entries(own).map(([name, { maxAbs, ulp, top1, worstShare }]) => [
      name, label, small(maxAbs), `${ulp.p50} / ${ulp.p99} / ${ulp.max}`, top1 ? `${top1.agree} / ${top1.total}` : '', worstShare < Number.MAX_VALUE ? `${(100 * worstShare).toFixed(1)} %` : 'more than all',
    ]),
  ); // prettier-ignore
  return [
    h('h3', {}, title),
    h(
      'p',
      {},
      h('span', { class: `verdict ${verdict}` }, verdict),
      ` ${reason ?? `${plural(samples, 'sample')}, ${plural(runs.length, 'run')}.`} ${proofOf(report)}`,
    ),
    ...Object.entries(outputs).map(([name, { ulp }]) =>
      barChart({
        title: `${name}: how far elements are apart`,
        labels: ulp.bins.map(binLabel),
        xLabel: 'units in the last place, at most',
        yLabel: 'elements',
        series: [{ label: 'elements', values: ulp.bins.map(({ count }) => count || null), color: '--folded' }],
      }),
    ),
    table('Every output in every run', ['output', 'run', 'largest |Δ|', 'ulp: median / 99 % / largest', 'same best class', 'share of what is allowed'], rows), // prettier-ignore
  ];
}

/** What the proof says, where there is one. */
function proofOf({ audit }: ParityReport): string {
  if (audit.verdict !== 'proven' || audit.sites === 0) return '';
  return `Each of ${plural(audit.sites, 'place')} that folding changed is proven to differ by rounding only (${audit.elements} elements, largest share of a bound ${(100 * audit.worstShare).toFixed(0)} %).`;
}
