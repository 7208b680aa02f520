import type { Graph } from '../../onnx/graph.ts';
import type { OutputMetrics, ParityReport } from '../report.ts';
import { binLabel } from '../ulp-histogram.ts';
import { DRAW_CHARTS, placeFor, type Chart } from './charts.ts';
import { drawing, marks } from './drawing.ts';
import { Html, html, jsonIn, table } from './html.ts';
import { number, percent } from './numbers.ts';
import { proofSections } from './proof.ts';
import { STYLE } from './style.ts';

/** What the page shows. */
export interface PageContents {
  /** How the page calls the two models. */
  readonly reference: string;
  readonly candidate: string;
  readonly parity: ParityReport;
  readonly graphs: { readonly reference: Graph; readonly candidate: Graph };
  /** What was typed to get it. */
  readonly command: string;
  /** `edgefold 0.1.0` */
  readonly tool: string;
}

/** The chart library, as the text of its script and its style sheet; it becomes a part of the page. */
export interface ChartLibrary {
  readonly script: string;
  readonly style: string;
}

/** Nothing is loaded from anywhere, and nothing may be: the page is its own and only file. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/**
 * A comparison as one self-contained HTML page: the verdict, every output, every site against its proven bound, both
 * graphs. It can be read, printed and sent to somebody who has no Edgefold; without scripts only the charts are
 * missing, whose numbers stand in tables beside them.
 */
export function reportPage(contents: PageContents, library: ChartLibrary): string {
  const { reference, candidate, parity } = contents;
  const sites = proofSections(parity);
  const charts = [...histograms(parity), ...sites.charts];
  const title = `${candidate} against ${reference}`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <title>${title}</title>
        <style>
          ${new Html(library.style)}${new Html(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          ${summary(contents)}
        </header>
        <main>${outputsSection(parity, charts)}${sites.markup}${graphsSection(contents)}</main>
        <footer>
          <h2>How this was made</h2>
          ${conditions(contents)}
        </footer>
        <script type="application/json" id="charts">
          ${jsonIn(charts)}
        </script>
        <script>
          ${new Html(library.script)};
        </script>
        <script>
          ${new Html(DRAW_CHARTS)};
        </script>
      </body>
    </html> `.text;
}

function summary({ parity, graphs }: PageContents): Html {
  const { verdict, reason, samples, runs, outputs } = parity;
  const worst = Math.max(0, ...Object.values(outputs).map(({ worstShare }) => worstShare));
  const [before, after] = [graphs.reference.nodes.length, graphs.candidate.nodes.length];
  return html`<p><span class="verdict ${verdict === 'pass' ? 'pass' : 'fail'}">${verdict}</span></p>
    ${reason === undefined ? '' : html`<p>${reason}</p>`}
    <p>
      ${samples} samples, ${runs.length} runs; the worst element used
      ${worst < Number.MAX_VALUE ? percent(worst) : 'more than all'} of what is allowed. ${before} nodes before,
      ${after} after.
    </p>`;
}

interface OutputRow extends OutputMetrics {
  readonly name: string;
  readonly run: string;
}

function outputsSection(parity: ParityReport, charts: readonly Chart[]): Html {
  const { runs, outputs, original } = parity;
  const all =
    original && original.verdict !== 'not-run' ? [...runs, { ...original, label: `against ${original.label}` }] : runs;
  const rows = all.flatMap(({ label, outputs: own }) => Object.entries(own).map(([name, metrics]): OutputRow => ({ name, run: label, ...metrics }))); // prettier-ignore
  const places = charts.filter(({ id }) => id.startsWith('ulp-')).map(placeFor);
  const metrics = table<OutputRow>('Each output in each run, against the reference', rows, [
    { heading: 'output', cell: ({ name }) => name },
    { heading: 'run', cell: ({ run }) => run },
    { heading: 'elements', cell: ({ elements }) => String(elements), numeric: true },
    { heading: 'largest |Δ|', cell: ({ maxAbs }) => number(maxAbs), numeric: true },
    { heading: 'ulp, median / 99 % / largest', cell: ({ ulp }) => `${ulp.p50} / ${ulp.p99} / ${ulp.max}`, numeric: true },
    { heading: 'SQNR, dB', cell: ({ sqnrDb }) => (sqnrDb === null ? '∞' : sqnrDb.toFixed(0)), numeric: true },
    { heading: 'same best class', cell: ({ top1 }) => (top1 ? `${top1.agree} of ${top1.total}` : ''), numeric: true },
    { heading: 'share of the allowance', cell: ({ worstShare, tolerance }) => `${worstShare < Number.MAX_VALUE ? percent(worstShare) : 'none is allowed'} (${tolerance.name})`, numeric: true },
  ]); // prettier-ignore
  return html`<section>
    <h2>Outputs</h2>
    ${originalSentence(parity)}${metrics}${places}${binsTable(outputs)}
  </section>`;
}

/** What the framework that the model comes from has to say. */
function originalSentence({ original }: ParityReport): Html | '' {
  if (!original) return '';
  if (original.verdict === 'not-run') return html`<p>The original was not run: ${original.reason}</p>`;
  return html`<p>
    The original, run with ${original.label}: ${original.verdict}. ${original.note ?? original.reason ?? ''}
  </p>`;
}

/** The numbers of the charts, for those who cannot see them. */
function binsTable(outputs: ParityReport['outputs']): Html {
  const rows = Object.entries(outputs).flatMap(([name, { ulp }]) => ulp.bins.map((bin) => ({ name, ...bin })));
  return html`<details>
    <summary>The distances as numbers</summary>
    ${table(
      'Elements by their distance from the reference in units in the last place; each bin begins where the one before it ends',
      rows,
      [
        { heading: 'output', cell: ({ name }) => name },
        { heading: 'at most, ulp', cell: ({ upTo }) => String(upTo), numeric: true },
        { heading: 'elements', cell: ({ count }) => String(count), numeric: true },
      ],
    )}
  </details>`;
}

const histograms = ({ outputs }: ParityReport): Chart[] =>
  Object.entries(outputs).map(([name, { ulp }], i) => ({
    id: `ulp-${i}`,
    title: `${name}: distance from the reference in units in the last place (worst run)`,
    kind: 'bars',
    labels: ulp.bins.map(binLabel),
    xLabel: 'at most so many ulp',
    yLabel: 'elements',
    logarithmic: true,
    series: [{ label: 'elements', values: ulp.bins.map(({ count }) => count || null) }],
  }));

function graphsSection({ graphs, reference, candidate }: PageContents): Html {
  const marked = marks(graphs.reference, graphs.candidate);
  return html`<section>
    <h2>The graph before and after</h2>
    <p class="soft">Dashed: not in the other graph. Blue: other inputs, such as folded weights. Green: new.</p>
    <div class="pair">
      <div>
        <h3>${reference}</h3>
        <div class="wide tall" tabindex="0" role="region" aria-label="Graph of ${reference}">
          ${drawing(graphs.reference, reference, marked.reference)}
        </div>
      </div>
      <div>
        <h3>${candidate}</h3>
        <div class="wide tall" tabindex="0" role="region" aria-label="Graph of ${candidate}">
          ${drawing(graphs.candidate, candidate, marked.candidate)}
        </div>
      </div>
    </div>
  </section>`;
}

function conditions({ parity, command, tool }: PageContents): Html {
  const provider = parity.reference?.provider;
  const rows = [
    ['made by', tool],
    ['command', command],
    ['seed', String(parity.seed)],
    ['runtime', provider ? JSON.stringify(provider, withoutTimes) : 'nothing was run'],
  ];
  return table('', rows, [
    { heading: 'what', cell: ([what = '']) => what },
    { heading: 'value', cell: ([, value = '']) => value },
  ]);
}

/** The same comparison makes the same page. */
const withoutTimes = (key: string, value: unknown): unknown => (key === 'ms' ? undefined : value);
