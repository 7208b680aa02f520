import type { Graph } from '../../../src/onnx/graph.ts';
import { readOnnx } from '../../../src/onnx/read.ts';
import { writeOnnx } from '../../../src/onnx/write.ts';
import type { Dim } from '../../../src/tensor.ts';
import { Draft } from './draft.ts';
import { GROWERS, type Expectation, type Family } from './families.ts';
import { Tape } from './tape.ts';

/** The decisions behind one graph: some for the whole of it, and a list for each step. */
export interface Genome {
  readonly head: readonly number[];
  readonly steps: readonly (readonly number[])[];
}

/** A graph with everything that it takes to judge what folding makes of it. */
export interface Specimen {
  readonly graph: Graph;
  /** Sizes of the symbolic dimensions. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Every float value of the main graph by name; folded and unfolded must hold the same in it. */
  readonly observed: ReadonlySet<string>;
  /** Names of constants that the caller may and shall override. */
  readonly overridden: readonly string[];
  readonly exact: boolean;
  /** Names of the operators that were grown, for counting. */
  readonly grown: readonly string[];
  readonly expected?: Expectation;
}

/** Equal sizes, where a wrong axis would go unnoticed by shape, and different primes, where a wrong vector fits nowhere. */
const SHAPES: readonly (readonly number[])[] = [
  [2, 3, 5, 7], [4, 4, 4, 4], [3, 3, 3, 3], [2, 4, 4, 4], [1, 3, 4, 2], [2, 6, 5], [4, 4, 4], [3, 5, 2], [6, 6], [3, 5],
  [4, 4], [2, 3, 2, 3, 2], [2, 2, 2, 2, 2], [2, 8, 2, 3], [7], [3, 2, 4], [1, 5, 3], [2, 4, 4],
]; // prettier-ignore

const OPSETS = [17, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21];

export function grow({ head, steps }: Genome, family: Family): Specimen {
  const tape = new Tape(head);
  const draft = new Draft(tape.pick(OPSETS), !tape.flag(4));
  const shape = tape.pick(SHAPES);
  const symbolic = tape.pick(family === 'free' ? [[], [0], [0, 2], [0, 3], [1]] : [[]]);
  const declared = shape.map((dim, axis): Dim => (symbolic.includes(axis) ? `D${axis}` : dim));
  const x = draft.input('x', shape, declared);
  const { outputs, grown, expected } = GROWERS[family](draft, x, steps, tape);
  draft.graph.outputs.push(...(outputs.length > 0 ? outputs : [draft.node('Identity', [x], {}, draft.fact(x))]));
  const overridden = listInitializers(draft, tape);
  return {
    // Names of what was drawn up in vain would still be taken.
    graph: readOnnx(writeOnnx(draft.graph)),
    sizes: Object.fromEntries(shape.map((dim, axis) => [`D${axis}`, dim])),
    observed: new Set([...draft.facts.keys()].map(({ name }) => name)),
    overridden,
    exact: draft.exact,
    grown,
    ...(expected && overridden.length === 0 ? { expected } : {}),
  };
}

/** Lists all initializers as inputs, as old exporters do, or one that the caller then overrides. */
function listInitializers(draft: Draft, tape: Tape): readonly string[] {
  const { graph, weights } = draft;
  const habit = tape.next(8);
  if (habit === 6) graph.inputs.push(...graph.initializers);
  if (habit === 6 && draft.opset < 9) graph.model.irVersion = 3;
  if (habit !== 7 || graph.initializers.length < 2) return [];
  const listed = weights.filter(({ constant }) => constant).slice(0, 1 + tape.next(2));
  if (listed.length === graph.initializers.length) return [];
  graph.inputs.push(...listed);
  return listed.map(({ name }) => name);
}
