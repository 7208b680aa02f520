import { describe, expect, test } from 'vitest';
import { writeOnnx } from '../../../src/onnx/write.ts';
import { checkGraph } from '../../../src/onnx/check.ts';
import { load } from '../../../src/runtime/node.ts';
import type { Tensor } from '../../../src/tensor.ts';
import { sizeOf } from '../../../src/tensor.ts';
import { TOLERANCE } from '../run-export.ts';
import { attr, GraphBuilder, seeded, type Attributes } from './graph-builder.ts';

/** One input: float32 of this shape, unless it says otherwise. −1 is an open batch, run at 1 and 7. */
interface Given {
  readonly shape: readonly number[];
  readonly dtype?: 'float32' | 'int32' | 'bool';
  /** From a number of −1 to 1 to an element. */
  readonly as?: (value: number) => number;
}

type Build = (graph: GraphBuilder, inputs: readonly string[]) => string | readonly string[];
type Case = readonly [name: string, inputs: readonly Given[], build: Build];

const image: Given = { shape: [-1, 7, 5, 6] };
const positive = (value: number) => Math.abs(value) + 0.1;

/** A node over all inputs. */
const op =
  (name: string, attributes: Attributes = {}, ...constants: ((graph: GraphBuilder) => string)[]): Build =>
  (graph, inputs) =>
    graph.node(name, [...inputs, ...constants.map((make) => make(graph))], attributes);

const weight =
  (...shape: number[]) =>
  (graph: GraphBuilder) =>
    graph.constant(shape, seeded(sizeOf(shape), shape.length + sizeOf(shape)));
const integers = (values: readonly number[] | number) => (graph: GraphBuilder) => graph.integers(values);
const scalar = (value: number) => (graph: GraphBuilder) => graph.constant([], [value]);

/** A 1 × 1 convolution in front, so that what follows is given channels first. */
const afterConvolution =
  (build: Build): Build =>
  (graph, [x, ...rest]) => {
    const y = op('Conv2D', window(1), weight(1, 1, 6, 6))(graph, [x!]) as string;
    return build(graph, [y, ...rest]);
  };

const window = (stride: number, padding = 'SAME', dilation = 1, more: Attributes = {}): Attributes => ({
  strides: attr.ints(1, stride, stride, 1),
  dilations: attr.ints(1, dilation, dilation, 1),
  padding: attr.s(padding),
  data_format: attr.s('NHWC'),
  ...more,
});
const fused = (...names: string[]): Attributes => ({
  fused_ops: attr.strings(...names),
  num_args: attr.i(names.includes('Prelu') ? 2 : 1),
});

const explicit = { explicit_paddings: attr.ints(0, 0, 1, 2, 3, 0, 0, 0) };

const CONVOLUTIONS: readonly Case[] = [
  ...(['SAME', 'VALID'] as const).flatMap((padding) => [1, 2, 3].map((stride): Case =>
    [`Conv2D ${padding}, stride ${stride}`, [image], op('Conv2D', window(stride, padding), weight(3, 2, 6, 4))])),
  ['Conv2D dilated', [image], op('Conv2D', window(1, 'SAME', 2), weight(3, 3, 6, 4))],
  ['Conv2D with explicit padding', [image], op('Conv2D', window(2, 'EXPLICIT', 1, explicit), weight(3, 2, 6, 4))],
  ...['Relu', 'Relu6', 'Elu', 'Sigmoid', 'LeakyRelu'].map((name): Case =>
    [`_FusedConv2D with a bias and ${name}`, [image], op('_FusedConv2D', window(2, 'SAME', 1, { ...fused('BiasAdd', name), leakyrelu_alpha: attr.f(0.3) }), weight(3, 3, 6, 4), weight(4))]),
  ['_FusedConv2D with a bias and Prelu', [image], op('_FusedConv2D', window(1, 'SAME', 1, fused('BiasAdd', 'Prelu')), weight(3, 3, 6, 4), weight(4), weight(1, 1, 4))],
  ['_FusedConv2D with a bias only', [image], op('_FusedConv2D', window(1, 'VALID', 1, fused('BiasAdd')), weight(3, 3, 6, 4), weight(4))],
  ...['SAME', 'VALID'].flatMap((padding) => [1, 2].map((stride): Case =>
    [`DepthwiseConv2dNative ${padding}, stride ${stride}, two filters a channel`, [image], op('DepthwiseConv2dNative', window(stride, padding), weight(3, 3, 6, 2))])),
  ['DepthwiseConv2dNative dilated', [image], op('DepthwiseConv2dNative', window(1, 'SAME', 2), weight(3, 3, 6, 1))],
  ['FusedDepthwiseConv2dNative with a bias and Relu6', [image], op('FusedDepthwiseConv2dNative', window(2, 'SAME', 1, fused('BiasAdd', 'Relu6')), weight(3, 3, 6, 1), weight(6))],
  ['FusedDepthwiseConv2dNative with a bias and Prelu', [image], op('FusedDepthwiseConv2dNative', window(1, 'SAME', 1, fused('BiasAdd', 'Prelu')), weight(3, 3, 6, 1), weight(6), weight(1, 1, 6))],
  ['Conv2DBackpropInput SAME', [{ shape: [7, 7, 5, 6] }], (graph, [x]) => graph.node('Conv2DBackpropInput', [graph.integers([7, 14, 10, 4]), weight(3, 3, 4, 6)(graph), x!], window(2))],
  ['Conv2DBackpropInput SAME to an odd size', [{ shape: [2, 7, 5, 6] }], (graph, [x]) => graph.node('Conv2DBackpropInput', [graph.integers([2, 13, 9, 4]), weight(4, 4, 4, 6)(graph), x!], window(2))],
  ['Conv2DBackpropInput VALID', [{ shape: [2, 7, 5, 6] }], (graph, [x]) => graph.node('Conv2DBackpropInput', [graph.integers([2, 15, 11, 4]), weight(3, 3, 4, 6)(graph), x!], window(2, 'VALID'))],
  ['Conv3D', [{ shape: [2, 4, 5, 3, 2] }], op('Conv3D', { strides: attr.ints(1, 1, 2, 1, 1), dilations: attr.ints(1, 1, 1, 1, 1), padding: attr.s('SAME'), data_format: attr.s('NDHWC') }, weight(2, 3, 2, 2, 3))],
  ...['MaxPool', 'AvgPool'].flatMap((name) => ['SAME', 'VALID'].map((padding): Case =>
    [`${name} ${padding}`, [image], op(name, { ...window(2, padding), ksize: attr.ints(1, 3, 2, 1) })])),
  ['FusedBatchNormV3', [image], (graph, [x]) => graph.node('FusedBatchNormV3', [x!, weight(6)(graph), weight(6)(graph), weight(6)(graph), graph.constant([6], seeded(6).map(positive))], { epsilon: attr.f(0.01), is_training: attr.b(false), data_format: attr.s('NHWC') })],
  ['LRN', [image], op('LRN', { depth_radius: attr.i(2), bias: attr.f(1.5), alpha: attr.f(0.4), beta: attr.f(0.7) })],
]; // prettier-ignore

const matrix: Given = { shape: [-1, 8] };
const MATRICES: readonly Case[] = [
  ['MatMul', [matrix], op('MatMul', {}, weight(8, 5))],
  ['MatMul of transposed matrices', [{ shape: [8, 3] }], op('MatMul', { transpose_a: attr.b(true), transpose_b: attr.b(true) }, weight(5, 8))],
  ['MatMul of two inputs', [{ shape: [4, 8] }, { shape: [5, 8] }], op('MatMul', { transpose_b: attr.b(true) })],
  ...['Relu', 'Relu6', 'Elu', 'Sigmoid'].map((name): Case =>
    [`_FusedMatMul with a bias and ${name}`, [matrix], op('_FusedMatMul', fused('BiasAdd', name), weight(8, 5), weight(5))]),
  ['_FusedMatMul with a bias and Prelu', [matrix], op('_FusedMatMul', fused('BiasAdd', 'Prelu'), weight(8, 5), weight(5), weight(5))],
  ['_FusedMatMul by a transposed matrix', [matrix], op('_FusedMatMul', { ...fused('BiasAdd'), transpose_b: attr.b(true) }, weight(5, 8), weight(5))],
  ['BatchMatMulV2', [{ shape: [-1, 3, 4, 8] }, { shape: [-1, 3, 8, 5] }], op('BatchMatMulV2')],
  ['BatchMatMulV2, both turned', [{ shape: [-1, 3, 8, 4] }, { shape: [-1, 3, 5, 8] }], op('BatchMatMulV2', { adj_x: attr.b(true), adj_y: attr.b(true) })],
  ['BatchMatMulV2 by a constant', [{ shape: [2, 4, 8] }], op('BatchMatMulV2', { adj_y: attr.b(true) }, weight(2, 5, 8))],
  ['Einsum', [{ shape: [2, 4, 8] }, { shape: [2, 5, 8] }], op('Einsum', { equation: attr.s('bic,bjc->bij') })],
  ['MatMul behind a flattened image', [image], afterConvolution((graph, [x]) => {
    const flat = graph.node('Reshape', [x!, graph.integers([-1, 210])]);
    return op('_FusedMatMul', fused('BiasAdd', 'Relu'), weight(210, 5), weight(5))(graph, [flat]);
  })],
  ['a sum with a constant and a product behind a flattened image', [image], afterConvolution((graph, [x]) => {
    const flat = graph.node('Reshape', [x!, graph.integers([-1, 210])]);
    const sum = op('AddV2', {}, weight(210))(graph, [flat]) as string;
    return op('MatMul', { transpose_b: attr.b(true) }, weight(5, 210))(graph, [sum]);
  })],
]; // prettier-ignore

const unaries = {
  any: ['Abs', 'Atan', 'Ceil', 'Cos', 'Cosh', 'Elu', 'Erf', 'Exp', 'Expm1', 'Floor', 'Neg', 'Relu', 'Relu6', 'Round', 'Selu', 'Sigmoid', 'Sign', 'Sin', 'Sinh', 'Softplus', 'Square', 'Tan', 'Tanh', 'Asinh', 'Softmax', 'LogSoftmax', 'IsNan', 'IsInf', 'IsFinite', 'Identity', 'StopGradient'],
  small: ['Acos', 'Asin', 'Atanh'],
  positive: ['Log', 'Log1p', 'Sqrt', 'Rsqrt', 'Reciprocal'],
}; // prettier-ignore
const wide = (value: number) => 8 * value;

const UNARIES: readonly Case[] = [
  ...unaries.any.map((name): Case => [name, [{ ...image, as: wide }], afterConvolution(op(name))]),
  ...unaries.small.map((name): Case => [name, [{ ...matrix, as: (value) => 0.9 * value }], op(name)]),
  ...unaries.positive.map((name): Case => [name, [{ ...matrix, as: positive }], op(name)]),
  ['Acosh', [{ ...matrix, as: (value) => 1.1 + Math.abs(value) }], op('Acosh')],
  ['LeakyRelu', [matrix], op('LeakyRelu', { alpha: attr.f(0.35) })],
  ['ClipByValue', [matrix], op('ClipByValue', {}, scalar(-0.3), scalar(0.4))],
  ['LogicalNot', [{ ...matrix, dtype: 'bool', as: (value) => Number(value > 0) }], op('LogicalNot')],
  ['Cast to int32', [{ ...matrix, as: wide }], op('Cast', { DstT: attr.type('DT_INT32'), SrcT: attr.type('DT_FLOAT') })],
  ['Cast of int32', [{ ...matrix, dtype: 'int32', as: wide }], op('Cast', { DstT: attr.type('DT_FLOAT'), SrcT: attr.type('DT_INT32') })],
  ['Cast of bool', [{ ...matrix, dtype: 'bool', as: (value) => Number(value > 0) }], op('Cast', { DstT: attr.type('DT_FLOAT'), SrcT: attr.type('DT_BOOL') })],
  ['Abs of int32', [{ ...matrix, dtype: 'int32', as: wide }], op('Abs')],
]; // prettier-ignore

const floats = ['Add', 'AddV2', 'Sub', 'Mul', 'RealDiv', 'DivNoNan', 'FloorMod', 'Maximum', 'Minimum', 'SquaredDifference', 'Equal', 'NotEqual', 'Greater', 'GreaterEqual', 'Less', 'LessEqual']; // prettier-ignore
const nonZero = (value: number) => Math.round(6 * value) || 7;
const bools: Given = { ...matrix, dtype: 'bool', as: (value) => Number(value > 0) };

const BINARIES: readonly Case[] = [
  ...floats.map((name): Case => [name, [{ shape: [-1, 3, 8], as: wide }, { shape: [3, 1], as: wide }], op(name)]),
  ...['Add', 'Sub', 'Mul', 'FloorDiv', 'FloorMod', 'Maximum', 'Minimum', 'Equal', 'Less'].map((name): Case =>
    [`${name} of int32`, [{ shape: [4, 8], dtype: 'int32', as: wide }, { shape: [8], dtype: 'int32', as: nonZero }], op(name)]),
  ['Pow', [{ ...matrix, as: positive }, matrix], op('Pow')],
  ['DivNoNan by 0', [matrix, { shape: [8], as: (value) => Math.round(value) }], op('DivNoNan')],
  ['AddN', [matrix, matrix, matrix], op('AddN')],
  ['LogicalAnd', [bools, bools], op('LogicalAnd')],
  ['LogicalOr', [bools, bools], op('LogicalOr')],
  ['SelectV2', [bools, matrix, matrix], op('SelectV2')],
  ['Prelu on images', [image], afterConvolution(op('Prelu', {}, weight(1, 1, 6)))],
  ['Prelu with an alpha for every element', [image], afterConvolution(op('Prelu', {}, weight(7, 5, 6)))],
  ['BiasAdd on images', [image], afterConvolution(op('BiasAdd', {}, weight(6)))],
  ['Mul of images by a constant of rank 3', [image], afterConvolution(op('Mul', {}, weight(1, 5, 6)))],
  ['Mul of images by their means', [image], afterConvolution((graph, [x]) => graph.node('Mul', [x!, graph.node('Mean', [x!, graph.integers([1, 2])], { keep_dims: attr.b(true) })]))],
  ['AddV2 of images and a vector that is computed', [image, { shape: [6] }], afterConvolution((graph, [x, y]) => graph.node('AddV2', [x!, graph.node('Neg', [y!])]))],
]; // prettier-ignore

const reductions = ['Mean', 'Sum', 'Max', 'Min', 'Prod'];
const truths: Given = { ...bools, shape: [4, 3, 2], as: (value) => Number(value > -0.6) };
const REDUCTIONS: readonly Case[] = [
  ...reductions.flatMap((name) => [false, true].flatMap((keep) => [[1, 2], [-1], [1], [1, 2, 3]].map((axes): Case =>
    [`${name} of images along ${axes.join(', ')}${keep ? ', kept' : ''}`, [image], afterConvolution(op(name, { keep_dims: attr.b(keep) }, integers(axes)))]))),
  ['EuclideanNorm', [image], afterConvolution(op('EuclideanNorm', { keep_dims: attr.b(true) }, integers([1, 2])))],
  ['Sum along the samples', [{ shape: [3, 7, 5, 6] }], afterConvolution(op('Sum', {}, integers([0, 1])))],
  ['Max along no axis', [matrix], op('Max', {}, integers([]))],
  ['All', [truths], op('All', { keep_dims: attr.b(false) }, integers([1]))],
  ['Any', [truths], op('Any', { keep_dims: attr.b(true) }, integers([0, 2]))],
  ...['ArgMax', 'ArgMin'].flatMap((name) => [1, 3].map((axis): Case =>
    [`${name} along ${axis}`, [image], afterConvolution(op(name, {}, integers(axis)))])),
  ['TopKV2', [matrix], (graph, [x]) => [0, 1].map((i) => { const node = i === 0 ? graph.node('TopKV2', [x!, graph.integers(3)], { sorted: attr.b(true) }, 'top') : 'top'; return i === 0 ? node : 'top:1'; })],
  ...[false, true].flatMap((exclusive) => [false, true].map((reverse): Case =>
    [`Cumsum${exclusive ? ' exclusive' : ''}${reverse ? ' reverse' : ''}`, [{ shape: [-1, 5, 3] }], op('Cumsum', { exclusive: attr.b(exclusive), reverse: attr.b(reverse) }, integers(1))])),
]; // prettier-ignore

const slice = (begin: number[], end: number[], strides: number[], masks: Readonly<Record<string, number>> = {}): Build =>
  op('StridedSlice', Object.fromEntries(Object.entries(masks).map(([name, mask]) => [`${name}_mask`, attr.i(mask)])), integers(begin), integers(end), integers(strides)); // prettier-ignore

const SHAPES: readonly Case[] = [
  ['Reshape to a known shape', [{ shape: [-1, 4, 6] }], op('Reshape', {}, integers([-1, 3, 8]))],
  ['Reshape of images to boxes', [image], afterConvolution(op('Reshape', {}, integers([-1, 70, 3])))],
  ['Reshape by the shape of the input', [image], afterConvolution((graph, [x]) => {
    const batch = slice([0], [1], [1], { shrink_axis: 1 })(graph, [graph.node('Shape', [x!])]) as string;
    const shape = graph.node('Pack', [batch, graph.integers(35), graph.integers(6)], { axis: attr.i(0) });
    return graph.node('Reshape', [x!, shape]);
  })],
  ['Reshape to rank 2 by computed sizes', [image], afterConvolution((graph, [x]) => {
    const sizes = graph.node('Shape', [x!]);
    const rest = graph.node('Prod', [slice([1], [4], [1])(graph, [sizes]) as string, graph.integers([0])], { keep_dims: attr.b(true) });
    const first = slice([0], [1], [1])(graph, [sizes]) as string;
    return graph.node('Reshape', [x!, graph.node('ConcatV2', [first, rest, graph.integers(0)])]);
  })],
  ['Shape as an output', [image], afterConvolution(op('Shape'))],
  ['Size and Rank', [image], (graph, [x]) => [graph.node('Size', [x!]), graph.node('Rank', [x!])]],
  ['Squeeze of all', [{ shape: [3, 1, 4, 1] }], op('Squeeze')],
  ['Squeeze of one axis', [image], afterConvolution((graph, [x]) => graph.node('Squeeze', [graph.node('Mean', [x!, graph.integers([1])], { keep_dims: attr.b(true) })], { squeeze_dims: attr.ints(1) }))],
  ...[0, 1, 2, -1].map((axis): Case => [`ExpandDims at ${axis}`, [image], afterConvolution(op('ExpandDims', {}, integers(axis)))]),
  ...[[0, 3, 1, 2], [0, 2, 1, 3], [3, 1, 0, 2]].map((perm): Case => [`Transpose ${perm.join(' ')}`, [image], afterConvolution(op('Transpose', {}, integers(perm)))]),
  ['Transposes to NCHW and back', [image], (graph, [x]) => {
    const first = graph.node('Transpose', [x!, graph.integers([0, 3, 1, 2])]);
    const back = graph.node('Transpose', [graph.node('Relu', [first]), graph.integers([0, 2, 3, 1])]);
    return op('Conv2D', window(1), weight(1, 1, 6, 6))(graph, [back]);
  }],
  ...[1, 2, -1].map((axis): Case => [`ConcatV2 along ${axis}`, [image, image], afterConvolution(op('ConcatV2', {}, integers(axis)))]),
  ['ConcatV2 with a constant', [{ shape: [2, 3] }], op('ConcatV2', {}, weight(2, 4), integers(1))],
  ['Concat, axis first', [matrix, matrix], (graph, inputs) => graph.node('Concat', [graph.integers(1), ...inputs])],
  ...[0, 1, -1].map((axis): Case => [`Pack along ${axis}`, [{ shape: [2, 3, 4] }, { shape: [2, 3, 4] }], op('Pack', { axis: attr.i(axis), N: attr.i(2) })]),
  ['Unpack along the channels', [image], afterConvolution((graph, [x]) => { graph.node('Unpack', [x!], { axis: attr.i(3), num: attr.i(6) }, 'parts'); return ['parts', 'parts:4']; })],
  ['Split into equal parts', [image], afterConvolution((graph, [x]) => { graph.node('Split', [graph.integers(3), x!], { num_split: attr.i(3) }, 'parts'); return ['parts', 'parts:2']; })],
  ['SplitV', [image], afterConvolution((graph, [x]) => { graph.node('SplitV', [x!, graph.integers([1, 4, 2]), graph.integers(1)], { num_split: attr.i(3) }, 'parts'); return ['parts', 'parts:1']; })],
  ['Slice', [image], afterConvolution(op('Slice', {}, integers([0, 1, 2, 1]), integers([-1, 4, -1, 3])))],
  ['StridedSlice with steps', [image], afterConvolution(slice([0, 1, 0, 0], [0, 6, 0, 0], [1, 2, 1, 1], { begin: 13, end: 13 }))],
  ['StridedSlice from the end', [image], afterConvolution(slice([0, -3, 0, -2], [0, -1, 0, 0], [1, 1, 1, 1], { begin: 5, end: 13 }))],
  ['StridedSlice backwards', [{ shape: [3, 7] }], slice([0, 5], [0, 1], [1, -2], { begin: 1, end: 1 })],
  ['StridedSlice of one channel', [image], afterConvolution(slice([0, 0, 0, 2], [0, 0, 0, 3], [1, 1, 1, 1], { begin: 7, end: 7, shrink_axis: 8 }))],
  ['StridedSlice of the last row', [image], afterConvolution(slice([0, -1], [0, 0], [1, 1], { begin: 1, end: 1, shrink_axis: 2 }))],
  ['StridedSlice of one point', [image], afterConvolution(slice([0, 1, 2], [0, 2, 3], [1, 1, 1], { begin: 1, end: 1, shrink_axis: 6 }))],
  ['StridedSlice with an ellipsis', [image], afterConvolution(slice([0, 1], [0, 4], [1, 1], { ellipsis: 1 }))],
  ['StridedSlice with an ellipsis and one channel', [image], afterConvolution(slice([0, 1], [0, 2], [1, 1], { ellipsis: 1, shrink_axis: 2 }))],
  ['StridedSlice with a new axis', [{ shape: [3, 4] }], slice([0, 0, 1], [0, 0, 3], [1, 1, 1], { begin: 1, end: 1, new_axis: 2 })],
  ['ReverseV2', [image], afterConvolution(op('ReverseV2', {}, integers([1, 3])))],
  ['Tile', [image], afterConvolution(op('Tile', {}, integers([1, 2, 1, 3])))],
  ['Tile by a computed number', [{ shape: [-1, 4] }, { shape: [1, 4] }], (graph, [x, y]) => {
    const batch = slice([0], [1], [1], { shrink_axis: 1 })(graph, [graph.node('Shape', [x!])]) as string;
    return graph.node('Tile', [y!, graph.node('Pack', [batch, graph.integers(1)], { axis: attr.i(0) })]);
  }],
  ['BroadcastTo', [{ shape: [1, 4] }], op('BroadcastTo', {}, integers([3, 2, 4]))],
  ['Fill', [{ shape: [-1, 4] }], (graph, [x]) => graph.node('AddV2', [x!, graph.node('Fill', [graph.node('Shape', [x!]), graph.constant([], [0.25])])])],
  ['ZerosLike and OnesLike', [matrix], (graph, [x]) => [graph.node('ZerosLike', [x!]), graph.node('OnesLike', [x!])]],
  ['Range', [{ shape: [3] }], (graph, [x]) => graph.node('Mul', [x!, graph.node('Cast', [graph.node('Range', [graph.integers(2), graph.integers(8), graph.integers(2)])], { DstT: attr.type('DT_FLOAT') })])],
  ['GatherV2 along the channels', [image], afterConvolution(op('GatherV2', {}, integers([3, 0, 0, 5]), integers(3)))],
  ['GatherV2 of one row', [image], afterConvolution(op('GatherV2', {}, integers(2), integers(1)))],
  ['GatherV2 as an embedding', [{ shape: [-1, 3], dtype: 'int32', as: (value) => Math.floor(4 + 3 * value) }], (graph, [x]) => graph.node('GatherV2', [weight(9, 4)(graph), x!, graph.integers(0)])],
  ['Gather', [{ shape: [6, 3] }], op('Gather', {}, integers([4, 1]))],
  ['GatherNd', [{ shape: [4, 5, 3] }], (graph, [x]) => graph.node('GatherNd', [x!, graph.constant([2, 2], [1, 4, 3, 0], 'int32')])],
  ...[-1].map((axis): Case => [`OneHot at ${axis}`, [{ shape: [-1, 3], dtype: 'int32', as: (value) => Math.floor(3 + 3.5 * value) }], op('OneHot', { axis: attr.i(axis), T: attr.type('DT_FLOAT') }, integers(5), scalar(2), scalar(-1))]),
  ['Pad', [image], afterConvolution(op('Pad', {}, (graph) => graph.constant([4, 2], [0, 0, 1, 2, 3, 0, 1, 1], 'int32')))],
  ['PadV2', [image], afterConvolution(op('PadV2', {}, (graph) => graph.constant([4, 2], [0, 0, 1, 2, 3, 0, 0, 0], 'int32'), scalar(0.75)))],
  ['MirrorPad REFLECT', [image], afterConvolution(op('MirrorPad', { mode: attr.s('REFLECT') }, (graph) => graph.constant([4, 2], [0, 0, 1, 2, 3, 0, 0, 0], 'int32')))],
  ['MirrorPad SYMMETRIC by one', [image], afterConvolution(op('MirrorPad', { mode: attr.s('SYMMETRIC') }, (graph) => graph.constant([4, 2], [0, 0, 1, 1, 1, 0, 0, 0], 'int32')))],
  ...['ResizeBilinear', 'ResizeNearestNeighbor'].flatMap((name) => [[14, 15], [4, 9], [7, 5], [13, 3]].flatMap((size) => ['align_corners', 'half_pixel_centers', 'neither'].map((how): Case =>
    [`${name} to ${size.join(' × ')}, ${how}`, [image], afterConvolution(op(name, { align_corners: attr.b(how === 'align_corners'), half_pixel_centers: attr.b(how === 'half_pixel_centers') }, integers(size)))]))),
  ['DepthToSpace', [{ shape: [-1, 3, 5, 12] }], op('DepthToSpace', { block_size: attr.i(2), data_format: attr.s('NHWC') })],
  ['SpaceToBatchND, a convolution and BatchToSpaceND', [{ shape: [-1, 7, 5, 6] }], (graph, [x]) => {
    const block = graph.integers([2, 2]);
    const split = graph.node('SpaceToBatchND', [x!, block, graph.constant([2, 2], [2, 3, 2, 3], 'int32')]);
    const y = op('Conv2D', window(1, 'VALID'), weight(3, 3, 6, 4))(graph, [split]) as string;
    return graph.node('BatchToSpaceND', [y, block, graph.constant([2, 2], [0, 1, 0, 1], 'int32')]);
  }],
  ['SpaceToBatchND and BatchToSpaceND', [{ shape: [-1, 7, 5, 6] }], (graph, [x]) => {
    const block = graph.integers([2, 3]);
    const split = graph.node('SpaceToBatchND', [x!, block, graph.constant([2, 2], [0, 1, 1, 0], 'int32')]);
    return graph.node('BatchToSpaceND', [graph.node('Relu', [split]), block, graph.constant([2, 2], [1, 0, 0, 2], 'int32')]);
  }],
  ['a convolution over time', [{ shape: [-1, 9, 6] }], (graph, [x]) => {
    const raised = graph.node('ExpandDims', [x!, graph.integers(1)]);
    const y = op('Conv2D', window(1, 'VALID'), weight(1, 3, 6, 4))(graph, [raised]) as string;
    return graph.node('BiasAdd', [graph.node('Squeeze', [y], { squeeze_dims: attr.ints(1) }), weight(4)(graph)]);
  }],
]; // prettier-ignore

const GROUPS = { CONVOLUTIONS, MATRICES, UNARIES, BINARIES, REDUCTIONS, SHAPES };

for (const [group, cases] of Object.entries(GROUPS)) {
  describe(group.toLowerCase(), () => {
    test.each(cases)('%s gives what TF.js gives', async (_, inputs, build) => {
      const graph = new GraphBuilder();
      const names = inputs.map(({ shape, dtype }, i) => graph.placeholder(`x${i}`, shape, dtype));
      graph.outputs.push(...[build(graph, names)].flat());
      const isOpen = inputs.some(({ shape }) => shape[0] === -1);
      const exported = await graph.export();
      checkGraph(exported.graph);
      await using model = await load(writeOnnx(exported.graph), { optimization: 'disabled' });
      for (const batch of isOpen ? [1, 7] : [1]) {
        const given = Object.fromEntries(inputs.map((input, i) => [`x${i}`, sample(input, batch, i + 1)]));
        const [expected, actual] = [await graph.original(given), await model.run(given)];
        for (const name of graph.outputs) compare(actual[name.replace(/:0$/, '')]!, expected[name]!);
      }
    });
  });
}

function sample({ shape, dtype = 'float32', as = (value) => value }: Given, batch: number, seed: number): Tensor {
  const sizes = shape.map((size) => (size === -1 ? batch : size));
  const values = seeded(sizeOf(sizes), seed).map(as);
  if (dtype === 'int32') return { dtype, shape: sizes, data: Int32Array.from(values) };
  if (dtype === 'bool') return { dtype, shape: sizes, data: Uint8Array.from(values) };
  return { dtype, shape: sizes, data: Float32Array.from(values) };
}

function compare(actual: Tensor, expected: Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.dtype).toBe(expected.dtype);
  const [got, want] = [actual.data, expected.data].map((data) => Array.from(data as ArrayLike<number>));
  const worst = want!.map((value, i) => Math.abs(value - got![i]!) / Math.max(1, Math.abs(value)));
  expect(Math.max(0, ...worst.map((error) => (Number.isNaN(error) ? Infinity : error)))).toBeLessThanOrEqual(TOLERANCE);
}
