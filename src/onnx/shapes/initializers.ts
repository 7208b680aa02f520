import { EdgefoldError } from '../../errors.ts';
import type { Tensor } from '../../tensor.ts';
import type { Graph, Node, Value } from '../graph.ts';
import { nearest } from '../nearest.ts';
import { allGraphs } from '../subgraphs.ts';

/** Whether a file that lists initializers as inputs means it, or had to (IR 3), or does so for all out of habit. */
export type ListedInitializers = 'none' | 'required' | 'habit' | 'overridable';

/**
 * Until IR 3 every initializer had to be a graph input too. Since IR 4 being listed means that the caller may
 * override it; but exporters that list all of them do so out of habit, and nobody feeds a convolution its weights.
 */
function listedInitializers(graph: Graph): ListedInitializers {
  const inputs = new Set(graph.inputs);
  const listed = graph.initializers.filter((value) => inputs.has(value)).length;
  if (listed === 0) return 'none';
  if (graph.model.metadata.get(MEANT) === 'overridable') return 'overridable';
  if (graph.model.irVersion < 4) return 'required';
  return listed === graph.initializers.length ? 'habit' : 'overridable';
}

/** The entry of `metadata_props` which says that the list is meant, where it would look like a habit. */
const MEANT = 'edgefold.initializers';

/**
 * Sees to it that {@link overridableInitializers} finds the listed initializers of a changed graph to be overridable:
 * where the others have gone, those that are left would look like an exporter's habit.
 */
export function declareOverridable(graph: Graph): void {
  const listed = listedInitializers(graph);
  if (listed === 'habit' || listed === 'required') graph.model.metadata.set(MEANT, 'overridable');
}

/** What the caller says about initializers that are inputs too. */
export interface OverrideOptions {
  /** Takes the list at its word: whatever is listed may be overridden, were it everything. */
  readonly keepOverridable?: boolean;
  /** Names of listed initializers that are constants all the same. */
  readonly freeze?: readonly string[];
}

/**
 * The initializers whose content the caller may replace, so that nothing may be concluded from it. An input of a
 * body that has an initializer too gets its content from the node that runs the body.
 * @throws {EdgefoldError} USAGE if a name to freeze is not that of a listed initializer.
 */
export function overridableInitializers(graph: Graph, options: OverrideOptions = {}): ReadonlySet<Value> {
  const { keepOverridable = false, freeze = [] } = options;
  const listed = graph.inputs.filter(({ constant }) => constant);
  const frozen = new Set(freeze);
  checkNames(frozen, listed);
  const mayChange = keepOverridable || listedInitializers(graph) === 'overridable';
  const own = mayChange ? listed.filter(({ name }) => !frozen.has(name)) : [];
  const [, ...bodies] = allGraphs(graph);
  return new Set([...own, ...bodies.flatMap(({ inputs }) => inputs.filter(({ constant }) => constant))]);
}

function checkNames(frozen: ReadonlySet<string>, listed: readonly Value[]): void {
  const names = listed.map(({ name }) => name);
  const known = new Set(names);
  for (const name of frozen) if (!known.has(name)) unknownName(name, names);
}

const MOST_NAMES_SHOWN = 5;

function unknownName(name: string, listed: readonly string[]): never {
  const near = nearest(name, listed, MOST_NAMES_SHOWN);
  const more = listed.length > near.length ? `, … (${listed.length} in all)` : '';
  throw new EdgefoldError('USAGE', 'only an initializer that is an input too can be frozen', {
    expected:
      listed.length === 0 ? 'none: this model lists no initializer as an input' : `one of ${near.join(', ')}${more}`,
    received: name,
  });
}

/** The content of an initializer, or of the output of a `Constant` node; undefined where it cannot be read. */
export function storedTensor(value: Value): Tensor | undefined {
  try {
    return value.constant?.tensor() ?? (value.producer && constantNodeTensor(value.producer));
  } catch (error) {
    if (error instanceof EdgefoldError) return undefined;
    throw error;
  }
}

/** ONNX `Constant`: one attribute holds the content. Source: https://onnx.ai/onnx/operators/onnx__Constant.html */
function constantNodeTensor(node: Node): Tensor | undefined {
  if (node.opType !== 'Constant' || node.domain !== '') return undefined;
  const [attribute] = ['value', 'value_float', 'value_floats', 'value_int', 'value_ints'].flatMap(
    (name) => node.attributes.get(name) ?? [],
  );
  switch (attribute?.kind) {
    case 'tensor':
      return attribute.value.tensor();
    case 'float':
      return { dtype: 'float32', shape: [], data: Float32Array.of(attribute.value) };
    case 'floats':
      return { dtype: 'float32', shape: [attribute.value.length], data: Float32Array.from(attribute.value) };
    case 'int':
      return { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(attribute.value)) };
    case 'ints':
      return { dtype: 'int64', shape: [attribute.value.length], data: BigInt64Array.from(attribute.value, BigInt) };
    default:
      return undefined;
  }
}
