import { cloneGraph } from '../onnx/clone.ts';
import { Functions, type Expansion } from '../onnx/functions.ts';
import type { Graph, Node } from '../onnx/graph.ts';
import { overridableInitializers, type OverrideOptions } from '../onnx/shapes/initializers.ts';
import { batchNormalizationsIn } from './batch-normalizations.ts';
import { foldAll, type Outcome } from './fold-all.ts';
import type { KeptNode } from './report.ts';

/** A folded copy of a model, and how it came about. */
export interface Folded extends Outcome {
  readonly graph: Graph;
  readonly found: number;
  /** Functions whose calls have given way to what they consist of. */
  readonly inlined: readonly string[];
}

interface Attempt extends Folded {
  readonly touched: ReadonlySet<string>;
}

/**
 * Folds a copy of a model. What its own functions consist of takes the place of their calls where that lets something
 * fold; to find out, a first attempt does so for all of them. The other functions stay as they are, and what is left
 * in them is counted as found by that first attempt.
 * @throws {EdgefoldError} USAGE for a name to freeze that there is not; CORRUPT if a function calls itself.
 */
export function foldCopy(graph: Graph, isKept: (node: Node) => boolean, overrides: OverrideOptions): Folded {
  const functions = new Functions(graph.model);
  const attempt = (isWanted: (key: string) => boolean) => attemptWith(graph, functions, isWanted, isKept, overrides);
  const whole = attempt(() => true);
  if (whole.inlined.every((key) => whole.touched.has(key))) return whole;
  const part = attempt((key) => whole.touched.has(key));
  if (part.folds.length < whole.folds.length) return whole;
  return { ...part, found: whole.found, kept: whole.kept };
}

function attemptWith(
  graph: Graph,
  functions: Functions,
  isWanted: (key: string) => boolean,
  isKept: (node: Node) => boolean,
  overrides: OverrideOptions,
): Attempt {
  const copy = cloneGraph(graph);
  const overridable = overridableInitializers(copy, overrides);
  const expansion = functions.isEmpty ? undefined : functions.expand(copy, isWanted);
  const inside = expansion ? keptInFunctions(copy, functions, expansion) : [];
  const found = batchNormalizationsIn(copy).length + inside.length;
  const outcome = foldAll(copy, isKept, overridable);
  const touched = new Set(expansion ? touchedBy(outcome, expansion) : []);
  const inlined = expansion ? dropInlined(copy, functions, expansion) : [];
  return { ...outcome, kept: [...outcome.kept, ...inside], graph: copy, found, inlined, touched };
}

/** The functions from which nodes come that a fold has taken out, passed or written, or that were dead weight. */
function* touchedBy({ folds, removed }: Outcome, { origins }: Expansion): Generator<string> {
  const dead = removed.filter(({ opType }) => opType === 'BatchNormalization').map(({ name }) => name);
  const labels = folds.flatMap(({ name, through, into }) => [name, ...[...through, ...into].map(withoutOperator)]);
  for (const name of [...dead, ...labels]) yield* origins.get(name) ?? [];
}

const withoutOperator = (label: string): string => label.replace(/ \([^()]*\)$/, '');

/** BatchNormalizations of functions whose calls had to stay, once for each function. */
function keptInFunctions(copy: Graph, functions: Functions, { left, limit }: Expansion): KeptNode[] {
  const list: KeptNode[] = [];
  for (const [key, callee] of functions.reachable(copy)) {
    if (typeof callee === 'string') continue;
    const reason = `function ${key} is called as it is: ${left.get(key) ?? limit ?? 'so is one that calls it'}`;
    for (const node of batchNormalizationsIn(callee.body)) list.push({ name: `${key}/${node.name || node.outputs[0]!.name}`, reason }); // prettier-ignore
  }
  return list;
}

/** Functions that nobody calls any more go with their calls. */
function dropInlined(copy: Graph, functions: Functions, { origins }: Expansion): string[] {
  const inlined = new Set([...origins.values()].flat());
  const called = functions.reachable(copy);
  const gone = [...inlined].filter((key) => !called.has(key));
  copy.model.functions = new Set([...copy.model.functions].filter((name) => !gone.includes(name.replace(/^ai\.onnx:/, ':')))); // prettier-ignore
  return [...inlined];
}
