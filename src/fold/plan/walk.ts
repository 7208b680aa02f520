import type { Node, Value } from '../../onnx/graph.ts';
import { compose, isIdentity, isPureScale, scaleOf, type Affine } from '../algebra/affine.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import { unlessCorrupt, type Lifted } from '../lift/lift.ts';
import { absorbBehind, absorbInFront, fits, NO_EDIT } from '../algebra/linear.ts';
import { absorbConstant, fitsOperand, type NewOperand } from './operands.ts';
import type { LinearEdit, Plan, PlannedBorder, Site, World } from './plan.ts';
import { LONGEST_PATH } from './patience.ts';
import { outOfRange } from '../algebra/range.ts';
import { ruleOf } from '../rules/index.ts';
import { absorb, type Absorb, type Either, type Push, type Rule, type Step } from '../rules/rule.ts';

/** Steps that all the ways which were tried for one site may take together. */
const MOST_STEPS = 2048;

interface Demand {
  readonly value: Value;
  readonly affine: Affine;
  /** The one node that may read the value when walking back. */
  readonly reader: Node;
}

/**
 * The way of an affine through the graph, from its site to whatever takes it in. A convolution on the way forward that
 * pads lets no shift in, unless the way is for `borders`, which are then noted for it.
 */
export class Walk {
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

  /** Numbers that are computed for one step, which is what takes time. */
  #isTooFar(steps: number, { scale }: Affine): boolean {
    const longest = this.#world.patience?.spend(scale.length) ?? LONGEST_PATH;
    return steps >= longest || this.#budget.left-- <= 0;
  }

  #walk(): Plan | Refusal {
    for (let steps = 0, demand; (demand = this.#demands.pop()); steps++) {
      if (this.#isTooFar(steps, demand.affine)) return refuse(`${this.#site.node.label} is too far from any weights`);
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
    const { first, other, isTwice } = this.#world.readers(value);
    const stranger = first === reader ? other : first;
    if (stranger) return `read by ${stranger.label} too`;
    return isTwice ? `read twice by ${reader.label}` : undefined;
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
    if (!rule) return refuse(`${node.label} ${this.#rule(node)?.opaque ?? 'lets no affine through'}`);
    const step = unlessCorrupt(node, () => rule(affine, this.#world.facts));
    if (step.kind === 'refuse') return step;
    if (step.kind === 'absorb') return this.#absorb(node, step);
    if (!leadsSomewhere(step)) return refuse(`${node.label} lacks an input or an output`);
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

/** A rule speaks of the inputs and outputs that its operator must have; a damaged file may have left one out. */
function leadsSomewhere(step: Push | Either): boolean {
  const targets: readonly { readonly value: Value | undefined }[] =
    step.kind === 'push' ? step.to : step.options.flatMap(({ to }) => to);
  return targets.every(({ value }) => value !== undefined);
}
