import { sizeOf } from '../../tensor.ts';
import { broadcastIndices, broadcastShape, broadcastTo } from './broadcast.ts';
import { text, type Call, type Rule } from './call.ts';
import { inRange } from './integer.ts';
import { multiply, type Matrix } from './product.ts';
import { checkWork, zeros, type NumericReal } from './real.ts';

/** Numpy `matmul`: the last two axes are matrices, the others broadcast; a vector gets an axis and loses it again. */
export function matMulOf(
  call: Call,
  a: NumericReal,
  b: NumericReal,
): { readonly shape: number[]; readonly data: Float64Array } {
  const left = a.shape.length > 1 ? a.shape : [1, ...a.shape];
  const right = b.shape.length > 1 ? b.shape : [...b.shape, 1];
  const [M, K, N] = [left.at(-2)!, left.at(-1)!, right.at(-1)!];
  if (right.at(-2) !== K) call.fault('the matrices do not fit', `${String(K)} rows`, text(b.shape));
  const batch = broadcastShape([left.slice(0, -2), right.slice(0, -2)], call.node.label);
  const [ofA, ofB] = [broadcastIndices(left.slice(0, -2), batch), broadcastIndices(right.slice(0, -2), batch)];
  const data = zeros([...batch, M, N]);
  checkWork(data.length * K);
  for (let i = 0; i < sizeOf(batch); i++) {
    const A: Matrix = { data: a.data, offset: ofA[i]! * M * K, rows: M, columns: K, rowStep: K, columnStep: 1 };
    const B: Matrix = { data: b.data, offset: ofB[i]! * K * N, rows: K, columns: N, rowStep: N, columnStep: 1 };
    multiply(A, B, { data, offset: i * M * N, rows: M, columns: N, rowStep: N });
  }
  const rows = a.shape.length > 1 ? [M] : [];
  const columns = b.shape.length > 1 ? [N] : [];
  return { shape: [...batch, ...rows, ...columns], data };
}

const matMul: Rule = (call) => {
  const [a, b] = [call.input(0), call.input(1)];
  const { shape, data } = matMulOf(call, a, b);
  return call.one(shape, inRange(call, data, a.dtype));
};

/** alpha · A' · B' + beta · C, C broadcast to `[M, N]`. */
export const gemm: Rule = (call) => {
  const [a, b, c] = [call.input(0), call.input(1), call.optional(2)];
  const { node } = call;
  const A = matrixOf(call, a, node.int('transA', 0) !== 0);
  const B = matrixOf(call, b, node.int('transB', 0) !== 0);
  if (A.columns !== B.rows) call.fault('the matrices do not fit', `${String(A.columns)} rows`, text(b.shape));
  const shape = [A.rows, B.columns];
  const data = zeros(shape);
  checkWork(data.length * A.columns);
  multiply(A, B, { data, offset: 0, rows: A.rows, columns: B.columns, rowStep: B.columns });
  const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)];
  const bias = c && (broadcastTo(c, shape) as NumericReal).data;
  for (let i = 0; i < data.length; i++) data[i] = alpha * data[i]! + (bias ? beta * bias[i]! : 0);
  return call.one(shape, inRange(call, data, a.dtype));
};

function matrixOf(call: Call, { shape, data }: NumericReal, isTransposed: boolean): Matrix {
  if (shape.length !== 2) call.fault('Gemm takes matrices', 'rank 2', text(shape));
  const [rows, columns] = shape as [number, number];
  if (!isTransposed) return { data, offset: 0, rows, columns, rowStep: columns, columnStep: 1 };
  return { data, offset: 0, rows: columns, columns: rows, rowStep: 1, columnStep: columns };
}

export const MATMUL: Readonly<Record<string, Rule>> = { MatMul: matMul, Gemm: gemm };
