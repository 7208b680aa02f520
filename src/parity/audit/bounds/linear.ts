import { float } from '../../../onnx/attribute.ts';
import { sizeOf } from '../../../tensor.ts';
import { Unproven, withAttributes, type BoundRule, type Operation } from './operation.ts';

/**
 * Sums of n products of inputs, in any order: with x, W and b off by at most e each,
 *
 *   |computed − exact| ≤ (1 + γₖ) · T − S      S = Σ|w||x| + |b|,  T = Σ(|w| + e)(|x| + e) + |b| + e
 *
 * where k counts every rounding on the longest way of a term: n for a product and its sums, and what the operator
 * adds to them. Holds for averages too, whose weights are 1/n.
 *
 * Source: Higham 2002, §3.1; Jeannerod and Rump 2013.
 */
function sumOf(operation: Operation, k: number, terms: number, node = operation.node): readonly [Float64Array] {
  const S = operation.magnitudes(node);
  const gamma = operation.growth(k);
  // T and S are computed in float64, whose own rounding may not be lost in their difference.
  const slack = (terms + 8) * 2 ** -52;
  const tiny = operation.tiny(terms + 1);
  const ratio = relativeGrowth(operation);
  if (ratio !== undefined) {
    const share = (1 + gamma) * ratio - 1 + slack;
    const lost = tiny + parametersLost(operation, terms);
    return [S.map((sum) => share * sum + lost)];
  }
  const T = operation.outerMagnitudes(node);
  return [T.map((sum, i) => sum - S[i]! + (gamma + slack) * sum + tiny)];
}

/** T / S where no input is off by more than a fixed share of itself. */
function relativeGrowth({ operands, kind }: Operation): number | undefined {
  let ratio = 1;
  for (const operand of operands) {
    if (!operand?.[kind]) continue;
    if (operand.relative === undefined) return undefined;
    ratio *= 1 + operand.relative;
  }
  return ratio;
}

/** What parameters that are rounded to subnormal numbers add to a sum. */
function parametersLost({ operands, kind }: Operation, terms: number): number {
  if (!operands.some((operand) => operand?.[kind])) return 0;
  let largest = 1;
  for (const operand of operands) {
    if (operand && operand.value.dtype !== 'string') {
      for (const element of operand.value.data) largest = Math.max(largest, Math.abs(element));
    }
  }
  return 2 * terms * largest * smallestOf(operands[0]?.value.dtype);
}

const smallestOf = (dtype = 'float32'): number => (dtype === 'float16' ? 2 ** -25 : dtype === 'bfloat16' ? 2 ** -134 : 2 ** -150); // prettier-ignore

/** n products, their sum, the bias, and a slope that may follow. */
const conv: BoundRule = (operation) => {
  const n = sizeOf(operation.value(1).shape.slice(1));
  return sumOf(operation, n + 2, n);
};

/** Each output is a sum over the input channels of a group and at most all taps. */
const convTranspose: BoundRule = (operation) => {
  const { shape } = operation.value(1);
  const n = (shape[0]! / operation.node.int('group', 1)) * sizeOf(shape.slice(2));
  return sumOf(operation, n + 1, n);
};

const matMul: BoundRule = (operation) => {
  const n = operation.value(0).shape.at(-1) ?? 1;
  return sumOf(operation, n, n);
};

/** alpha and beta cost a rounding each, and the bias may be there from the start. */
const gemm: BoundRule = (operation) => {
  const { node } = operation;
  const n = operation.value(0).shape[node.int('transA', 0) ? 0 : 1] ?? 1;
  const [alpha, beta] = [Math.abs(node.float('alpha', 1)), Math.abs(node.float('beta', 1))];
  const magnitudes = withAttributes(node, node.opType, { alpha: float(alpha), beta: float(beta) });
  return sumOf(operation, n + 4, n, magnitudes);
};

/** A sum of `count` numbers divided by a number, which is another rounding or two. */
const average = (operation: Operation, count: number) => sumOf(operation, count + 2, count);

const averagePool: BoundRule = (operation) => average(operation, sizeOf(operation.node.ints('kernel_shape') ?? []));
const globalAverage: BoundRule = (operation) => average(operation, sizeOf(operation.value(0).shape.slice(2)));

/** However many axes are reduced, as many numbers meet in one as there are inputs for an output. */
const reduction: BoundRule = (operation) => {
  const { data } = operation.value(0);
  return average(operation, data.length / Math.max(operation.result.length, 1));
};

const variadicSum: BoundRule = (operation) => average(operation, operation.operands.length);

/** onnxruntime's own: the product, another summand for Conv, and an activation that brings nothing further apart. */
const fused =
  (opType: 'Conv' | 'Gemm'): BoundRule =>
  (operation) => {
    const { node } = operation;
    const activation = node.string('activation', '');
    const alpha = node.attributes.get('activation_alpha') ?? node.attributes.get('activation_params');
    const slope = alpha?.kind === 'float' ? alpha.value : alpha?.kind === 'floats' ? (alpha.value[0] ?? 0) : 0;
    const contracts = ['', 'Relu', 'Clip'].includes(activation) || (activation === 'LeakyRelu' && Math.abs(slope) <= 1);
    if (!contracts) throw new Unproven(`${node.label} has no proven error bound`);
    if (operation.operands[3]) throw new Unproven(`${node.label} adds another tensor, which is not followed`);
    return LINEAR[opType]!(operation.as(opType));
  };

export const LINEAR: Readonly<Record<string, BoundRule>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MatMul: matMul,
  Gemm: gemm,
  'com.microsoft:FusedConv': fused('Conv'),
  'com.microsoft:FusedGemm': fused('Gemm'),
  AveragePool: averagePool,
  GlobalAveragePool: globalAverage,
  ReduceMean: reduction,
  ReduceSum: reduction,
  Sum: variadicSum,
  Mean: variadicSum,
};
