import { toReal } from '../../onnx/evaluate/decode.ts';
import type { Real } from '../../onnx/evaluate/real.ts';
import type { Value } from '../../onnx/graph.ts';
import type { DType, Tensor } from '../../tensor.ts';
import { boundFragment, type ConstantCache } from './bounds/fragment.ts';
import { Unproven, type Bounded } from './bounds/operation.ts';
import type { Dataflow } from './dataflow.ts';
import type { Piece } from './pieces.ts';
import type { SiteCheck } from './site-check.ts';

/** What the audit graph gave for one piece on one sample. */
export interface PieceRun {
  readonly sample: number;
  /** By the name in both graphs. */
  readonly leaves: ReadonlyMap<string, Tensor>;
  readonly unfolded: ReadonlyMap<string, Tensor>;
  readonly folded: ReadonlyMap<string, Tensor>;
}

/** What all pieces share. */
export interface Surroundings {
  readonly a: Dataflow;
  readonly b: Dataflow;
  readonly isRounded: (value: Value) => boolean;
  readonly constants: ConstantCache;
}

/**
 * Works out over the reals what both sides of a piece compute from the leaves, with bounds, and holds the runs
 * against it.
 * @throws {Unproven} if there is no bound for an operator.
 */
export function checkPiece(
  { outputs, reference, candidate }: Piece,
  run: PieceRun,
  { a, b, isRounded, constants }: Surroundings,
  check: SiteCheck,
): void {
  const leaves = [...run.leaves].map(([name, tensor]) => [name, toReal(tensor, name)] as const);
  const leavesIn = ({ values }: Dataflow) =>
    new Map(leaves.flatMap(([name, real]): [Value, Real][] => (values.has(name) ? [[values.get(name)!, real]] : [])));
  const exact = boundFragment({
    graph: a.graph,
    nodes: reference,
    leaves: leavesIn(a),
    isRounded: () => false,
    constants,
  });
  const refolded = boundFragment({ graph: b.graph, nodes: candidate, leaves: leavesIn(b), isRounded, constants });
  for (const name of outputs) {
    const [first, second] = [exact.get(a.values.get(name)!)!, refolded.get(b.values.get(name)!)!];
    const [y, z] = [run.unfolded.get(name)!, run.folded.get(name)!];
    if (z.shape.join() !== y.shape.join() || z.dtype !== y.dtype) {
      check.addMisfit(y.data.length);
      continue;
    }
    requireOneShape(name, [y.shape, first.value.shape, second.value.shape]);
    check.add({
      name,
      sample: run.sample,
      shape: y.shape,
      unfolded: numbers(toReal(y, name), name),
      folded: numbers(toReal(z, name), name),
      exact: numbers(first.value, name),
      refolded: numbers(second.value, name),
      ...boundsOf(first, second),
      largest: LARGEST[y.dtype] ?? Infinity,
    });
  }
}

const boundsOf = (first: Bounded, second: Bounded) => ({
  unfoldedBound: first.error,
  foldedBound: second.error,
  drift: second.drift,
});

const LARGEST: Partial<Record<DType, number>> = {
  float32: (2 - 2 ** -23) * 2 ** 127,
  float16: 65504,
  bfloat16: (2 - 2 ** -7) * 2 ** 127,
};

function numbers(real: Real, name: string): Float64Array {
  if (real.dtype === 'string') throw new Unproven(`${name} holds strings`);
  return real.data;
}

function requireOneShape(name: string, [first, ...others]: readonly (readonly number[])[]): void {
  const odd = others.find((shape) => shape.join() !== first!.join());
  if (odd) throw new Unproven(`${name} is [${first!.join(', ')}] in one run and [${odd.join(', ')}] in another`);
}
