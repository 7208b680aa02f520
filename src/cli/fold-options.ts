import { EdgefoldError } from '../errors.ts';
import type { FoldOptions } from '../fold/fold-graph.ts';
import type { Graph } from '../onnx/graph.ts';
import { nearest } from '../onnx/nearest.ts';
import { allGraphs } from '../onnx/subgraphs.ts';
import type { Arguments, OptionSpecs } from './arguments.ts';
import { plural } from './quantities.ts';

/** Options of the verbs that fold. */
export const FOLD_OPTIONS = {
  explain: { help: 'tell of each fold where it went and what it does to accuracy' },
  keep: { value: 'NAME', multiple: true, help: 'leave this BatchNormalization alone (node name, or its output)' },
  'keep-overridable': {
    help: 'leave every initializer alone that is an input too, also where the file lists all of them',
  },
  freeze: { value: 'NAME', multiple: true, help: 'take this initializer for a constant although it is an input too' },
} as const satisfies OptionSpecs;

/** What the command line says about folding this graph. @throws {EdgefoldError} USAGE for names that are not in it. */
export function foldOptions(args: Arguments, graph: Graph): FoldOptions {
  const keep = args.texts('keep');
  for (const name of keep) checkName(name, graph);
  return { keep, keepOverridable: args.flag('keep-overridable'), freeze: args.texts('freeze') };
}

/** @throws {EdgefoldError} USAGE if options of folding are given together with `--no-fold`. */
export function checkNoFold(args: Arguments): void {
  const idle = Object.keys(FOLD_OPTIONS).find((option) => args.flag(option));
  if (!args.flag('no-fold') || !idle) return;
  throw new EdgefoldError('USAGE', `--${idle} has no effect with --no-fold`, { hint: 'Leave one of them out.' });
}

const MOST_NAMES_SHOWN = 5;

function checkName(name: string, graph: Graph): void {
  const nodes = [...allGraphs(graph)].flatMap(({ nodes }) => nodes.filter(({ opType }) => opType === 'BatchNormalization')); // prettier-ignore
  const names = nodes.map((node) => [node.name, node.outputs[0]?.name ?? ''].filter(Boolean));
  if (names.some((own) => own.includes(name))) return;
  const near = nearest(name, names.map(([first = '']) => first), MOST_NAMES_SHOWN); // prettier-ignore
  throw new EdgefoldError('USAGE', 'no BatchNormalization has this name', {
    where: '--keep',
    received: name,
    expected: names.length === 0 ? 'nothing: the model has none' : `one of ${near.join(', ')}`,
    hint: `"edgefold inspect" lists ${names.length === 1 ? 'its name' : `all ${plural(names.length, 'name')}`}.`,
  });
}
