import type { Node } from '../../onnx/graph.ts';
import { affine, at, compose, isUniform, isZero, zip, type Affine, type Vector } from '../algebra/affine.ts';
import { divide, exact, ONE, subtract, ZERO } from '../algebra/double-double.ts';
import type { Refusal } from '../facts.ts';
import type { Lifted } from '../lift/lift.ts';
import { NO_EDIT, type Edit } from '../algebra/linear.ts';
import { arrivalsOf, type Arrival, type Plan, type Site, type World } from '../plan/plan.ts';
import { absolute, magnitudesOf, statisticsOf, type Statistics } from './statistics.ts';

/** One node that takes an affine in, with what is known of the numbers that meet there. */
export interface End extends Arrival {
  /** Edits of the node without this fold, and with it. */
  readonly before: Edit;
  readonly after: Edit;
  /** |scale| of all affines on the way, and the magnitudes that a runtime adds up for their shifts. */
  readonly magnitudes: Affine;
  /** gamma and beta: the affine as one of a standardised x. Absent where no statistics are known. */
  readonly standard: Affine | undefined;
}

export function endsOf(plan: Plan, world: World): readonly End[] {
  const { facts } = world;
  const magnitudes = trial(world, (lifted, node) => magnitudesOf(node, lifted, facts));
  const moved = carried(plan, magnitudesAt(plan.site, world), magnitudes);
  const sizes = moved ?? withAffine(plan.arrivals, mostMagnitudes(plan, world));
  const statistics = statisticsOf(plan.site, facts);
  // What lies in front of y changes neither its mean nor its deviation.
  const further = trial(world, (lifted) => (plan.direction === 'back' ? IDENTITY : lifted.affine));
  const standard = statistics && carried(plan, standardAt(statistics, plan.site.rest), further);
  return plan.arrivals.map((arrival, index) => ({
    ...arrival,
    before: world.edit(arrival.node)?.edit ?? NO_EDIT,
    after: plan.edits.get(arrival.node)?.edit ?? NO_EDIT,
    // A Sub on the way turns the sign of what it subtracts.
    magnitudes: absolute(sizes[index]!.affine),
    standard: standard?.[index]?.affine,
  }));
}

/** Another affine at the ends of the plan, if it goes the same way. Right behind the weights there is no way to go. */
function carried(plan: Plan, other: Affine, world: Omit<World, 'edit'>): readonly Arrival[] | undefined {
  if (isRightBehind(plan) && fits(other, plan.site.affine)) return withAffine(plan.arrivals, other);
  const arrivals = arrivalsOf(plan, other, world);
  if (!isList(arrivals) || arrivals.length !== plan.arrivals.length) return undefined;
  return arrivals.every(({ node }, index) => node === plan.arrivals[index]!.node) ? arrivals : undefined;
}

const IDENTITY = affine(0, [ONE], [ZERO]);

const isRightBehind = ({ direction, through, arrivals, site }: Plan): boolean =>
  direction === 'back' && through.length === 0 && arrivals.every(({ affine: arrived }) => arrived === site.affine);

/** Whether what takes `own` in takes another affine in as well. */
const fits = (other: Affine, own: Affine): boolean =>
  isUniform(other) || (other.axis === own.axis && other.scale.length === own.scale.length);

const withAffine = (arrivals: readonly Arrival[], other: Affine): Arrival[] =>
  arrivals.map((arrival) => ({ ...arrival, affine: other }));

const isList = (found: readonly Arrival[] | Refusal): found is readonly Arrival[] => Array.isArray(found);

/** The graph with other affines in it. */
function trial(world: World, affineOf: (lifted: Lifted, node: Node) => Affine): Omit<World, 'edit'> {
  return {
    facts: world.facts,
    owns: (node) => world.owns(node),
    readers: (value) => world.readers(value),
    lifted: (node) => {
      const lifted = world.lifted(node);
      return lifted.kind === 'refuse' ? lifted : { ...lifted, affine: affineOf(lifted, node) };
    },
  };
}

/** Those of all affines that a site stands for, although it may move only a part of them. */
export function magnitudesAt({ node, affine: own, others = [], rest }: Site, world: World): Affine {
  const nodes = [...others].reverse().concat(node);
  const each = nodes.map((one) => {
    const lifted = world.lifted(one);
    return lifted.kind === 'affine' ? magnitudesOf(one, lifted, world.facts) : undefined;
  });
  const whole = each.reduce((first, second) => first && second && compose(first, second));
  const part = absolute(own);
  if (!whole) return part;
  return affine(whole.axis, part.scale, rest ? unscaled(whole.shift, absolute(rest).scale) : whole.shift);
}

/** Numbers of y, as those of a part of y = scale · part: where the scale is 0, the part goes nowhere. */
const unscaled = (numbers: Vector, scale: Vector): Vector =>
  zip(numbers, scale, (number, s) => (isZero(s) ? ZERO : divide(number, s)));

/** gamma and beta of y = rest(part), as those of the part. */
const standardAt = ({ standard }: Statistics, rest: Affine | undefined): Affine =>
  rest
    ? affine(
        standard.axis,
        unscaled(standard.scale, rest.scale),
        unscaled(zip(standard.shift, rest.shift, subtract), rest.scale),
      )
    : standard;

/** More than any channel can have, in whatever order the affines come; for paths that magnitudes cannot take. */
function mostMagnitudes({ site, vanishing }: Plan, world: World): Affine {
  const each = [site.node, ...vanishing].flatMap((node) => {
    const lifted = world.lifted(node);
    return lifted.kind === 'affine' ? magnitudesOf(node, lifted, world.facts) : [];
  });
  const scales = each.map(({ scale }) => largest(scale));
  const growth = scales.reduce((product, scale) => product * Math.max(1, scale), 1);
  const unit = site.rest ? largest(unscaled([ONE], absolute(site.rest).scale)) : 1;
  const shift = each.reduce((sum, own) => sum + largest(own.shift), 0) * growth * unit;
  return affine(0, [exact(scales.reduce((product, scale) => product * scale, 1))], [exact(shift)]);
}

const largest = (vector: Vector): number => vector.reduce((most, { hi }) => Math.max(most, hi), 0);

/** Products that one output sums up: W is reached by rows and columns independently. */
export function productsOf({ linear: { rows, columns, taps, outputOf } }: Arrival): number {
  if (rows === 0 || columns === 0) return 0;
  const first = outputOf(0, 0);
  let [inRows, inColumns] = [0, 0];
  for (let row = 0; row < rows; row++) if (outputOf(row, 0) === first) inRows++;
  for (let column = 0; column < columns; column++) if (outputOf(0, column) === first) inColumns++;
  return inRows * inColumns * taps;
}

/** For each output channel its bias after an edit; of several rows the one furthest from 0. */
export function biasesOf({ linear }: Arrival, { outScale, shift }: Edit): Float64Array {
  const { bias, beta, outputs } = linear;
  const furthest = new Float64Array(outputs).fill(NaN);
  const data = bias?.data ?? [0];
  const perOutput = data.length % outputs === 0 && (bias?.shape.at(-1) ?? 1) === outputs;
  const size = perOutput ? data.length : data.length * outputs;
  for (let index = 0; index < size; index++) {
    const output = index % outputs;
    const old = data[perOutput ? index : Math.floor(index / outputs)]!;
    const value = at(outScale, output).hi * beta * old + at(shift, output).hi;
    if (!(Math.abs(value) <= Math.abs(furthest[output]!))) furthest[output] = value;
  }
  return furthest;
}
