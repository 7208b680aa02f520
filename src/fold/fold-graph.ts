import { cloneGraph } from '../onnx/clone.ts';
import type { Graph, Node, Value } from '../onnx/graph.ts';
import { isStandard } from '../onnx/shapes/infer.ts';
import { overridableInitializers, type OverrideOptions } from '../onnx/shapes/initializers.ts';
import { allGraphs } from '../onnx/subgraphs.ts';
import { foldAll } from './fold-all.ts';
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
  const copy = cloneGraph(graph);
  const overridable = overridableInitializers(copy, overrides);
  const { folds, kept, rewritten, removed } = foldAll(copy, isOneOf(new Set(keep)), overridable);
  const moved = folds.length + rewritten.length + removed.length;
  const unlisted = moved + overrides.freeze.length > 0 ? unlistConstants(copy, graph, overridable) : [];
  const found = batchNormalizationsOf(graph).length;
  return {
    graph: copy,
    report: {
      changed: moved + unlisted.length > 0,
      nodes: { before: nodeCount(graph), after: nodeCount(copy) },
      batchNormalizations: { found, folded: found - kept.length, kept },
      folds,
      removed,
      warnings: [...unlisted, ...rewritten.map(trapWarning), ...functionWarning(graph)],
    },
  };
}

const isOneOf =
  (names: ReadonlySet<string>) =>
  (node: Node): boolean =>
    isBatchNormalization(node) && [node.name, node.outputs[0]?.name].some((name) => name && names.has(name));

const batchNormalizationsOf = (root: Graph): Node[] =>
  [...allGraphs(root)].flatMap((graph) => graph.nodes.filter((node) => isBatchNormalization(node) && isStandard(node, graph))); // prettier-ignore

const nodeCount = (root: Graph) => [...allGraphs(root)].reduce((count, { nodes }) => count + nodes.length, 0);

/** Folded weights are constants, and IR 3 wanted every constant to be an input. */
function unlistConstants(copy: Graph, original: Graph, overridable: ReadonlySet<Value>): string[] {
  const left = copy.inputs.filter((value) => !value.constant || overridable.has(value));
  copy.inputs.splice(0, Infinity, ...left);
  const listed = new Set(copy.inputs);
  if (copy.initializers.some((value) => !listed.has(value))) copy.model.irVersion = Math.max(4, copy.model.irVersion);
  const count = original.inputs.length - copy.inputs.length;
  return count === 0 ? [] : [`${count} initializers were listed as inputs too, and are plain constants now`];
}

/** Their bodies are kept byte for byte. */
function functionWarning({ model: { functions } }: Graph): string[] {
  const names = [...functions].map((name) => name.replace(/^:/, '')).join(', ');
  return functions.size === 0 ? [] : [`functions of the model's own are left as they are: ${names}`];
}

const trapWarning = (label: string) =>
  `${label} is written as a Gemm, since onnxruntime would fold the BatchNormalization behind it into the wrong columns`;
