import type { Fold } from 'edgefold/web';
import { fill, h, table } from '../dom.ts';
import type { OpenedModel } from '../studio/protocol.ts';

const MOST_ROWS = 400;

/** Every fold, and every BatchNormalization that stays with its reason. */
export function folds(section: HTMLElement, { fold }: OpenedModel): void {
  const { kept, found } = fold.batchNormalizations;
  const rows = fold.folds.slice(0, MOST_ROWS).map((one) => [one.name, one.opType, WAYS[one.way] ?? one.way, one.into.join(', '), rounding(one)]); // prettier-ignore
  fill(
    section,
    found === 0 && h('p', {}, 'This model has no BatchNormalization.'),
    rows.length > 0 && table('What vanished, and which weights took it in', ['node', 'operator', 'how', 'into', 'correctly rounded'], rows), // prettier-ignore
    fold.folds.length > MOST_ROWS &&
      h('p', { class: 'soft' }, `${fold.folds.length - MOST_ROWS} more are in the report.`),
    kept.length > 0 && table('What stays, and why', ['node', 'reason'], kept.map(({ name, reason }) => [name, reason])), // prettier-ignore
  );
}

const WAYS: Readonly<Record<string, string>> = {
  back: 'into the weights before it',
  forward: 'into the weights behind it',
  centre: 'its scale forward; the centring stays',
  scale: 'its scale forward; the shift stays',
  split: 'shift back, scale forward',
  'pad-value': 'forward, padding with its zero',
  'border-map': 'forward, with an exact map of the border',
  merge: 'into its neighbour',
  transpose: 'into the order of the weights',
  pad: "into the Conv's own padding",
};

function rounding({ certificate }: Fold): string {
  const count = certificate?.parameters;
  return count ? `${count.correctlyRounded} / ${count.total}` : '';
}
