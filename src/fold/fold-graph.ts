import type { Graph, Node } from '../onnx/graph.ts';
import { refill } from '../onnx/node-list.ts';
import { declareOverridable, overridableInitializers, type OverrideOptions } from '../onnx/shapes/initializers.ts';
import { allGraphs } from '../onnx/subgraphs.ts';
import { withParameters } from './accuracy/parameters.ts';
import { foldCopy } from './fold-functions.ts';
import { isBatchNormalization } from './fold-site.ts';

import type { FoldReport } from './report.ts';

/** What may be folded; see {@link OverrideOptions} for initializers that are inputs too. */
export interface FoldOptions extends OverrideOptions {
  /** Names of BatchNormalizations to leave alone: node names, or names of their first outputs. */
  readonly keep?: readonly string[];
}

export const FOLD_DEFAULTS: Required<FoldOptions> = { keep: [], keepOverridable: false, freeze: [] };

/**
 * Folds every BatchNormalization, and every other multiplication or addition of one constant per channel, into the
 * weights in front of it or behind it. The folded graph computes the same function over the real numbers, for all
 * finite inputs and borders included; what cannot be folded exactly stays, with its reason in the report. Each new
 * parameter is the float nearest to the real result.
 *
 * Inputs, outputs and their order stay, except that initializers which an exporter has listed as inputs out of habit
 * are no longer listed. Every value that keeps its name holds what it held before.
 *
 * @param graph stays untouched.
 * @returns a folded copy, and what became of every BatchNormalization. Folding the copy again changes nothing.
 * @example
 * const { graph, report } = foldGraph(readOnnx(bytes));
 * report.batchNormalizations; // { found: 35, folded: 35, kept: [] }
 */
export function foldGraph(graph: Graph, options: FoldOptions = {}): { graph: Graph; report: FoldReport } {
  const { keep, ...overrides } = { ...FOLD_DEFAULTS, ...options };
  const {
    graph: copy,
    found,
    folds,
    kept,
    removed,
    rewritten,
    inlined,
    written,
    relabelled,
  } = foldCopy(graph, isOneOf(new Set(keep)), overrides);
  const moved = folds.length + rewritten.length + removed.length + inlined.length;
  const unlisted = moved + overrides.freeze.length > 0 ? unlistConstants(copy, graph, overrides) : [];
  return {
    graph: copy,
    report: {
      changed: moved + unlisted.length > 0,
      nodes: { before: nodeCount(graph), after: nodeCount(copy) },
      batchNormalizations: { found, folded: found - kept.length, kept },
      folds: withParameters(folds, written, relabelled),
      removed,
      written,
      warnings: [...unlisted, ...rewritten, ...functionWarnings(copy, inlined)],
    },
  };
}

const isOneOf =
  (names: ReadonlySet<string>) =>
  (node: Node): boolean =>
    isBatchNormalization(node) && [node.name, node.outputs[0]?.name].some((name) => name && names.has(name));

const nodeCount = (root: Graph) => [...allGraphs(root)].reduce((count, { nodes }) => count + nodes.length, 0);

/** Folded weights are constants, and IR 3 wanted every constant to be an input. */
function unlistConstants(copy: Graph, original: Graph, overrides: OverrideOptions): string[] {
  const overridable = new Set([...overridableInitializers(original, overrides)].map(({ name }) => name));
  refill(copy.inputs, copy.inputs.filter(({ constant, name }) => !constant || overridable.has(name))); // prettier-ignore
  const listed = new Set(copy.inputs);
  if (copy.initializers.some((value) => !listed.has(value))) copy.model.irVersion = Math.max(4, copy.model.irVersion);
  declareOverridable(copy);
  const count = original.inputs.length - copy.inputs.length;
  return count === 0 ? [] : [`${count} initializers were listed as inputs too, and are plain constants now`];
}

function functionWarnings({ model: { functions } }: Graph, inlined: readonly string[]): string[] {
  const list = (names: Iterable<string>) => Array.from(names, (name) => name.replace(/^:/, '')).join(', ');
  return [
    ...(inlined.length > 0 ? [`calls of functions have given way to what these consist of: ${list(inlined)}`] : []),
    ...(functions.size > 0 ? [`functions of the model's own are left as they are: ${list(functions)}`] : []),
  ];
}
