import { EdgefoldError } from '../../errors.ts';
import { BITS_PER_ELEMENT, sizeOf, type Tensor } from '../../tensor.ts';
import type { Graph, Node, Value } from '../graph.ts';
import type { Context } from './call.ts';
import { toReal } from './decode.ts';
import { inlinedFunctions } from './inlined.ts';
import { kernelKey, KERNELS } from './kernels.ts';
import { allNodes, planFor } from './plan.ts';
import type { Real } from './real.ts';
import { Scope, Session, type Limits } from './session.ts';

export interface EvaluateOptions extends Partial<Limits> {
  /** The values that are wanted, the outputs of the graph by default. Only what they need is evaluated. */
  readonly outputs?: readonly Value[];
  /** Called after each node of the main graph; of a copy with inlined functions, where the model has any. */
  readonly onNode?: (node: Node, done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** 2 GiB of float64. A loop over a thousand steps of a thousand nodes. */
const LIMITS: Limits = { maxElements: 2 ** 28, maxBodyNodes: 1_000_000 };
/** How long nodes are evaluated before other tasks of the thread get their turn. */
const TURN_MS = 50;

/**
 * The model in float64: what its outputs would be but for float64's own rounding.
 *
 * Weights and inputs of every width are taken exactly, and nothing is rounded to the width that the graph declares: a
 * Cast between floats changes nothing. Integers are exact, and refused beyond 2⁵³. Sums run in a fixed order, so that
 * the result is the same on every platform but for the last bit of `Math.exp` and its kin, which belongs to the engine.
 *
 * @param inputs by name; an initializer that is also an input may be left out.
 * @returns a tensor for each wanted value.
 * @throws {EdgefoldError} UNSUPPORTED, before any work, with every operator that cannot be evaluated; INPUT, CORRUPT,
 * LIMIT, ABORTED.
 */
export async function evaluate(
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  { outputs = graph.outputs, onNode, signal, ...limits }: EvaluateOptions = {},
): Promise<Map<Value, Real>> {
  const whole = inlinedFunctions(graph, outputs);
  const plan = planFor(whole.graph, whole.values);
  refuseUnknown(plan.nodes, whole.graph);
  const scope = new Scope(whole.graph, new Session({ ...LIMITS, ...limits }), plan, whole.values);
  const needed = new Set<Value>([...whole.values, ...plan.readers.keys()]);
  for (const [value, real] of feeds(whole.graph, inputs, needed)) scope.set(value, real);
  await evaluateNodes(plan.nodes, scope, onNode, signal);
  return new Map(outputs.map((value, index) => [value, scope.read(whole.values[index]!)]));
}

async function evaluateNodes(
  nodes: readonly Node[],
  scope: Scope,
  onNode: EvaluateOptions['onNode'],
  signal: AbortSignal | undefined,
): Promise<void> {
  let turn = performance.now();
  for (const [done, node] of nodes.entries()) {
    if (signal?.aborted) throw new EdgefoldError('ABORTED', 'the evaluation was ended', { cause: signal.reason });
    scope.evaluate(node);
    onNode?.(node, done + 1, nodes.length);
    if (performance.now() - turn < TURN_MS) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    turn = performance.now();
  }
}

/**
 * The outputs of a single node, in its order; those that an operator leaves out are `undefined`.
 * @throws {EdgefoldError} UNSUPPORTED, CORRUPT, LIMIT.
 */
export function evaluateNode(
  node: Node,
  inputs: readonly (Real | undefined)[],
  context: Context,
): readonly (Real | undefined)[] {
  const key = node.domain === '' ? node.opType : `${node.domain}:${node.opType}`;
  const kernel = KERNELS.get(key);
  if (!kernel) throw unsupported([key], node.label);
  return kernel(node, inputs, context);
}

/** The operators that the wanted values need and that cannot be evaluated, each once. */
export function operatorsWithoutKernel(graph: Graph, outputs: readonly Value[] = graph.outputs): string[] {
  const whole = inlinedFunctions(graph, outputs);
  return missingKernels(planFor(whole.graph, whole.values).nodes, whole.graph);
}

function missingKernels(nodes: readonly Node[], graph: Graph): string[] {
  const keys = new Set([...allNodes(nodes)].map((node) => kernelKey(node, graph)));
  return [...keys].filter((key) => !KERNELS.has(key)).sort();
}

function refuseUnknown(nodes: readonly Node[], graph: Graph): void {
  const missing = missingKernels(nodes, graph);
  if (missing.length > 0) throw unsupported(missing, graph.name || 'the model');
}

function unsupported(operators: readonly string[], where: string): EdgefoldError {
  return new EdgefoldError('UNSUPPORTED', 'these operators cannot be evaluated in float64', {
    where,
    received: operators.join(', '),
  });
}

function* feeds(
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  needed: ReadonlySet<Value>,
): Generator<[Value, Real]> {
  const names = graph.inputs.map(({ name }) => name);
  const stranger = Object.keys(inputs).find((name) => !names.includes(name));
  if (stranger !== undefined) refuseInput(stranger, 'the model has no such input', names.join(', '));
  for (const value of graph.inputs) {
    const tensor = Object.hasOwn(inputs, value.name) ? inputs[value.name] : undefined;
    if (tensor) {
      checkInput(value, tensor);
      if (needed.has(value)) yield [value, toReal(tensor, value.name)];
    } else if (!value.constant && needed.has(value)) refuseInput(value.name, 'the input is missing');
  }
}

function checkInput({ name, dtype, shape }: Value, tensor: Tensor): void {
  if (dtype !== undefined && tensor.dtype !== dtype) refuseInput(name, 'the dtype differs', dtype, tensor.dtype);
  const fits = !shape || (shape.length === tensor.shape.length && shape.every((dim, axis) => typeof dim === 'string' || dim === tensor.shape[axis])); // prettier-ignore
  if (!fits) refuseInput(name, 'the shape differs', `[${shape.join(', ')}]`, `[${tensor.shape.join(', ')}]`);
  const [length, size] = [tensor.data.length, sizeOf(tensor.shape)];
  const isPacked = tensor.dtype !== 'string' && BITS_PER_ELEMENT[tensor.dtype] < 8;
  if (!isPacked && length !== size) refuseInput(name, 'the data does not fill the shape', String(size), String(length));
}

function refuseInput(where: string, summary: string, expected?: string, received?: string): never {
  throw new EdgefoldError('INPUT', summary, {
    where,
    ...(expected === undefined ? {} : { expected }),
    ...(received === undefined ? {} : { received }),
  });
}
