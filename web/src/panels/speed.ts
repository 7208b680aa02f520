import type { Provider } from 'edgefold/web';
import { fill, h, table } from '../dom.ts';
import { bytes, duration } from '../numbers.ts';
import type { Speed, Studio } from '../studio/protocol.ts';

const PROVIDERS: readonly Provider[] = ['wasm', 'webgpu'];

/** Measures when asked: cold, first and warm apart, both forms in turn. */
export function speedPanel(section: HTMLElement, studio: Studio, isCurrent: () => boolean): void {
  const results = h('div', { 'aria-live': 'polite' });
  const start = h('button', { type: 'button', class: 'primary', id: 'measure' }, 'Measure');
  start.addEventListener('click', () => {
    start.disabled = true;
    void measureAll(results, studio, isCurrent).finally(() => { start.disabled = false; }); // prettier-ignore
  });
  const isolated = crossOriginIsolated ? '' : ' This page is not cross-origin isolated: times are rounded to 0.1 ms.';
  fill(section, h('p', { class: 'soft' }, `One input, both models in turn, a few seconds a provider.${isolated}`), start, results); // prettier-ignore
}

async function measureAll(into: HTMLElement, studio: Studio, isCurrent: () => boolean): Promise<void> {
  const done: Speed[] = [];
  const refused: string[] = [];
  for (const provider of PROVIDERS) {
    if (!isCurrent()) return;
    try {
      done.push(await studio.measure(provider));
    } catch (error) {
      refused.push(`${provider}: ${(error as Error).message}`);
    }
    into.replaceChildren(
      ...results(done).filter((part) => part !== false),
      ...refused.map((reason) => h('p', { class: 'problem' }, reason)),
    );
  }
}

const isAnySoftware = (done: readonly Speed[]): boolean => done.some(({ report }) => report.adapter?.isFallback);

function results(done: readonly Speed[]): (HTMLElement | false)[] {
  if (done.length === 0) return [];
  const rows = done.map(({ provider, report, createMs, firstMs, unfolded, folded }) => [
    `${provider}${report.adapter ? `, ${report.adapter.vendor}${report.adapter.isFallback ? ' in software' : ''}` : ''}`,
    report.runtime.sizeBytes === undefined ? '' : bytes(report.runtime.sizeBytes),
    duration(createMs),
    duration(firstMs),
    duration(unfolded.p50Ms),
    duration(folded.p50Ms),
    `${(unfolded.p50Ms / folded.p50Ms).toFixed(2)}×`,
    duration(folded.p95Ms),
  ]);
  const best = done.toSorted((a, b) => a.folded.p50Ms - b.folded.p50Ms)[0]!;
  return [
    table('Medians; the last column is the 95th percentile', ['provider', 'runtime', 'create', 'first run', 'unfolded', 'folded', 'speed-up', 'folded, p95'], rows), // prettier-ignore
    h(
      'p',
      { class: 'verdict-line' },
      'On this machine it runs best on ',
      h('strong', {}, best.provider),
      `: ${duration(best.folded.p50Ms)} a run.`,
    ),
    isAnySoftware(done) &&
      h('p', { class: 'soft small' }, 'A GPU in software computes right; its times say nothing about a real one.'),
  ];
}
