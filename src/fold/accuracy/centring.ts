import type { Node } from '../../onnx/graph.ts';
import { affine, at, isPureScale, isPureShift, zip, type Affine, type Vector } from '../algebra/affine.ts';
import { statisticsOf } from './statistics.ts';
import { certify } from './certificate.ts';
import { renewCrossed, withoutVanishing } from '../plan/commit.ts';
import { add, exact, multiply, subtract } from '../algebra/double-double.ts';
import { refuse, type Refusal } from '../facts.ts';
import { planForward, type Plan, type Site } from '../plan/plan.ts';
import type { Certificate } from '../report.ts';
import { constantOf } from '../plan/materialise.ts';
import { rounded, roundTo } from '../algebra/rounding.ts';
import type { Workspace } from '../workspace.ts';

/**
 * In front of W x + b, a BatchNormalization subtracts the mean before anything is multiplied. Folded whole, W′ x and
 * b′ = b + W (beta − mean · s) are both |mean| / √(variance + epsilon) times as large as their sum, and their
 * roundings with them. Both forms sum up n products and round as often, so the error grows as what is added up:
 *
 *   growth² = Σ w² ((mean · s)² + gamma²) + b′²  over  Σ w² (gamma² + beta²) + b²
 *
 * over the outputs of a node, for an x as the statistics describe it; the mean of y, to which both come, counts in both.
 * Networks of normalised layers have growths of 1 to 3, of which the fold regains some, as the roundings of the
 * BatchNormalization are gone. At 4, with two bits lost in theory and one or so in practice, the scale and beta are
 * folded and x − mean stays: exact by Sterbenz's lemma for x between mean / 2 and 2 · mean, one rounding elsewhere.
 */
export const MOST_GROWTH = 4;

/** What a single output may lose, where the others are so much larger that it does not count. */
export const MOST_GROWTH_OF_ONE = 16;

/**
 * Without statistics, an affine is taken to bring its input to the size of 1. That may well be wrong, so more is
 * allowed.
 */
export const MOST_GROWTH_UNMEASURED = 32;

/** A plan that may be carried out whole. */
export interface Harmless {
  readonly kind: 'harmless';
  readonly plan: Plan;
  readonly certificate: Certificate;
}

/** Another one in its place: scale and beta go, x − centre stays. */
export interface Centred {
  readonly kind: 'centred';
  readonly plan: Plan;
  readonly certificate: Certificate;
  readonly axis: number;
  readonly centre: Vector;
  readonly rank: number;
}

/** Whether a plan costs accuracy, and what can be done about it. */
export function judge(plan: Plan, work: Workspace): Harmless | Centred | Refusal {
  const certificate = certify(plan, work);
  const harmless: Harmless = { kind: 'harmless', plan, certificate };
  if (plan.direction === 'back' || plan.isSplit || isHarmless(plan, certificate, work)) return harmless;
  return centredPlan(plan, work);
}

function isHarmless(plan: Plan, { growth }: Certificate, work: Workspace): boolean {
  const moved = plan.arrivals.map(({ affine }) => affine);
  if (growth === null || moved.every(isPureScale)) return true;
  if (statisticsOf(plan.site, work.facts)) {
    return growth.rms <= MOST_GROWTH && growth.worst <= MOST_GROWTH_OF_ONE;
  }
  return growth.rms <= MOST_GROWTH_UNMEASURED && !isLoneSubtraction(plan, moved);
}

/**
 * x − c alone says nothing of how large its result is beside c. Whoever writes it that way wants it small, and what
 * {@link leaveCentred} has left is such a node: it stays, whatever has become of the file since.
 */
function isLoneSubtraction({ site: { node }, vanishing }: Plan, moved: readonly Affine[]): boolean {
  const isSubtraction = ({ opType }: Node) => opType === 'Sub';
  return [node, ...vanishing].some(isSubtraction) && moved.every(isPureShift);
}

/**
 * Whether s · x and t, each by itself, are so much larger than their sum that adding them up behind weights costs
 * accuracy: the growth above, of the channel for which it is largest, without a bias that may hide it.
 */
export function costsAccuracy(site: Site, work: Workspace): boolean {
  const { scale, shift } = site.affine;
  const statistics = statisticsOf(site, work.facts);
  const most = statistics ? MOST_GROWTH : MOST_GROWTH_UNMEASURED;
  return Array.from({ length: Math.max(scale.length, shift.length) }, (_, c) => {
    const [s, t] = [at(scale, c).hi, at(shift, c).hi];
    if (!statistics) return Math.abs(t);
    const [mean, gamma, beta] = [
      at(statistics.mean(), c),
      at(statistics.standard.scale, c),
      at(statistics.standard.shift, c),
    ];
    return Math.hypot(mean.hi * s, gamma.hi, t) / (Math.hypot(gamma.hi, beta.hi) || 1);
  }).some((growth) => growth > most);
}

/** The same way for s · x + beta, where x has its mean subtracted, as that is stored. */
function centredPlan({ site }: Plan, work: Workspace): Centred | Refusal {
  const { node, dtype, input } = site;
  const statistics = node.opType === 'BatchNormalization' ? statisticsOf(site, work.facts) : undefined;
  const rank = work.facts.rank(input);
  const costs = `${node.label} would cost accuracy if it were folded, since its shift is large beside what is left of it`;
  if (!statistics || rank === undefined || site.others?.length || work.facts.opset < 7) return refuse(costs);
  const { standard } = statistics;
  const mean = statistics.mean();
  const centre = mean.map((value) => exact(roundTo(dtype, value)));
  const rest = zip(site.affine.scale, zip(centre, mean, subtract), multiply);
  const centred = affine(standard.axis, site.affine.scale, zip(standard.shift, rest, add));
  const plan = planForward({ ...site, affine: centred }, work);
  if (plan.kind === 'refuse') return refuse(costs);
  return { kind: 'centred', plan, certificate: certify(plan, work, true), axis: standard.axis, centre, rank };
}

/** Carries it out. What the node wrote holds something else now, and gets a new name. */
export function leaveCentred({ plan, axis, centre, rank }: Centred, work: Workspace): void {
  const { node, output, dtype } = plan.site;
  const x = withoutVanishing(plan, work);
  const centred = work.fresh(output);
  work.graph.replaceUses(output, centred);
  const behind = new Array<number>(centre.length === 1 ? 0 : rank - axis - 1).fill(1);
  const called = node.name || output.name;
  const shape = [centre.length, ...behind];
  const place = { node: { label: `${called} (Sub)` }, role: 'bias', name: `${called}_mean`, shape } as const;
  const constant = constantOf(rounded(dtype, centre), place, work, centre);
  work.replace(node, { opType: 'Sub', inputs: [x, constant], outputs: [centred] });
  renewCrossed(plan, work);
}
