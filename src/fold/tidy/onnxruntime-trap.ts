import type { Node, Value } from '../../onnx/graph.ts';
import { copyFor, misfusedPools } from '../../onnx/pad-fusion.ts';
import { isStandard } from '../../onnx/shapes/infer.ts';
import { isIdentity } from '../algebra/affine.ts';
import { ZERO } from '../algebra/double-double.ts';
import { lift } from '../lift/lift.ts';
import { isStorage, roundAll } from '../algebra/rounding.ts';
import type { Workspace } from '../workspace.ts';

/**
 * onnxruntime (1.17 to 1.30, from optimisation level "basic" on) folds a BatchNormalization into a MatMul in front of
 * it across any Reshapes and Transposes, checking only that it has as many channels as the MatMul has columns: where
 * these are different axes the numbers are wrong. It does so for MatMul only, so such a MatMul is written as the Gemm
 * that it is, and the BatchNormalization stays as it was. Models older than opset 7 it does not run.
 *
 * Source: MatMulBNFusion in onnxruntime/core/optimizer/matmul_bn_fusion.cc
 *
 * @returns what was rewritten, a sentence each.
 */
export function disarmMatMuls(work: Workspace): string[] {
  if (work.facts.opset < 7) return [];
  return work.graph.nodes
    .filter((node) => isStandard(node, work.graph))
    .flatMap((node) => {
      const matMul = node.opType === 'BatchNormalization' ? trapped(node, work) : undefined;
      if (!matMul) return [];
      const [a, b] = matMul.inputs;
      work.replace(matMul, { opType: 'Gemm', inputs: work.facts.opset < 11 ? [a, b, zero(matMul, work)] : [a, b] });
      return [`${matMul.label} ${AS_GEMM}`];
    });
}

const AS_GEMM =
  'is written as a Gemm, since onnxruntime would fold the BatchNormalization behind it into the wrong columns';

/** Keeps onnxruntime from making a Pad the padding of a pool where that is not the same. */
export function keepPadsApart(work: Workspace): string[] {
  return misfusedPools(work.graph, work.facts)
    .filter((pool) => work.owns(pool))
    .map((pool) => {
      const copy = copyFor(pool, work.graph);
      work.facts.copyType(pool.inputs[0]!, copy.outputs[0]!);
      work.insertBefore(pool, copy);
      pool.setInput(0, copy.outputs[0]);
      return `${pool.label} reads a copy, since onnxruntime would make the zeros of the Pad in front of it padding`;
    });
}

function trapped(batchNormalization: Node, work: Workspace): Node | undefined {
  if (lift(batchNormalization, work.facts).kind === 'refuse') return undefined;
  const [x, scale] = batchNormalization.inputs;
  const matMul = behindShapeOperators(x?.producer, work);
  const columns = work.facts.constant(matMul?.inputs[1])?.shape;
  const rank = work.facts.rank(matMul?.outputs[0]);
  if (!matMul || rank !== 2 || columns?.length !== 2) return undefined;
  return columns[1] === work.facts.constant(scale)?.shape[0] ? matMul : undefined;
}

/** What onnxruntime skips when it looks for the MatMul. */
const SKIPPED = ['Reshape', 'Transpose'];
/** What it may take out of the graph before it looks. */
const ELIMINATED = ['Cast', 'Dropout', 'Expand', 'Identity', 'Slice'];

/** The MatMul in front of at least one Reshape or Transpose. */
function behindShapeOperators(node: Node | undefined, work: Workspace): Node | undefined {
  let [producer, skips] = [node, false];
  while (producer && isStandard(producer, work.graph) && isPassedOver(producer, work)) {
    skips ||= SKIPPED.includes(producer.opType);
    producer = producer.inputs.find((input) => input?.producer)?.producer;
  }
  return skips && producer?.opType === 'MatMul' && work.owns(producer) ? producer : undefined;
}

function isPassedOver(node: Node, work: Workspace): boolean {
  const lifted = work.lifted(node);
  if (lifted.kind === 'affine') return isIdentity(lifted.affine);
  return SKIPPED.includes(node.opType) || ELIMINATED.includes(node.opType);
}

/** Until opset 10 a Gemm had to have a bias. */
function zero(matMul: Node, work: Workspace): Value {
  const dtype = work.facts.dtype(matMul.outputs[0]);
  const data = roundAll(isStorage(dtype) ? dtype : 'float32', [ZERO]);
  return work.constant(`${matMul.label}_bias`, { dtype: isStorage(dtype) ? dtype : 'float32', shape: [1], data });
}
