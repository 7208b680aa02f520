import type { Attribute } from '../../onnx/attribute.ts';
import type { Node, Value } from '../../onnx/graph.ts';
import type { Tensor } from '../../tensor.ts';
import type { Affine } from '../algebra/affine.ts';
import type { Facts, Refusal } from '../facts.ts';
import type { Border } from '../plan/border.ts';
import type { Linear } from '../algebra/linear.ts';
import type { NewOperand } from '../plan/operands.ts';

/** The affine moves on, unchanged in effect: each of these values must come to hold its affine of what it holds. */
export interface Push {
  readonly kind: 'push';
  readonly to: readonly Target[];
  /** What some constants of the node itself have to become for that. */
  readonly operands?: readonly Omit<NewOperand, 'node'>[];
}

export interface Target {
  readonly value: Value;
  readonly affine: Affine;
}

/** The node's weights take the affine in. */
export interface Absorb {
  readonly kind: 'absorb';
  readonly linear: Linear;
  readonly affine: Affine;
}

/** Any one of these ways will do; the first that leads to weights is taken. For the way back only. */
export interface Either {
  readonly kind: 'either';
  readonly options: readonly Push[];
}

export type Step = Push | Absorb | Either | Refusal;

/** How affines pass one operator, or end in it. A direction that is left out is refused. */
export interface Rule {
  readonly opType: string;
  /** ai.onnx unless said. */
  readonly domain?: 'com.microsoft';
  /** An affine of the first output, or of any if it `hasParts`: what does that ask of the inputs? */
  readonly back?: (node: Node, affine: Affine, facts: Facts, output: number) => Step;
  /** An affine of input `index`: what does that ask of the output? */
  readonly forward?: (node: Node, index: number, affine: Affine, facts: Facts) => Step;
  /** What a shift of input 0 adds to the output where the zeros around the input stay as they are. */
  readonly border?: (node: Node, facts: Facts) => Border | Refusal;
  /** What the operator does that lets no affine pass in either direction: a clause behind the node's label. */
  readonly opaque?: string;
  /** For nodes with weights: writes new ones in. */
  readonly write?: (node: Node, parameters: NewParameters, graph: GraphEditor) => void;
  /** Whether the node may read a value that is about to change, since only its size matters. */
  readonly ignoresElements?: true;
  /** Whether each output can have an affine of its own. */
  readonly hasParts?: true;
  /** Which input holds the bias; 2 unless said. */
  readonly biasInput?: number;
  /** How many nodes it takes to give the node a first bias. */
  readonly biasNodes?: number;
  /** Whether the node instead becomes another operator, with a bias; to bring arithmetic there for its own sake only moves it. */
  readonly becomesBiased?: (node: Node, linear: Linear, facts: Facts) => boolean;
}

/** What is left out stays as it is. */
export interface NewParameters {
  readonly linear: Linear;
  readonly weight: Value | undefined;
  readonly bias: Value | undefined;
}

/** The changes that a rule may make when it writes its node. */
export interface GraphEditor {
  readonly opset: number;
  readonly facts: Facts;
  rank(value: Value | undefined): number | undefined;
  /** A node of the same name and outputs, but of another operator or with other inputs or attributes. */
  replace(node: Node, change: Partial<Pick<Node, 'opType' | 'inputs' | 'attributes'>>): Node;
  insertBefore(node: Node, made: Node): void;
  /** A new value of the same type, named after another. */
  fresh(value: Value): Value;
  /** An initializer under a fresh name. */
  constant(name: string, tensor: Tensor): Value;
  /** Takes out a node of this graph whose outputs nobody reads any more. */
  dropIfUnread(node: Node): void;
  /** A node behind `node` that takes over the name of its output. */
  append(node: Node, opType: string, constant: Value, attributes?: Readonly<Record<string, Attribute>>): void;
}

/** For nodes whose inputs 0, 1 and 2 are x, the weights and the bias. */
export const writeInPlace: NonNullable<Rule['write']> = (node, { weight, bias }, graph) => {
  const [x, W, b] = node.inputs;
  graph.replace(node, { inputs: [x, weight ?? W, bias ?? b] });
};

export const push = (...to: readonly Target[]): Push => ({ kind: 'push', to });
export const absorb = (linear: Linear, affine: Affine): Absorb => ({ kind: 'absorb', linear, affine });

/** The options, or the only one. */
export const either = (options: readonly Push[]): Step =>
  options.length === 1 ? options[0]! : { kind: 'either', options };
