import {
  affine as affineOf,
  isPureScale,
  isPureShift,
  isZero,
  scaleOf,
  shiftOf,
  zip,
  type Affine,
} from '../algebra/affine.ts';
import { divide, ZERO } from '../algebra/double-double.ts';
import { refuse, type Refusal } from '../facts.ts';
import { planBack, planForward, type Plan, type Site, type World } from './plan.ts';

/**
 * An affine in two steps, of which the first goes back and the second forward:
 *
 *   s · x + t = s · (x + t / s)     the shift goes back, which needs s ≠ 0 wherever t ≠ 0
 *             = (s · x) + t         the scale goes back
 *
 * Zero padding, say, lets a scale through but no shift, and a Relu a positive scale only; a maximum lets every shift
 * through, but no negative scale.
 */
export function planSplit(site: Site, world: World): Plan | Refusal {
  const { affine, node } = site;
  if (isPureScale(affine) || isPureShift(affine)) return refuse(`${node.label} has nothing to split`);
  const centring = centringOf(affine);
  const first = centring ? planBoth(site, centring, scaleOf(affine), world) : refuse(`${node.label} scales by 0`);
  return first.kind === 'plan' ? first : planBoth(site, scaleOf(affine), shiftOf(affine), world);
}

/** x + t / s; undefined if that would be t / 0. */
export function centringOf({ axis, scale, shift }: Affine): Affine | undefined {
  const quotients = zip(shift, scale, (t, s) => (isZero(t) ? ZERO : divide(t, s)));
  const isFinite = quotients.every(({ hi }) => Number.isFinite(hi));
  return isFinite ? shiftOf(affineOf(axis, scale, quotients)) : undefined;
}

function planBoth(site: Site, first: Affine, second: Affine, world: World): Plan | Refusal {
  const back = planBack({ ...site, affine: first, rest: second }, world);
  if (back.kind === 'refuse') return back;
  const forward = planForward({ ...site, affine: second }, world);
  if (forward.kind === 'refuse') return forward;
  return {
    ...forward,
    vanishing: [...new Set([...back.vanishing, ...forward.vanishing])],
    through: [...back.through, ...forward.through],
    crossed: [...back.crossed, ...forward.crossed],
    edits: new Map([...back.edits, ...forward.edits]),
    arrivals: [...back.arrivals, ...forward.arrivals],
    operands: [...back.operands, ...forward.operands],
    isSplit: true,
    parts: [back, forward],
  };
}
