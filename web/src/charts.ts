import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { h } from './dom.ts';

// Only uPlot's declarations have the enum, `Scale.Distr.Logarithmic`.
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
const LOGARITHMIC: uPlot.Scale = { distr: 3 };

export interface Bars {
  readonly title: string;
  readonly labels: readonly string[];
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly {
    readonly label: string;
    readonly values: readonly (number | null)[];
    readonly color: string;
  }[];
}

const AXIS_WIDTH = 70;
const LABEL_WIDTH = 40;

/** Bars side by side over named places; in the colours of the page's style. It is drawn once it has a width. */
export function barChart({ title, labels, xLabel, yLabel, series }: Bars): HTMLElement {
  const box = h('div', { class: 'chart', role: 'img', 'aria-label': title });
  const bars = uPlot.paths.bars!({ size: [0.8, 60] });
  const draw = () => {
    const ink = getComputedStyle(document.body).getPropertyValue('--soft');
    const axis = { stroke: ink, grid: { stroke: getComputedStyle(document.body).getPropertyValue('--line') } };
    box.replaceChildren();
    const every = Math.ceil((labels.length * LABEL_WIDTH) / Math.max(1, box.clientWidth - AXIS_WIDTH));
    new uPlot(
      {
        title,
        width: Math.max(240, box.clientWidth - 16),
        height: 260,
        scales: {
          x: { time: false, range: (_, low, high) => [low - 0.6, high + 0.6] },
          y: LOGARITHMIC,
        },
        legend: { show: series.length > 1 },
        cursor: { show: false },
        axes: [
          {
            ...axis,
            label: xLabel,
            splits: () => labels.map((_, i) => i),
            values: () => labels.map((label, i) => (i % every === 0 ? label : '')),
          },
          { ...axis, label: yLabel, size: AXIS_WIDTH },
        ],
        series: [
          {},
          ...series.map(({ label, color }) => ({
            label,
            paths: bars,
            fill: getComputedStyle(document.body).getPropertyValue(color),
            stroke: 'transparent',
            points: { show: false },
          })),
        ],
      },
      [labels.map((_, i) => i), ...series.map(({ values }) => [...values])],
      box,
    );
  };
  new ResizeObserver(draw).observe(box);
  return box;
}
