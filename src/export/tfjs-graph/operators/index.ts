import type { OperatorLowering } from '../lowering.ts';
import { binary, select } from './binary.ts';
import { convolution, depthwiseConvolution } from './convolution.ts';
import { einsum, gather, gatherNd, oneHot } from './gather.ts';
import { fill, like, range, shapeOf, sizeAndRank } from './make.ts';
import { batchMatMul, matMul } from './mat-mul.ts';
import { concat, pack, splitting, tile, transpose, unpack } from './move.ts';
import { batchNormalization, localResponse } from './normalize.ts';
import { pad } from './pad.ts';
import { pooling } from './pooling.ts';
import { argument, cumulativeSum, reduce, topK } from './reduce.ts';
import { expandDims, reshape, squeeze } from './reshape.ts';
import { resize } from './resize.ts';
import { reverse, slicing, stridedSlice } from './slice.ts';
import { batchToSpace, depthToSpace, spaceToBatch } from './space.ts';
import { transposedConvolution } from './transposed-convolution.ts';
import { cast, identity, unary } from './unary.ts';

/** Every operator of TensorFlow graphs that is exported. */
export const OPERATOR_LOWERINGS: readonly OperatorLowering[] = [
  argument,
  batchMatMul,
  batchNormalization,
  batchToSpace,
  binary,
  cast,
  concat,
  convolution,
  cumulativeSum,
  depthToSpace,
  depthwiseConvolution,
  einsum,
  expandDims,
  fill,
  gather,
  gatherNd,
  identity,
  like,
  localResponse,
  matMul,
  oneHot,
  pack,
  pad,
  pooling,
  range,
  reduce,
  reshape,
  resize,
  reverse,
  select,
  shapeOf,
  sizeAndRank,
  slicing,
  spaceToBatch,
  splitting,
  squeeze,
  stridedSlice,
  tile,
  topK,
  transpose,
  transposedConvolution,
  unary,
  unpack,
];
