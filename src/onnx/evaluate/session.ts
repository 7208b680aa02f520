import { bug, EdgefoldError } from '../../errors.ts';
import type { Graph, Node, Value } from '../graph.ts';

import { kernelKey, KERNELS } from './kernels.ts';
import type { Context } from './call.ts';
import { toReal } from './decode.ts';
import { planFor, readsOf, type Plan } from './plan.ts';
import type { Real } from './real.ts';

export interface Limits {
  /** Numbers that may be held at once, 8 bytes each; weights are not among them. */
  readonly maxElements: number;
  /** Nodes that bodies of loops may run in all: a loop of a hostile file would not end. */
  readonly maxBodyNodes: number;
}

/** What all scopes of one evaluation share. */
export class Session {
  readonly #limits: Limits;
  readonly #plans = new Map<Graph, Plan>();
  #elements = 0;
  #bodyNodes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Bodies are planned once, however often they run. */
  bodyPlan(body: Graph): Plan {
    const known = this.#plans.get(body);
    if (known) return known;
    const plan = planFor(body, body.outputs);
    this.#plans.set(body, plan);
    return plan;
  }

  hold(elements: number, where: string): void {
    this.#elements += elements;
    const { maxElements } = this.#limits;
    if (this.#elements <= maxElements) return;
    throw limit('evaluation holds too many numbers at once', where, maxElements, this.#elements);
  }

  /** A run of a body counts as one node more, or an empty body would run for ever. */
  countBody(where: string): void {
    const { maxBodyNodes } = this.#limits;
    if (++this.#bodyNodes <= maxBodyNodes) return;
    throw limit('its bodies run too often', where, maxBodyNodes, this.#bodyNodes);
  }
}

function limit(summary: string, where: string, expected: number, received: number): EdgefoldError {
  return new EdgefoldError('LIMIT', summary, {
    where,
    expected: `at most ${String(expected)}`,
    received: String(received),
  });
}

/** The values of one graph, or of one run of a body, while they are needed. */
export class Scope {
  readonly #graph: Graph;
  readonly #session: Session;
  readonly #parent: Scope | undefined;
  readonly #values = new Map<Value, Real>();
  readonly #left: Map<Value, number>;
  readonly #kept: ReadonlySet<Value>;
  readonly #context: Context;

  constructor(graph: Graph, session: Session, { readers }: Plan, kept: readonly Value[], parent?: Scope) {
    this.#graph = graph;
    this.#session = session;
    this.#parent = parent;
    this.#left = new Map(readers);
    this.#kept = new Set(kept);
    this.#context = { opset: graph.opset, evaluateBody: (body, inputs) => this.#body(body, inputs) };
  }

  set(value: Value, real: Real): void {
    this.#session.hold(real.data.length, value.name);
    this.#values.set(value, real);
  }

  /** What a value holds: set here, a constant of the graph, or known to the graph around it. */
  read(value: Value): Real {
    return this.#find(value) ?? bug(`${value.name} is read before it is made`);
  }

  #find(value: Value): Real | undefined {
    const held = this.#values.get(value);
    if (held) return held;
    return value.constant ? toReal(value.constant.tensor(), value.name) : this.#parent?.read(value);
  }

  evaluate(node: Node): void {
    const kernel = KERNELS.get(kernelKey(node, this.#graph)) ?? bug(`${node.label} has no kernel`);
    const results = kernel(node, node.inputs.map((input) => input && this.read(input)), this.#context); // prettier-ignore
    node.outputs.forEach((output, index) => {
      if (!output) return;
      const result = results[index] ?? missing(node, index);
      if (this.#left.has(output) || this.#kept.has(output)) this.set(output, result);
    });
    for (const value of readsOf(node)) this.#release(value);
  }

  #release(value: Value): void {
    const left = (this.#left.get(value) ?? 0) - 1;
    this.#left.set(value, left);
    const held = this.#values.get(value);
    if (left > 0 || this.#kept.has(value) || !held) return;
    this.#values.delete(value);
    this.#session.hold(-held.data.length, value.name);
  }

  #body(body: Graph, inputs: readonly Real[]): readonly Real[] {
    const plan = this.#session.bodyPlan(body);
    this.#session.countBody(body.name);
    const scope = new Scope(body, this.#session, plan, body.outputs, this);
    body.inputs.forEach((value, index) => {
      const input = inputs[index];
      if (!input) throw new EdgefoldError('CORRUPT', 'a body gets too few inputs', { where: value.name });
      scope.set(value, input);
    });
    for (const node of plan.nodes) {
      this.#session.countBody(node.label);
      scope.evaluate(node);
    }
    const outputs = body.outputs.map((value) => scope.read(value));
    scope.clear();
    return outputs;
  }

  clear(): void {
    for (const { data } of this.#values.values()) this.#session.hold(-data.length, '');
    this.#values.clear();
  }
}

function missing(node: Node, index: number): never {
  throw new EdgefoldError('UNSUPPORTED', 'this output of the operator is not evaluated', {
    where: node.label,
    received: `output ${String(index)}`,
  });
}
