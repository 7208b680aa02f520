import type { Node } from '../onnx/graph.ts';
import { affine, at, type Affine, type Vector } from './affine.ts';
import { exact } from './double-double.ts';
import type { Refusal } from './facts.ts';
import { lift, type Lifted } from './lift.ts';
import { NO_EDIT, type Edit } from './linear.ts';
import { arrivalsOf, type Arrival, type Plan, type World } from './plan.ts';
import { magnitudesOf, statisticsOf } from './accuracy-statistics.ts';

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
  const asItIs = trial(world, ({ affine }) => affine);
  const absolute = trial(world, (lifted, node) => magnitudesOf(node, lifted, facts));
  const magnitudes = carried(plan, magnitudesAt(plan.site.node, plan.site.affine, world), absolute);
  const statistics = statisticsOf(plan.site.node, facts);
  const standard = statistics && carried(plan, statistics.standard, asItIs);
  const most = mostMagnitudes(plan, world);
  return plan.arrivals.map((arrival, index) => ({
    ...arrival,
    before: world.edit(arrival.node)?.edit ?? NO_EDIT,
    after: plan.edits.get(arrival.node)?.edit ?? NO_EDIT,
    magnitudes: magnitudes?.[index]?.affine ?? most,
    standard: standard?.[index]?.affine,
  }));
}

/** Another affine at the ends of the plan, if it goes the same way. */
function carried(plan: Plan, other: Affine, world: Omit<World, 'edit'>): readonly Arrival[] | undefined {
  const arrivals = arrivalsOf(plan, other, world);
  if (!isList(arrivals) || arrivals.length !== plan.arrivals.length) return undefined;
  return arrivals.every(({ node }, index) => node === plan.arrivals[index]!.node) ? arrivals : undefined;
}

const isList = (found: readonly Arrival[] | Refusal): found is readonly Arrival[] => Array.isArray(found);

/** The graph with other affines in it. */
function trial(world: World, affineOf: (lifted: Lifted, node: Node) => Affine): Omit<World, 'edit'> {
  return {
    facts: world.facts,
    owns: (node) => world.owns(node),
    lifted: (node) => {
      const lifted = world.lifted(node);
      return lifted.kind === 'refuse' ? lifted : { ...lifted, affine: affineOf(lifted, node) };
    },
  };
}

/** The affine of a site need not be all of its node's. */
function magnitudesAt(node: Node, own: Affine, world: World): Affine {
  const lifted = world.lifted(node);
  const whole = lifted.kind === 'affine' ? lifted : lift(node, world.facts);
  return whole.kind === 'affine' ? magnitudesOf(node, { ...whole, affine: own }, world.facts) : own;
}

/** The largest of all channels, for paths that magnitudes cannot take. */
function mostMagnitudes({ site, vanishing }: Plan, world: World): Affine {
  let [scale, shift] = [1, 0];
  for (const node of [site.node, ...vanishing]) {
    const lifted = world.lifted(node);
    if (lifted.kind === 'refuse') continue;
    const own = magnitudesOf(node, lifted, world.facts);
    const [s, t] = [largest(own.scale), largest(own.shift)];
    [scale, shift] = [scale * s, shift * s + t];
  }
  return affine(0, [exact(scale)], [exact(shift)]);
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
