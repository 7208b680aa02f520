import type { Node, Value } from '../../onnx/graph.ts';
import { sizeOf, type Dim } from '../../tensor.ts';
import type { Affine } from '../algebra/affine.ts';
import {
  affineRoundings,
  BATCH_NORMALIZATION_ROUNDINGS,
  crossingRoundings,
  gamma,
  SUMS,
  unitRoundoff,
} from './roundings.ts';
import { endsOf, magnitudesAt, productsOf, type End } from './ends.ts';
import { outputsBehind, outputsInFront, type OutputSizes } from './outputs.ts';
import { changesBias, changesWeights } from '../algebra/linear.ts';
import type { Plan, Site } from '../plan/plan.ts';
import type { BothForms, Certificate, ErrorBound } from '../report.ts';
import type { Storage } from '../algebra/rounding.ts';
import type { Workspace } from '../workspace.ts';

/**
 * What a fold does to accuracy, from the parameters alone. With n products an output, K roundings in the affines that
 * vanish, C in the nodes crossed, and S = Σ|W′||x| in the new weights, for every input and any order of summation:
 *
 *   folded:              |yf − y| ≤ g(n + 2 + C) (S + |b*|)
 *   unfolded, behind:    |yu − y| ≤ g(n + 1 + K + C) (S + |s||b| + |mean · s|) + g(K + 1) |beta|
 *   unfolded, in front:  |yu − y| ≤ g(n + 1 + K + C) (S + Σ|W| (|mean · s| + |beta|)) + g(n + 1) |b|
 *
 * A sum of n products and a bias rounds no term more than n + 1 times; the folded weights and bias are rounded once
 * more each. K is 7 for a BatchNormalization, whichever of its usual forms the runtime takes. Where a centring stays,
 * x is what comes out of it, and it rounds once. Valid without overflow, and but for 2⁻¹⁴⁹ an operation below the
 * normal range.
 */
export function certify(plan: Plan, work: Workspace, isCentred = false): Certificate {
  if (plan.parts) return worstOf(plan.parts.map((part) => certify(part, work)));
  const ends = endsOf(plan, work);
  const path = pathOf(plan, work, isCentred);
  const bounds = ends.map((end) => boundsOf(end, plan, path));
  const scales = ends.flatMap(({ magnitudes }) => magnitudes.scale.map(({ hi }) => hi));
  const joined = plan.direction === 'back' && plan.through.some(({ opType }) => SUMS.has(opType));
  return {
    dtype: plan.site.dtype,
    u: path.u,
    n: most(ends.map(productsOf)),
    kappa: mostOfBoth(bounds.map(({ kappa }) => kappa)),
    bound: {
      unfolded: together(bounds.map(({ unfolded }) => unfolded), joined),
      folded: together(bounds.map(({ folded }) => folded), joined),
    },
    boundInRange: mostOfBoth(bounds.map(({ inRange }) => inRange)),
    growth: growthOf(bounds.map(({ outputs }) => outputs)),
    uncounted: path.uncounted,
    maxAbsScale: most(scales),
    minAbsScale: least(scales),
    bytesAdded: bytesAdded(plan, ends, work),
  }; // prettier-ignore
}

/**
 * Two affines s · x + t that become one BatchNormalization with mean 0 and variance 1, in which each parameter has
 * been rounded: S = |s||x|, and b* = t.
 */
export function certifyMerge([first, second]: readonly [Site, Site], merged: Affine, work: Workspace): Certificate {
  const u = unitRoundoff(second.dtype);
  const roundings = [first.node, second.node].map((node) => affineRoundings(node, inputIndex(node, work), work.facts));
  const before = gamma(
    roundings.reduce<number>((sum, own) => sum + (own ?? 0), 0),
    u,
  );
  const after = gamma(BATCH_NORMALIZATION_ROUNDINGS + 1, u);
  const scales = merged.scale.map(({ hi }) => Math.abs(hi));
  const terms = magnitudesAt({ ...second, others: [first.node], affine: merged }, work).shift;
  const uncounted = [first.node, second.node].filter((_, index) => roundings[index] === undefined);
  return {
    dtype: second.dtype,
    u,
    n: 0,
    kappa: null,
    bound: {
      unfolded: { perUnit: before, constant: before * most(terms.map(({ hi }) => hi)) },
      folded: { perUnit: after, constant: after * most(merged.shift.map(({ hi }) => Math.abs(hi))) },
    },
    boundInRange: null,
    growth: null,
    uncounted: uncounted.map(({ label }) => label),
    maxAbsScale: most(scales),
    minAbsScale: least(scales),
    bytesAdded: 0,
  };
}

function inputIndex(node: Node, work: Workspace): number {
  const lifted = work.lifted(node);
  return lifted.kind === 'affine' ? lifted.input : 0;
}

/** Of the two parts of a fold that goes both ways. */
function worstOf(parts: readonly Certificate[]): Certificate {
  const bounds = parts.map(({ bound }) => bound);
  const growth = parts.flatMap((part) => part.growth ?? []);
  return {
    ...parts[0]!,
    n: most(parts.map(({ n }) => n)),
    kappa: mostOfBoth(parts.map(({ kappa }) => kappa)),
    bound: {
      unfolded: together(bounds.map(({ unfolded }) => unfolded), false),
      folded: together(bounds.map(({ folded }) => folded), false),
    },
    boundInRange: mostOfBoth(parts.map(({ boundInRange }) => boundInRange)),
    growth: growth.length === 0 ? null : { rms: most(growth.map(({ rms }) => rms)), worst: most(growth.map(({ worst }) => worst)) }, // prettier-ignore
    uncounted: [...new Set(parts.flatMap(({ uncounted }) => uncounted))],
    maxAbsScale: most(parts.map(({ maxAbsScale }) => maxAbsScale)),
    minAbsScale: least(parts.map(({ minAbsScale }) => minAbsScale)),
    bytesAdded: parts.reduce((sum, { bytesAdded }) => sum + bytesAdded, 0),
  }; // prettier-ignore
}

/** Roundings that do not depend on the weights. */
interface Path {
  readonly u: number;
  /** Of the affines, and of the nodes that were crossed. */
  readonly affines: number;
  readonly crossed: number;
  /** Of the centring that stays. */
  readonly centring: number;
  readonly isCentred: boolean;
  readonly uncounted: readonly string[];
}

function pathOf({ site, vanishing, through }: Plan, work: Workspace, isCentred: boolean): Path {
  const uncounted: string[] = [];
  const total = (nodes: readonly Node[], roundings: (node: Node) => number | undefined) =>
    nodes.reduce((sum, node) => {
      const own = roundings(node);
      if (own === undefined) uncounted.push(node.label);
      return sum + (own ?? 0);
    }, 0);
  return {
    u: unitRoundoff(site.dtype),
    affines: total([site.node, ...vanishing], (node) => affineRoundings(node, inputIndex(node, work), work.facts)),
    crossed: total(through, (node) => crossingRoundings(node, work.facts)),
    centring: isCentred ? 1 : 0,
    isCentred,
    uncounted,
  };
}

interface Bounds extends BothForms<ErrorBound> {
  readonly outputs: readonly OutputSizes[];
  readonly kappa: BothForms<number> | undefined;
  readonly inRange: BothForms<number> | undefined;
}

function boundsOf(end: End, { direction }: Plan, { u, affines, crossed, centring, isCentred }: Path): Bounds {
  const n = productsOf(end);
  const isBack = direction === 'back';
  const outputs = isBack ? outputsBehind(end) : outputsInFront(end, isCentred);
  const [all, late] = [gamma(n + 1 + affines + crossed, u), gamma(isBack ? affines + 1 : n + 1, u)];
  const folded = gamma(n + 2 + crossed + centring, u);
  const unfoldedOf = ({ carried, added }: OutputSizes) => all * carried + late * added;
  const foldedOf = ({ bias }: OutputSizes) => folded * bias;
  const inRange = () => ({
    unfolded: most(outputs.map((output) => all * output.reach + unfoldedOf(output))),
    folded: most(outputs.map((output) => folded * output.reach + foldedOf(output))),
  });
  return {
    outputs,
    unfolded: { perUnit: all, constant: most(outputs.map(unfoldedOf)) },
    folded: { perUnit: folded, constant: most(outputs.map(foldedOf)) },
    kappa: mostOfBoth(outputs.map(({ kappa }) => kappa)) ?? undefined,
    inRange: isBack || !end.standard ? undefined : inRange(),
  };
}

/** The worst of several nodes; of those whose outputs are added up, all of them. */
function together(bounds: readonly ErrorBound[], joined: boolean): ErrorBound {
  const constants = bounds.map(({ constant }) => constant);
  return {
    perUnit: most(bounds.map(({ perUnit }) => perUnit)),
    constant: joined ? constants.reduce((sum, constant) => sum + constant, 0) : most(constants),
  };
}

/** √ of mean squares: of all outputs of a node, and of the worst one; the worst node counts. */
function growthOf(ends: readonly (readonly OutputSizes[])[]): Certificate['growth'] {
  const squares = ends.map((outputs) => outputs.flatMap((output) => output.squares ?? []));
  if (!squares.some(({ length }) => length > 0)) return null;
  const ratio = (folded: number, unfolded: number) => (folded === 0 ? 0 : Math.sqrt(folded / unfolded));
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const rms = squares.map((own) => ratio(sum(own.map(({ folded }) => folded)), sum(own.map(({ unfolded }) => unfolded)))); // prettier-ignore
  const worst = squares.flatMap((own) => own.map(({ folded, unfolded }) => ratio(folded, unfolded)));
  return { rms: most(rms), worst: most(worst) };
}

/** Null where there are none. */
function mostOfBoth(pairs: readonly (BothForms<number> | null | undefined)[]): BothForms<number> | null {
  let [count, unfolded, folded] = [0, 0, 0];
  for (const pair of pairs) {
    if (!pair) continue;
    count++;
    unfolded = Math.max(unfolded, pair.unfolded);
    folded = Math.max(folded, pair.folded);
  }
  return count === 0 ? null : { unfolded, folded };
}

const most = (numbers: readonly number[]): number => numbers.reduce((largest, number) => Math.max(largest, number), 0);

const BYTES: Readonly<Record<Storage, number>> = { bfloat16: 2, float16: 2, float32: 4, float64: 8 };

/** 0 where there are none, as where only constants change. */
const least = (numbers: readonly number[]): number =>
  numbers.reduce((smallest, number) => Math.min(smallest, number), numbers[0] ?? 0);

/** First biases and copies of shared weights, less the parameters that nobody reads any more. */
function bytesAdded({ site, vanishing }: Plan, ends: readonly End[], work: Workspace): number {
  const width = BYTES[site.dtype];
  const gone = [site.node, ...vanishing].flatMap(({ inputs }) => inputs.filter((input) => isOwn(input)));
  const added = ends.map(({ node, linear, before, after }) => {
    const newBias = !linear.bias && changesBias(after, linear) && !changesBias(before, linear);
    const copied = changesWeights(after, linear) && !changesWeights(before, linear) && !isOwn(node.inputs[1]);
    return (newBias ? linear.outputs * width : 0) + (copied ? sizeOf(linear.weight.shape) * width : 0);
  });
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  return sum(added) - sum(gone.map((value) => bytesOf(value, work, width)));
}

const isOwn = (value: Value | undefined): value is Value => value?.constant !== undefined && value.uses.size === 1;

function bytesOf(value: Value, work: Workspace, width: number): number {
  const shape: readonly Dim[] = work.facts.shape(value) ?? [];
  return width * sizeOf(shape.map((dim) => (typeof dim === 'number' ? dim : 0)));
}
