import type { Node, Value } from '../onnx/graph.ts';
import { compose, isIdentity, isPureScale, scaleOf, type Affine } from './affine.ts';
import type { Border } from './border.ts';
import { refuse, type Facts, type Refusal } from './facts.ts';
import { unlessCorrupt, type Lifted } from './lift.ts';
import { absorbBehind, absorbInFront, changesBias, fits, NO_EDIT, type Edit, type Linear } from './linear.ts';
import { absorbConstant, fitsOperand, type NewOperand } from './operands.ts';
import { outOfRange } from './range.ts';
import { ruleOf } from './rules/index.ts';
import { absorb, type Absorb, type Push, type Rule, type Step } from './rules/rule.ts';
import type { Storage } from './rounding.ts';

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
}

/** What planning may ask about the graph as folded so far. */
export interface World {
  readonly facts: Facts;
  lifted(node: Node): Lifted | Refusal;
  /** Whether the node belongs to this graph, and not to one inside or around it. */
  owns(node: Node): boolean;
  edit(node: Node): LinearEdit | undefined;
  /** Whether only the paths matter, and not what the weights would become. */
  readonly isTrial?: true;
}

/** Farther than this nothing is looked for; no network has so many nodes without weights in a row. */
const LONGEST_PATH = 256;
/** Steps that all the ways which were tried for one site may take together. */
const MOST_STEPS = 2048;

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
  const walk = new Walk(borders.length > 0 ? 'borders' : direction, { ...site, affine }, { ...world, edit: () => undefined, isTrial: true });
  const arrived = walk.run(direction === 'back' ? site.input : site.output);
  return arrived.kind === 'plan' ? arrived.arrivals : arrived;
}

interface Demand {
  readonly value: Value;
  readonly affine: Affine;
  /** The one node that may read the value when walking back. */
  readonly reader: Node;
}

class Walk {
  readonly #direction: 'back' | 'forward' | 'borders';
  readonly #site: Site;
  readonly #world: World;
  /** Steps left to this walk and to all that it forks. */
  readonly #budget: { left: number };
  readonly #demands: Demand[] = [];
  readonly #vanishing: Node[] = [];
  readonly #through: Node[] = [];
  readonly #crossed: Value[] = [];
  readonly #absorbs: (Absorb & { readonly node: Node })[] = [];
  readonly #operands: NewOperand[] = [];
  readonly #borders: PlannedBorder[] = [];

  constructor(direction: 'back' | 'forward' | 'borders', site: Site, world: World, budget = { left: MOST_STEPS }) {
    this.#direction = direction;
    this.#site = site;
    this.#world = world;
    this.#budget = budget;
  }

  run(start: Value): Plan | Refusal {
    const { affine, node, others = [] } = this.#site;
    this.#vanishing.push(...others);
    this.#demands.push({ value: start, affine, reader: others.at(-1) ?? node });
    return this.#walk();
  }

  #walk(): Plan | Refusal {
    for (let steps = 0, demand; (demand = this.#demands.pop()); steps++) {
      if (steps === LONGEST_PATH || this.#budget.left-- <= 0)
        return refuse(`${this.#site.node.label} is too far from any weights`);
      const end = this.#direction === 'back' ? this.#goBack(demand) : this.#goForward(demand);
      if (end) return end;
    }
    return this.#plan();
  }

  /** The first way that leads to weights everywhere, or why the last one does not. */
  #tryEach(node: Node, options: readonly Push[]): Plan | Refusal {
    let last: Plan | Refusal = refuse(`${node.label} has no inputs`);
    for (const option of options) {
      const fork = new Walk(this.#direction, this.#site, this.#world, this.#budget);
      fork.#demands.push(...this.#demands);
      fork.#vanishing.push(...this.#vanishing);
      fork.#through.push(...this.#through);
      fork.#crossed.push(...this.#crossed);
      fork.#absorbs.push(...this.#absorbs);
      fork.#operands.push(...this.#operands);
      fork.#pass(node, option);
      last = fork.#walk();
      if (last.kind === 'plan') return last;
    }
    return last;
  }

  #goBack({ value, affine, reader }: Demand): Plan | Refusal | undefined {
    const { producer } = value;
    const isOurs = producer && this.#world.owns(producer) && !this.#world.facts.graph.isOutput(value);
    if (isOurs && isIdentity(affine)) return undefined;
    const constant = this.#world.facts.constant(value);
    if (constant) return this.#absorbOperand(absorbConstant(reader, value, constant, affine));
    if (!producer) return refuse(`${value.name} is ${value.constant ? 'a constant' : 'an input'}`);
    if (!this.#world.owns(producer)) return refuse(`${producer.label} is outside of this subgraph`);
    const output = producer.outputs.indexOf(value);
    if (output > 0 && !this.#rule(producer)?.hasParts)
      return refuse(`${value.name} is a further output of ${producer.label}`);
    const shared = this.#sharedWith(value, reader);
    if (shared) return refuse(`${producer.label} is ${shared}`);
    this.#crossed.push(value);
    const lifted = this.#world.lifted(producer);
    if (lifted.kind === 'refuse') {
      const back = this.#rule(producer)?.back;
      return this.#apply(producer, affine, back && ((a, facts) => back(producer, a, facts, output)));
    }
    return this.#takeAlong(producer, lifted, compose(lifted.affine, affine), producer.inputs[lifted.input]!);
  }

  #sharedWith(value: Value, reader: Node): string | undefined {
    if (this.#world.facts.graph.isOutput(value)) return 'an output of the graph';
    const readers = [...value.uses].map(({ node }) => node).filter((node) => !this.#rule(node)?.ignoresElements);
    const other = readers.find((node) => node !== reader);
    if (other) return `read by ${other.label} too`;
    return readers.length > 1 ? `read twice by ${reader.label}` : undefined;
  }

  #goForward({ value, affine }: Demand): Plan | Refusal | undefined {
    if (this.#world.facts.graph.isOutput(value)) return refuse(`${value.name} is an output of the graph`);
    if (value.uses.size === 0) return refuse(`nothing reads ${value.name}`);
    if (isIdentity(affine)) return undefined;
    if (value !== this.#site.output) this.#crossed.push(value);
    for (const { node, index } of value.uses) {
      const refusal = this.#enter(node, index, affine);
      if (refusal) return refusal;
    }
    return undefined;
  }

  #enter(node: Node, index: number, affine: Affine): Plan | Refusal | undefined {
    if (!this.#world.owns(node)) return refuse(`${node.label} reads it from inside a subgraph`);
    const lifted = this.#world.lifted(node);
    if (lifted.kind === 'affine' && lifted.input === index) {
      return this.#takeAlong(node, lifted, compose(affine, lifted.affine), node.outputs[0]!);
    }
    const rule = this.#rule(node);
    const forward = rule?.forward;
    const end = this.#apply(node, affine, forward && ((a, facts) => forward(node, index, a, facts)));
    if (end?.kind !== 'refuse' || this.#direction !== 'borders' || !rule?.border || index !== 0) return end;
    return this.#takeBorder(node, affine, rule.border);
  }

  #takeBorder(node: Node, affine: Affine, rule: NonNullable<Rule['border']>): Refusal | undefined {
    const border = unlessCorrupt(node, () => rule(node, this.#world.facts));
    if (border.kind === 'refuse') return border;
    if (!fits(affine, 1, border.linear.inputs)) return refuse(`${node.label} sums over axis 1`);
    this.#borders.push({ node, border, shift: affine });
    return this.#absorb(node, absorb(border.linear, scaleOf(affine)));
  }

  #rule(node: Node): Rule | undefined {
    return ruleOf(node, this.#world.facts.graph);
  }

  #takeAlong(node: Node, { dtype }: Lifted, composed: Affine | undefined, value: Value): Refusal | undefined {
    if (!composed) return refuse(`${node.label} acts along another axis`);
    if (dtype !== this.#site.dtype) return refuse(`${node.label} is ${dtype}`);
    if (this.#vanishing.includes(node)) return refuse(`${node.label} is met on two paths`);
    this.#vanishing.push(node);
    this.#demands.push({ value, affine: composed, reader: node });
    return undefined;
  }

  #apply(
    node: Node,
    affine: Affine,
    rule: ((affine: Affine, facts: Facts) => Step) | undefined,
  ): Plan | Refusal | undefined {
    if (!rule) return refuse(`${node.label} lets no affine through`);
    const step = unlessCorrupt(node, () => rule(affine, this.#world.facts));
    if (step.kind === 'refuse') return step;
    if (step.kind === 'absorb') return this.#absorb(node, step);
    if (step.kind === 'either') return this.#tryEach(node, step.options);
    this.#pass(node, step);
    return undefined;
  }

  #pass(node: Node, { to, operands = [] }: Push): void {
    this.#through.push(node);
    this.#operands.push(...operands.map((operand) => ({ ...operand, node })));
    const asked = to.filter((target) => !isIdentity(target.affine));
    this.#demands.push(...asked.map((target) => ({ ...target, reader: node })));
  }

  #absorbOperand(operand: NewOperand | Refusal): Refusal | undefined {
    if (operand.kind === 'refuse') return operand;
    this.#operands.push(operand);
    return undefined;
  }

  #absorb(node: Node, step: Absorb): Refusal | undefined {
    const { weight, bias } = step.linear;
    const odd = [weight, bias].find((numbers) => numbers && numbers.dtype !== this.#site.dtype);
    if (odd)
      return refuse(`${node.label} has ${odd.dtype} parameters, and ${this.#site.node.label} is ${this.#site.dtype}`);
    this.#absorbs.push({ ...step, node });
    return undefined;
  }

  /** How large what the site makes, and so the absorbers will make, is expected to become. */
  #expected(): number {
    const lifted = this.#direction === 'back' && this.#world.lifted(this.#site.node);
    if (!lifted || lifted.kind === 'refuse' || !lifted.expected) return 0;
    // Where the shift stays behind, what is made is as much larger.
    const left = isPureScale(this.#site.affine) ? lifted.affine.shift : [];
    return left.reduce((most, { hi }) => Math.max(most, Math.abs(hi)), 0) + lifted.expected;
  }

  #plan(): Plan | Refusal {
    const edits = new Map<Node, LinearEdit>();
    for (const { node, linear, affine } of this.#world.isTrial ? [] : this.#absorbs) {
      const { edit } = edits.get(node) ?? this.#world.edit(node) ?? { edit: NO_EDIT };
      const next = this.#direction === 'back' ? absorbBehind(edit, affine) : absorbInFront(edit, affine, linear);
      const bad = outOfRange(linear, next, this.#site.dtype, this.#expected());
      if (bad) return refuse(`${node.label} would get ${bad}`);
      edits.set(node, { linear, edit: next });
    }
    const odd = this.#operands.find((operand) => !fitsOperand(operand, this.#site.dtype));
    if (odd) return refuse(`${odd.node.label} has a constant of another dtype, or one that would not be finite`);
    return {
      kind: 'plan',
      direction: this.#direction === 'back' ? 'back' : 'forward',
      site: this.#site,
      vanishing: this.#vanishing,
      through: this.#through,
      crossed: this.#crossed,
      edits,
      arrivals: this.#absorbs,
      operands: this.#operands,
      borders: this.#borders,
    };
  }
}

/** Nodes that a plan saves: those that vanish, less the biases that have to be added. */
export function nodesSaved({ vanishing, edits }: Plan, world: World): number {
  const added = [...edits].map(([node, { linear, edit }]) => {
    const hadBias = changesBias(world.edit(node)?.edit ?? NO_EDIT, linear);
    return changesBias(edit, linear) && !hadBias ? (ruleOf(node, world.facts.graph)?.biasNodes ?? 0) : 0;
  });
  return 1 + vanishing.length - added.reduce((sum, count) => sum + count, 0);
}
