import type { SiteAudit, TruthMetrics, TruthReport } from '../audit/report.ts';
import type { ParityReport } from '../report.ts';
import { placeFor, type Chart } from './charts.ts';
import { html, table, type Html } from './html.ts';
import { number, percent } from './numbers.ts';

/** More points than this are no longer told apart; the table has all of them. */
const MOST_POINTS = 400;

/** What float64 says: the error of both models at every site and in every output, and each site against its bound. */
export function proofSections({ audit, sites, truth }: ParityReport): {
  readonly markup: Html;
  readonly charts: readonly Chart[];
} {
  if (audit.verdict === 'not-run') {
    const markup = html`<section>
      <h2>Sites</h2>
      <p>Not proven: ${audit.reason ?? 'it was not asked for'}.</p>
    </section>`;
    return { markup, charts: [] };
  }
  const charts = sites.length === 0 ? [] : [errors(sites), shares(sites)];
  return {
    charts,
    markup: html`<section>
        <h2>Sites: every part that was changed, against its proven bound</h2>
        ${totals(audit)} ${charts.map(placeFor)}${sitesTable(sites)}
      </section>
      ${truthSection(truth)}`,
  };
}

function totals({
  verdict,
  reason,
  folds,
  covered,
  sites,
  proven,
  elements,
  violations,
  worstShare,
}: ParityReport['audit']): Html {
  return html`<p>
      <strong>${verdict}</strong>${reason === undefined ? '' : html`: ${reason}`}.
      ${folds === 0 ? '' : html`${covered} of ${folds} folds lie in `}${sites} sites, ${proven} of them proven;
      ${elements} elements were checked, ${violations} broke a bound. The worst used
      ${worstShare < Number.MAX_VALUE ? percent(worstShare) : 'more than all'} of it.
    </p>
    <p class="soft">
      Both ways read the very same float values, and each is held against the exact result in float64. A difference
      within the bound can be rounding; one beyond it cannot.
    </p>`;
}

const errors = (sites: readonly SiteAudit[]): Chart => ({
  ...chartOf(sites, 'site-errors', 'Root mean square error of each site against the exact result'),
  yLabel: 'rms error',
  series: [
    { label: 'unfolded', values: valuesOf(sites, ({ rms }) => rms.unfolded) },
    { label: 'folded', values: valuesOf(sites, ({ rms }) => rms.folded) },
  ],
});

const shares = (sites: readonly SiteAudit[]): Chart => ({
  ...chartOf(sites, 'site-shares', 'Share of the proven bound that each site used; 1 is all of it'),
  yLabel: 'share of the bound',
  series: [{ label: 'worst element', values: valuesOf(sites, ({ worstShare }) => worstShare) }],
});

function chartOf(sites: readonly SiteAudit[], id: string, title: string): Omit<Chart, 'yLabel' | 'series'> {
  const labels = sites.slice(0, MOST_POINTS).map((_, i) => String(i + 1));
  return { id, title, kind: 'points', labels, xLabel: 'site, in the order of the graph', logarithmic: true };
}

/** A logarithmic axis has no place for 0. */
const valuesOf = (sites: readonly SiteAudit[], of: (site: SiteAudit) => number): (number | null)[] =>
  sites.slice(0, MOST_POINTS).map((site) => {
    const value = of(site);
    return value > 0 && value < Number.MAX_VALUE ? value : null;
  });

const sitesTable = (sites: readonly SiteAudit[]): Html =>
  table('Sites', [...sites.entries()], [
    { heading: 'no.', cell: ([i]) => String(i + 1), numeric: true },
    { heading: 'folded', cell: ([, { folds, outputs }]) => folds.join(', ') || `at ${outputs.join(', ')}` },
    { heading: 'operators', cell: ([, { operators }]) => `${operators.unfolded.join(' ')} → ${operators.folded.join(' ') || 'nothing'}` },
    { heading: 'verdict', cell: ([, { verdict, reason }]) => html`<span class="${verdict === 'proven' ? 'pass' : 'fail'}">${verdict}</span>${reason === undefined ? '' : `: ${reason}`}` },
    { heading: 'elements', cell: ([, { elements }]) => String(elements), numeric: true },
    { heading: 'largest |Δ|', cell: ([, { maxDifference }]) => number(maxDifference), numeric: true },
    { heading: 'share of bound', cell: ([, { worstShare }]) => (worstShare < Number.MAX_VALUE ? percent(worstShare) : 'beyond it'), numeric: true },
    { heading: 'rms error, unfolded', cell: ([, { rms }]) => number(rms.unfolded), numeric: true },
    { heading: 'folded', cell: ([, { rms }]) => number(rms.folded), numeric: true },
    { heading: 'ratio', cell: ([, { rms }]) => (rms.ratio === null ? '' : number(rms.ratio)), numeric: true },
    { heading: 'of rounded parameters alone', cell: ([, { rms }]) => number(rms.parameters), numeric: true },
    { heading: 'of rounded parameters alone', cell: ([, { rms }]) => number(rms.parameters), numeric: true },
  ]); // prettier-ignore

function truthSection(truth: TruthReport): Html {
  if (truth.verdict === 'not-run')
    return html`<section>
      <h2>Truth</h2>
      <p>Not measured: ${truth.reason}.</p>
    </section>`;
  return html`<section>
    <h2>Truth: both models against float64, end to end</h2>
    <p class="soft">A ratio below 1 says that folding has moved the output towards the truth.</p>
    ${table<[string, TruthMetrics]>(`Errors over ${truth.samples} samples`, Object.entries(truth.outputs), [
      { heading: 'output', cell: ([name]) => name },
      { heading: 'rms of the truth', cell: ([, { scale }]) => number(scale), numeric: true },
      { heading: 'rms error, unfolded', cell: ([, { unfolded }]) => number(unfolded.rms), numeric: true },
      { heading: 'folded', cell: ([, { folded }]) => number(folded.rms), numeric: true },
      { heading: 'ratio', cell: ([, { ratio }]) => (ratio === null ? '' : number(ratio)), numeric: true },
      { heading: 'largest error, unfolded', cell: ([, { unfolded }]) => number(unfolded.max), numeric: true },
      { heading: 'folded', cell: ([, { folded }]) => number(folded.max), numeric: true },
    ])}
  </section>`;
}
