import type { Node } from '../../onnx/graph.ts';
import type { FoldedNode, Region, Regions } from './regions.ts';
import { NOTABLE_RATIO, type Audit, type AuditTotals, type SiteAudit } from './report.ts';
import type { SiteCheck } from './site-check.ts';

interface Conditions {
  readonly samples: readonly unknown[];
  readonly folds?: readonly FoldedNode[];
  readonly names?: 'kept' | 'guessed';
  /** Names that were found to stand for different things. */
  readonly without: ReadonlySet<string>;
}

/** What one region comes to; `reason` says why it is not proven, if it is not. */
export function siteAudit(
  { pieces, folds }: Region,
  { check, reason }: { check: SiteCheck; reason: string },
): SiteAudit {
  const result = check.result();
  const operators = (side: 'reference' | 'candidate') => pieces.flatMap((piece) => piece[side]).map(({ opType }: Node) => opType); // prettier-ignore
  const why = reason || (result.unbounded > 0 ? `${result.unbounded} elements are infinite, NaN or near the largest float` : result.elements === 0 ? 'it had no elements' : ''); // prettier-ignore
  return {
    verdict: result.violations > 0 ? 'violated' : why ? 'unproven' : 'proven',
    ...(why && { reason: why }),
    folds,
    outputs: pieces.flatMap(({ outputs }) => outputs),
    operators: { unfolded: operators('reference'), folded: operators('candidate') },
    ...result,
  };
}

const isFarther = ({ rms }: SiteAudit): boolean => rms.folded > NOTABLE_RATIO * rms.unfolded;

/** Errors that have nothing to do with one another add up as their squares do. */
const isExplained = ({ rms: { unfolded, folded, parameters } }: SiteAudit): boolean =>
  folded <= NOTABLE_RATIO * Math.hypot(unfolded, parameters);

export function totalsOf(
  { uncovered }: Regions,
  sites: readonly SiteAudit[],
  { samples, names, without }: Conditions,
): AuditTotals {
  const violated = sites.find(({ verdict }) => verdict === 'violated');
  const unproven = sites.find(({ verdict }) => verdict === 'unproven');
  const reason = violated
    ? `${names === 'guessed' ? 'more than correct rounding explains' : 'a defect, not rounding'}: ${describeViolation(violated)}`
    : uncovered.length > 0
      ? `no site has the folds of ${uncovered.join(', ')}`
      : unproven && `${unproven.outputs.join(', ')}: ${unproven.reason ?? ''}`;
  const covered = sites.reduce((sum, { folds }) => sum + folds.length, 0);
  return {
    verdict: violated ? 'violated' : reason === undefined ? 'proven' : 'unproven',
    ...(reason !== undefined && { reason }),
    folds: covered + uncovered.length,
    covered,
    uncovered,
    sites: sites.length,
    proven: sites.filter(({ verdict }) => verdict === 'proven').length,
    reused: [...without],
    samples: samples.length,
    elements: sites.reduce((sum, { elements }) => sum + elements, 0),
    violations: sites.reduce((sum, { violations }) => sum + violations, 0),
    worstShare: sites.reduce((most, { worstShare }) => Math.max(most, worstShare), 0),
    farther: sites.filter(isFarther).length,
    unexplained: sites.filter((site) => isFarther(site) && !isExplained(site)).length,
  };
}

function describeViolation({ outputs, folds, violations, elements, worst }: SiteAudit): string {
  const site = `${outputs.join(', ')}${folds.length > 0 ? ` (fold of ${folds.join(', ')})` : ''}`;
  const place = worst ? `; at [${worst.index.join(', ')}] of ${worst.output}, sample ${worst.sample}, folded ${worst.folded}, unfolded ${worst.unfolded}, exact ${worst.exact}, bound ${worst.bound}` : ''; // prettier-ignore
  return `${violations} of ${elements} elements of ${site} break a proven bound${place}`;
}

export function notRun(
  { regions, uncovered }: Regions,
  { samples, folds = [], without }: Conditions,
  reason: string,
): Audit {
  const totals: AuditTotals = {
    verdict: 'not-run',
    reason,
    folds: folds.length,
    covered: folds.length - uncovered.length,
    uncovered,
    sites: regions.length,
    proven: 0,
    reused: [...without],
    samples: samples.length,
    elements: 0,
    violations: 0,
    worstShare: 0,
    farther: 0,
    unexplained: 0,
  };
  return { totals, sites: [] };
}
