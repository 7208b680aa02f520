import { html, type Html } from './html.ts';

/** One chart; the script of the page draws it with uPlot. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly kind: 'bars' | 'points';
  /** What stands under the axis, one for each value. */
  readonly labels: readonly string[];
  readonly xLabel: string;
  readonly yLabel: string;
  readonly logarithmic: boolean;
  /** `null` draws nothing; on a logarithmic axis 0 has no place. */
  readonly series: readonly { readonly label: string; readonly values: readonly (number | null)[] }[];
}

/** Where a chart goes; the table beside it holds the same numbers. */
export const placeFor = ({ id, title }: Chart): Html =>
  html`<figure>
    <figcaption>${title}</figcaption>
    <div id="${id}" class="chart" role="img" aria-label="${title}; the numbers are in the table below"></div>
  </figure>`;

/**
 * Runs in the page: draws every chart of the JSON in `#charts` into the element with its id, in the colours of the
 * page, and again when the window changes its size.
 */
export const DRAW_CHARTS = `
'use strict';
(() => {
  const charts = JSON.parse(document.getElementById('charts').textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const SERIES = ['--first', '--second'];
  // Lines only where a number stands.
  const axis = (isShown, extra) => {
    const lines = { stroke: colour('--line'), width: 1, filter: (_, at) => at.map((v) => (isShown(v) ? v : null)) };
    return { stroke: colour('--ink'), grid: lines, ticks: lines, ...extra };
  };
  const style = (chart, i) => chart.kind === 'bars'
    ? { fill: colour(SERIES[i]) + '99', paths: uPlot.paths.bars({ size: [0.8, 60], align: chart.series.length > 1 ? (i === 0 ? 1 : -1) : 0 }), points: { show: false } }
    : { paths: () => null, points: { show: true, size: 7, fill: colour(SERIES[i]) } };
  function draw(chart) {
    const place = document.getElementById(chart.id);
    const x = chart.labels.map((_, i) => i);
    const named = (i) => (Number.isInteger(i) ? chart.labels[i] ?? '' : '');
    place.replaceChildren();
    new uPlot({
      width: Math.max(280, place.clientWidth), height: 280,
      scales: { x: { time: false, range: [-0.6, chart.labels.length - 0.4] }, y: chart.logarithmic ? { distr: 3, range: (_, low, high) => [low / 2, high * 2] } : {} },
      axes: [axis((v) => named(v) !== '', { label: chart.xLabel, values: (_, at) => at.map(named) }), axis((v) => !chart.logarithmic || Number.isInteger(Math.round(Math.log10(v) * 1e9) / 1e9), { label: chart.yLabel, size: 70, values: (_, at) => at.map((v) => v === null ? '' : Number(v.toPrecision(3)).toString()) })],
      series: [{ label: chart.xLabel, value: (_, i) => (i === null ? '–' : named(i)) }, ...chart.series.map((series, i) => ({
        label: series.label, stroke: colour(SERIES[i]), value: (_, v) => (v === null ? '–' : Number(v.toPrecision(4)).toString()), ...style(chart, i) }))],
    }, [x, ...chart.series.map(({ values }) => values)], place);
  }
  for (const box of document.querySelectorAll('.tall .node:first-of-type rect')) {
    const pane = box.closest('.tall');
    pane.scrollLeft = Number(box.getAttribute('x')) + Number(box.getAttribute('width')) / 2 - pane.clientWidth / 2;
  }
  const drawAll = () => charts.forEach(draw);
  drawAll();
  let waiting;
  addEventListener('resize', () => { clearTimeout(waiting); waiting = setTimeout(drawAll, 150); });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
  document.documentElement.dataset.drawn = String(charts.length);
})();
`;
