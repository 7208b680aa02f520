import { cloneGraph } from '../onnx/clone.ts';
import type { Graph, Node, Value } from '../onnx/graph.ts';
import { inferTypes, isStandard } from '../onnx/shapes/infer.ts';
import { overridableInitializers, type OverrideOptions } from '../onnx/shapes/initializers.ts';
import { allGraphs } from '../onnx/subgraphs.ts';
import { Constants } from './constants.ts';
import { Facts } from './facts.ts';
import { isBatchNormalization } from './fold-site.ts';
import { foldWithin, type Result } from './fold-within.ts';
import type { FoldReport } from './report.ts';
import { dropUnused } from './unused.ts';
import { Workspace } from './workspace.ts';

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
  const results = foldAll(copy, new Set(keep), overridable);
  const folds = results.flatMap((result) => result.folds);
  const rewritten = results.flatMap((result) => result.rewritten);
  const isFrozen = overrides.freeze.length > 0;
  const unlisted = folds.length + rewritten.length > 0 || isFrozen ? unlistConstants(copy, graph, overridable) : [];
  const changed = folds.length + rewritten.length + unlisted.length > 0;
  const warnings = [...unlisted, ...rewritten.map(trapWarning), ...functionWarning(graph)];
  const found = batchNormalizationsOf(graph).length;
  const kept = results.flatMap((result) => result.kept);
  return {
    graph: copy,
    report: {
      changed,
      nodes: { before: nodeCount(graph), after: nodeCount(copy) },
      batchNormalizations: { found, folded: found - kept.length, kept },
      folds,
      warnings,
    },
  };
}

/** Folds a main graph and each of its subgraphs within themselves. */
function foldAll(root: Graph, keep: ReadonlySet<string>, overridable: ReadonlySet<Value>): Result[] {
  const types = inferTypes(root, overridable);
  const constants = new Constants(root, types, overridable);
  const works = Array.from(
    allGraphs(root),
    (graph) => new Workspace(new Facts(graph, types, constants), (node) => isKept(node, keep)),
  );
  const results = works.map(foldWithin);
  dropUnused(root, works.flatMap(({ released }) => [...released]), constants); // prettier-ignore
  return results;
}

const isKept = (node: Node, keep: ReadonlySet<string>) =>
  isBatchNormalization(node) && [node.name, node.outputs[0]?.name].some((name) => name && keep.has(name));

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
