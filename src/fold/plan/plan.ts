import type { Node, Value } from '../../onnx/graph.ts';
import type { Affine } from '../algebra/affine.ts';
import type { Border } from './border.ts';
import type { Facts, Refusal } from '../facts.ts';
import type { Lifted } from '../lift/lift.ts';
import { changesBias, NO_EDIT, type Edit, type Linear } from '../algebra/linear.ts';
import type { NewOperand } from './operands.ts';
import type { Storage } from '../algebra/rounding.ts';
import type { Patience } from './patience.ts';
import type { Readers } from './readers.ts';
import { ruleOf } from '../rules/index.ts';
import { Walk } from './walk.ts';

/** How an affine can leave the graph; nothing is changed by making a plan. */
export interface Plan {
  readonly kind: 'plan';
  readonly direction: 'back' | 'forward';
  readonly site: Site;
  /** Other affines that were met on the way and go along. */
  readonly vanishing: readonly Node[];
  /** Nodes that let the affine pass, nearest first. */
  readonly through: readonly Node[];
  /** Values that will hold something else than before. */
  readonly crossed: readonly Value[];
  /** What the nodes that take it in will have absorbed in all. */
  readonly edits: ReadonlyMap<Node, LinearEdit>;
  /** As what the affine reaches each of those nodes, once for every path. */
  readonly arrivals: readonly Arrival[];
  /** Constants that the nodes on the way will read instead of those they have. */
  readonly operands: readonly NewOperand[];
  /** Convolutions that take the shift in only as what it adds to each position of their output. */
  readonly borders: readonly PlannedBorder[];
  /** Whether one part of the affine goes back, and only the other in the direction given. */
  readonly isSplit?: true;
  /** The two parts then. */
  readonly parts?: readonly Plan[];
}

export interface PlannedBorder {
  readonly node: Node;
  readonly border: Border;
  /** Along axis 1, the channels. */
  readonly shift: Affine;
}

export interface Arrival {
  readonly node: Node;
  readonly linear: Linear;
  /** Along the axis of the node's own channels. */
  readonly affine: Affine;
}

export interface LinearEdit {
  readonly linear: Linear;
  readonly edit: Edit;
}

/** The affine that is to go, of a node y of one input x. */
export interface Site {
  readonly kind: 'site';
  readonly node: Node;
  readonly affine: Affine;
  readonly dtype: Storage;
  readonly input: Value;
  readonly output: Value;
  /** Affines right in front of the node that its affine includes, nearest first; the last one reads the input. */
  readonly others?: readonly Node[];
  /** What is still to be done to y, where the affine is only the first part of one. */
  readonly rest?: Affine;
}

/** What planning may ask about the graph as folded so far. */
export interface World {
  readonly facts: Facts;
  lifted(node: Node): Lifted | Refusal;
  /** Whether the node belongs to this graph, and not to one inside or around it. */
  owns(node: Node): boolean;
  edit(node: Node): LinearEdit | undefined;
  readers(value: Value): Readers;
  /** Without it, paths may be as long as any. */
  readonly patience?: Patience;
  /** Whether only the paths matter, and not what the weights would become. */
  readonly isTrial?: true;
}

/** Everything in front of the site must take the affine in: one reader on the way, an absorber at each end. */
export function planBack(site: Site, world: World): Plan | Refusal {
  return new Walk('back', site, world).run(site.input);
}

/** Everything behind the site must take the affine in, along every path. */
export function planForward(site: Site, world: World): Plan | Refusal {
  return new Walk('forward', site, world).run(site.output);
}

/**
 * As {@link planForward}, but a shift in front of a padded convolution becomes what it adds to each position of the
 * output. No edits may be waiting for the weights.
 */
export function planBorders(site: Site, world: World): Plan | Refusal {
  return new Walk('borders', site, world).run(site.output);
}

/**
 * As what another affine in the place of the site's would arrive at the end of the same paths. Scales and shifts are
 * only moved on the way, so this carries any numbers to where the site's own have gone.
 */
export function arrivalsOf(
  { direction, site, borders }: Plan,
  affine: Affine,
  world: Omit<World, 'edit'>,
): readonly Arrival[] | Refusal {
  const walk = new Walk(
    borders.length > 0 ? 'borders' : direction,
    { ...site, affine },
    { ...world, edit: () => undefined, isTrial: true },
  );
  const arrived = walk.run(direction === 'back' ? site.input : site.output);
  return arrived.kind === 'plan' ? arrived.arrivals : arrived;
}

/**
 * Nodes that a plan saves: those that vanish, less the biases that have to be added. With `isWorthIt`, what becomes
 * another operator to have a bias adds none.
 */
export function nodesSaved({ vanishing, edits }: Plan, world: World, isWorthIt: boolean): number {
  const added = [...edits].map(([node, { linear, edit }]) => {
    const hadBias = changesBias(world.edit(node)?.edit ?? NO_EDIT, linear);
    if (!changesBias(edit, linear) || hadBias) return 0;
    const { biasNodes = 0, becomesBiased } = ruleOf(node, world.facts.graph) ?? {};
    return isWorthIt && becomesBiased?.(node, linear, world.facts) ? 0 : biasNodes;
  });
  return 1 + vanishing.length - added.reduce((sum, count) => sum + count, 0);
}
