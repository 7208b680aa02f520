import { Graph, type Value } from '../../../src/onnx/graph.ts';
import { float, int, ints, string, type Attribute } from '../../../src/onnx/attribute.ts';
import { float32, int64 } from '../../../src/tensor.ts';
import type { Case } from './against-onnxruntime.ts';
import { bytes, floats, reals, scalar, strings, tensor, texts, truths, whole } from './tensors.ts';

export type Row = readonly [says: string, given: Omit<Case, 'attributes'> & { attributes?: Record<string, Attribute> }];

/** The state and two slices of two numbers: their sum; and as pieces the sum of the slices and the first of them twice. */
function addingBody(): Graph {
  const body = new Graph('body');
  const [state, a, b] = ['state', 'a', 'b'].map((name) => body.input(name, { dtype: 'float32', shape: [2] })) as [Value, Value, Value]; // prettier-ignore
  const both = body.node('Add', { inputs: [a, b], output: { name: 'both', dtype: 'float32' } });
  const next = body.node('Sub', { inputs: [both, state], output: { name: 'next', dtype: 'float32' } });
  const twice = body.node('Add', { inputs: [a, state], output: { name: 'twice', dtype: 'float32' } });
  body.outputs.push(next, both, twice);
  return body;
}

/** Nodes with options that no conformance case reaches, which onnxruntime runs. */
export const OPTIONS: readonly Row[] = [
  ...['Relu', 'Tanh', 'Sigmoid', 'Affine', 'LeakyRelu', 'ThresholdedRelu', 'ScaledTanh', 'HardSigmoid', 'Elu', 'Softsign', 'Softplus'].flatMap((name): Row[] => {
    const inputs = [reals([3, 2, 3], 1, 2), reals([1, 4, 3], 2), reals([1, 4, 4], 3)];
    const attributes = { hidden_size: int(4), activations: strings(name) };
    return [
      [`an RNN with ${name} and its own parameters`, { opType: 'RNN', inputs, attributes: { ...attributes, activation_alpha: floats(0.3), activation_beta: floats(0.7) } }],
    ];
  }),
  ['a GRU whose functions take alphas and betas in turn', {
    opType: 'GRU',
    inputs: [reals([2, 2, 3], 1, 2), reals([2, 12, 3], 2), reals([2, 12, 4], 3)],
    attributes: { hidden_size: int(4), direction: string('bidirectional'), activations: strings('HardSigmoid', 'ScaledTanh', 'LeakyRelu', 'Affine'), activation_alpha: floats(0.3, 0.9, 0.2, 0.7), activation_beta: floats(0.6, 0.8, 0.1) },
  }],
  ['a Cast of texts to floats', { opType: 'Cast', inputs: [texts('1.5', '-inf', 'inf', '+INF', ' -2e3', 'NaN')], attributes: { to: int(1) } }],
  ['a Cast of texts to integers', { opType: 'Cast', inputs: [texts('7', '-12')], attributes: { to: int(7) } }],
  ['a Cast of integers to texts', { opType: 'Cast', inputs: [int64([7, -12])], attributes: { to: int(8) } }],
  ['a Cast of integers to fewer bits, which wraps', { opType: 'Cast', inputs: [int64([300, -129, 65_535])], attributes: { to: int(3) } }],
  ['NonMaxSuppression of centred boxes', {
    opType: 'NonMaxSuppression',
    inputs: [float32([1, 4, 4], [0.5, 0.4, 1, 0.6, 0.5, 0.45, 1, 0.6, 0.5, 10.5, 1, 2, 0.2, 10.4, 3, 1]), float32([1, 1, 4], [0.9, 0.75, 0.6, 0.95]), int64([3]), float32([1], [0.5]), float32([1], [0])],
    attributes: { center_point_box: int(1) },
  }],
  ['RoiAlign of regions beyond the edges', {
    opType: 'RoiAlign', opset: 16,
    inputs: [reals([2, 2, 5, 7]), float32([4, 4], [-3, -3, 4, 3, 3, 2, 9, 8, -2, 3, 9, 4, 1, -4, 2, 9]), int64([0, 1, 1, 0])],
    attributes: { output_height: int(3), output_width: int(4), sampling_ratio: int(2), spatial_scale: float(1) },
  }],
  ['RoiAlign of an old opset, without half pixels', {
    opType: 'RoiAlign', opset: 10,
    inputs: [reals([1, 2, 5, 7]), float32([2, 4], [1, 1, 4, 3, 0.5, 0.2, 6, 4]), int64([0, 0])],
    attributes: { output_height: int(2), output_width: int(3), sampling_ratio: int(1) },
  }],
  ['Dropout of an old opset', { opType: 'Dropout', opset: 7, inputs: [reals([2, 3])], attributes: { ratio: float(0.4) } }],
  ['Dropout with its mask', { opType: 'Dropout', opset: 13, inputs: [reals([2, 3]), scalar(0.4)], outputs: 2 }],
  ...(['Elu', 'Selu', 'HardSigmoid', 'ThresholdedRelu', 'LeakyRelu', 'Shrink', 'Celu'] as const).map((opType): Row => [`${opType} with its defaults`, { opType, inputs: [reals([3, 5], 4, 3)] }]),
  ['a Sigmoid far from zero', { opType: 'Sigmoid', inputs: [float32([4], [-90, -1000, 1000, 0])] }],
  ['a Constant text', { opType: 'Constant', inputs: [], attributes: { value_string: string('one') } }],
  ['Constant texts', { opType: 'Constant', inputs: [], attributes: { value_strings: strings('one', 'two') } }],
  ['a Constant integer', { opType: 'Constant', inputs: [], attributes: { value_int: int(-3) } }],
  ['Constant integers', { opType: 'Constant', inputs: [], attributes: { value_ints: ints([4, -3]) } }],
  ['a Constant float', { opType: 'Constant', inputs: [], attributes: { value_float: float(0.3) } }],
  ['Constant floats', { opType: 'Constant', inputs: [], attributes: { value_floats: floats(0.3, 2) } }],
  ['a Shape from and to', { opType: 'Shape', inputs: [reals([2, 3, 4, 5])], attributes: { start: int(-3), end: int(-1) } }],
  ['a ConstantOfShape of integers', { opType: 'ConstantOfShape', inputs: [int64([2, 3])], attributes: { value: tensor(int64([7])) } }],
  ['an empty Range', { opType: 'Range', inputs: [scalar(3), scalar(1), scalar(0.5)] }],
  // Without bicubic at a border, where onnxruntime strays from ONNX's reference implementation.
  ...['zeros', 'border', 'reflection'].flatMap((padding) => [0, 1].flatMap((aligned) => ['bilinear', 'nearest', ...(padding === 'border' ? [] : ['bicubic'])].flatMap((mode) => [[4, 5], [1, 4]].map((size): Row => [
    `GridSample, ${mode}, ${padding}, align_corners ${String(aligned)}, on ${size.join(' × ')}`,
    { opType: 'GridSample', opset: 16, inputs: [reals([2, 3, ...size]), reals([2, 3, 4, 2], 7, 1.9)], attributes: { mode: string(mode), padding_mode: string(padding), align_corners: int(aligned) } },
  ])))),
  ['GridSample with its defaults', { opType: 'GridSample', opset: 16, inputs: [reals([2, 3, 4, 5]), reals([2, 3, 4, 2], 7, 1.4)] }],
  ['a LabelEncoder of texts', { opType: 'LabelEncoder', domain: 'ai.onnx.ml', inputs: [texts('a', 'c', 'b')], attributes: { keys_strings: strings('a', 'b'), values_int64s: ints([5, 6]), default_int64: int(9) } }],
  ['a LabelEncoder of texts with its default', { opType: 'LabelEncoder', domain: 'ai.onnx.ml', inputs: [texts('a', 'c', 'b')], attributes: { keys_strings: strings('a', 'b'), values_int64s: ints([5, 6]) } }],
  ['a LabelEncoder of integers', { opType: 'LabelEncoder', domain: 'ai.onnx.ml', inputs: [int64([6, 5, 1])], attributes: { keys_int64s: ints([5, 6]), values_strings: strings('a', 'b') } }],
  ['a loss that ignores a class', { opType: 'SoftmaxCrossEntropyLoss', inputs: [reals([3, 5]), int64([0, 4, 2]), reals([5], 3)], attributes: { ignore_index: int(4) } }],
  ['a loss of each sample', { opType: 'SoftmaxCrossEntropyLoss', inputs: [reals([3, 5, 2]), whole([3, 2], [0, 4, 2, 1, 1, 3])], attributes: { reduction: string('none') }, outputs: 2 }],
  ['a NegativeLogLikelihoodLoss summed', { opType: 'NegativeLogLikelihoodLoss', inputs: [reals([3, 5]), int64([0, 4, 2])], attributes: { reduction: string('sum') } }],
  ['an Unsqueeze by negative axes', { opType: 'Unsqueeze', opset: 11, inputs: [reals([2, 3])], attributes: { axes: ints([-1, 0]) } }],
  ['a Squeeze of everything', { opType: 'Squeeze', opset: 11, inputs: [reals([1, 3, 1])] }],
  ['a Squeeze by a negative axis', { opType: 'Squeeze', inputs: [reals([1, 3, 1]), int64([-1])] }],
  ['an old Slice', { opType: 'Slice', opset: 9, inputs: [reals([4, 5])], attributes: { starts: ints([1, -3]), ends: ints([1000, -1]) } }],
  ...[[-1, -6, -1], [9, 0, -2], [-9, 9, 2], [3, 3, 1], [4, -9, -3], [-9, -9, -1], [9, 9, -1]].map(([start, end, step]): Row => [`a Slice from ${String(start)} to ${String(end)} by ${String(step)}`, { opType: 'Slice', inputs: [reals([5, 3]), int64([start!]), int64([end!]), int64([-2]), int64([step!])] }]),
  ['InstanceNormalization of several channels', { opType: 'InstanceNormalization', inputs: [reals([2, 3, 4, 5]), reals([3], 2), reals([3], 3)], attributes: { epsilon: float(0.01) } }],
  ...[-1, 1].map((axis): Row => [`LayerNormalization from axis ${String(axis)}`, { opType: 'LayerNormalization', inputs: [reals([2, 3, 5]), reals(axis === 1 ? [3, 5] : [5], 2), reals(axis === 1 ? [3, 5] : [5], 3)], attributes: { axis: int(axis) }, outputs: 3 }]),
  ...[1, 2, 3].map((p): Row => [`a GlobalLpPool of ${String(p)}`, { opType: 'GlobalLpPool', inputs: [reals([2, 3, 4, 5])], attributes: { p: int(p) } }]),
  ['a GlobalLpPool with its default', { opType: 'GlobalLpPool', inputs: [reals([2, 3, 4, 5])] }],
  ...[1, 2, 3].map((p): Row => [`an LpPool of ${String(p)}`, { opType: 'LpPool', inputs: [reals([2, 3, 6, 5])], attributes: { p: int(p), kernel_shape: ints([3, 2]), strides: ints([2, 1]), pads: ints([1, 0, 0, 1]) } }]),
  ...[false, true].map((perChannel): Row => [`a QLinearConv with a bias${perChannel ? ' and a scale for each channel' : ''}`, {
    opType: 'QLinearConv',
    inputs: [bytes([1, 2, 3, 3], Array.from({ length: 18 }, (_, i) => (i * 53) % 256)), scalar(0.05), bytes([], [100]), bytes([2, 2, 2, 2], Array.from({ length: 16 }, (_, i) => (i * 71) % 256)), perChannel ? float32([2], [0.01, 0.03]) : scalar(0.02), perChannel ? bytes([2], [120, 120]) : bytes([], [120]), scalar(0.3), bytes([], [90]), { dtype: 'int32', shape: [2], data: Int32Array.of(900, -2000) }],
  }]),
  ['DequantizeLinear along an axis', { opType: 'DequantizeLinear', inputs: [bytes([2, 3], [1, 2, 3, 200, 201, 202]), float32([3], [0.5, 0.25, 2]), bytes([3], [0, 100, 200])], attributes: { axis: int(-1) } }],
  ['QuantizeLinear without a zero point', { opType: 'QuantizeLinear', inputs: [float32([5], [-1, 0.5, 1.5, 2.5, 900]), scalar(1)] }],
  ...[0, 1].flatMap((outside) => [0, 1].map((antialias): Row => [`a cubic Resize, exclude_outside ${String(outside)}, antialias ${String(antialias)}`, {
    opType: 'Resize', opset: 18, inputs: [reals([1, 1, 7, 8]), undefined, undefined, int64([1, 1, 4, 11])],
    attributes: { mode: string('cubic'), exclude_outside: int(outside), antialias: int(antialias), cubic_coeff_a: float(-0.5) },
  }])),
  ['an old TopK', { opType: 'TopK', opset: 9, inputs: [reals([3, 5])], attributes: { k: int(2) }, outputs: 2 }],
  ['the smallest along another axis', { opType: 'TopK', inputs: [reals([4, 5]), int64([3])], attributes: { axis: int(0), largest: int(0) }, outputs: 2 }],
  ...['add', 'mul', 'max', 'min', 'none'].flatMap((reduction): Row[] => [
    [`ScatterND by ${reduction}`, { opType: 'ScatterND', opset: 18, inputs: [reals([4, 3, 2]), whole([2, 1], [2, 0]), reals([2, 3, 2], 5)], attributes: { reduction: string(reduction) } }],
    [`ScatterElements by ${reduction}`, { opType: 'ScatterElements', opset: 18, inputs: [reals([4, 5]), whole([2, 3], [1, -1, 3, 0, 2, 4]), reals([2, 3], 5)], attributes: { axis: int(1), reduction: string(reduction) } }],
  ]),
  ['GatherElements of fewer rows', { opType: 'GatherElements', inputs: [reals([4, 5]), whole([2, 3], [1, -1, 3, 0, 2, 4])], attributes: { axis: int(-1) } }],
  ['GatherND with batches', { opType: 'GatherND', inputs: [reals([2, 3, 4]), whole([2, 2, 1], [1, -1, 0, 2])], attributes: { batch_dims: int(1) } }],
  ['determinants that need pivots', { opType: 'Det', inputs: [float32([2, 3, 3], [0, 2, 1, 3, 0, 5, 4, 1, 0, 1, 4, 2, 7, 3, 5, 2, 9, 6])] }],
  ['MaxUnpool with pads', { opType: 'MaxUnpool', inputs: [float32([1, 1, 2, 2], [5, 6, 7, 8]), whole([1, 1, 2, 2], [0, 3, 4, 7])], attributes: { kernel_shape: ints([2, 2]), strides: ints([2, 2]), pads: ints([1, 0, 0, 1]) } }],
  ['Col2Im with pads, strides and dilations', { opType: 'Col2Im', opset: 18, inputs: [reals([2, 8, 6]), int64([5, 6]), int64([2, 2])], attributes: { strides: ints([2, 2]), dilations: ints([2, 1]), pads: ints([0, 1, 1, 0]) } }],
  ['a Gemm with transposed operands and a row', { opType: 'Gemm', inputs: [reals([3, 2]), reals([4, 3], 2), reals([1, 4], 3)], attributes: { transA: int(1), transB: int(1), alpha: float(0.5), beta: float(2) } }],
  ...[false, true].flatMap((isBool) => [[3, 5], [2, 2, 3, 5], [2, 1, 3, 5]].map((shape): Row => [`Attention with a mask of ${isBool ? 'truths' : 'numbers'} ${shape.join(' × ')}`, {
    opType: 'Attention', opset: 23, inputs: [reals([2, 2, 3, 4]), reals([2, 2, 5, 4], 2), reals([2, 2, 5, 3], 3), isBool ? truths(shape, (i) => i % 3 !== 1) : reals(shape, 5, 2)],
  }])),
  ['Attention that looks back only, with a past', {
    opType: 'Attention', opset: 23, inputs: [reals([2, 2, 3, 4]), reals([2, 2, 3, 4], 2), reals([2, 2, 3, 3], 3), undefined, reals([2, 2, 2, 4], 4), reals([2, 2, 2, 3], 6)], attributes: { is_causal: int(1), scale: float(0.7), softcap: float(1.5) }, outputs: 3,
  }],
  ...[0, 1].map((interleaved): Row => [`RotaryEmbedding by places, interleaved ${String(interleaved)}, of a part of the features`, {
    opType: 'RotaryEmbedding', opset: 23, inputs: [reals([2, 3, 4, 6]), reals([7, 2], 2), reals([7, 2], 3), whole([2, 4], [0, 5, 2, 6, 1, 1, 3, 4])], attributes: { interleaved: int(interleaved), rotary_embedding_dim: int(4), num_heads: int(3) },
  }]),
  ...[-4, -2, 0, 3, 4, 9].map((k): Row => [`an EyeLike of diagonal ${String(k)}`, { opType: 'EyeLike', inputs: [reals([3, 4])], attributes: { k: int(k) } }]),
  ...[[-1.9, 0.3, 3, 3.4], [0, 0, 7, 5], [-1.5, -1.5, -0.5, 4], [5.5, 3.5, 9, 7]].map((box, i): Row => [`RoiAlign with as many samples as it takes, region ${String(i)}`, {
    opType: 'RoiAlign', opset: 16, inputs: [reals([2, 2, 5, 7]), float32([1, 4], box), int64([1])], attributes: { output_height: int(2), output_width: int(3) },
  }]),
  ...[0, 1].map((order): Row => [`where the largest lie, storage_order ${String(order)}`, { opType: 'MaxPool', inputs: [reals([2, 3, 5, 4])], attributes: { kernel_shape: ints([2, 2]), strides: ints([2, 1]), storage_order: int(order) }, outputs: 2 }]),
  ...[0, 1].map((order): Row => [`where the largest lie in a volume, storage_order ${String(order)}`, { opType: 'MaxPool', inputs: [reals([2, 2, 3, 5, 4])], attributes: { kernel_shape: ints([2, 2, 2]), storage_order: int(order) }, outputs: 2 }]),
  ['NonMaxSuppression of boxes whose reading matters', {
    opType: 'NonMaxSuppression',
    inputs: [float32([1, 3, 4], [1, 5, 4, 2, 3, 5, 4, 2, 9, 5, 2, 2]), float32([1, 1, 3], [0.9, 0.8, 0.7]), int64([3]), float32([1], [0.3])],
    attributes: { center_point_box: int(1) },
  }],
  ['NonMaxSuppression of the same numbers as corners', { opType: 'NonMaxSuppression', inputs: [float32([1, 3, 4], [1, 5, 4, 2, 3, 5, 4, 2, 9, 5, 2, 2]), float32([1, 1, 3], [0.9, 0.8, 0.7]), int64([3]), float32([1], [0.3])] }],
  ['a determinant of zero', { opType: 'Det', inputs: [float32([2, 3, 3], [0, 1, 2, 0, 3, 4, 0, 5, 6, 1, 2, 3, 2, 4, 6, 1, 1, 1])] }],
  ['a determinant of four rows', { opType: 'Det', inputs: [reals([3, 4, 4], 8, 3)] }],
  ...[13, 12, 11].map((opset): Row => [`a Softmax of opset ${String(opset)}`, { opType: 'Softmax', opset, inputs: [reals([2, 3, 4], 1, 3)] }]),
  ...[18, 21].map((opset): Row => [`a GroupNormalization of opset ${String(opset)}`, { opType: 'GroupNormalization', opset, inputs: [reals([2, 6, 5]), reals([opset === 18 ? 3 : 6], 2), reals([opset === 18 ? 3 : 6], 3)], attributes: { num_groups: int(3), epsilon: float(0.02) } }]),
  ['a LabelEncoder of numbers', { opType: 'LabelEncoder', domain: 'ai.onnx.ml', inputs: [float32([3], [0.5, 2, 3])], attributes: { keys_floats: floats(0.5, 3), values_int64s: ints([5, 6]) } }],
  ...['half_pixel', 'asymmetric', 'align_corners', 'pytorch_half_pixel', 'half_pixel_symmetric'].flatMap((mode) => ['nearest', 'linear', 'cubic'].map((way): Row => [`a Resize by ${way}, ${mode}`, {
    opType: 'Resize', opset: 19, inputs: [reals([1, 2, 5, 4]), undefined, float32([4], [1, 1, 1.6, 0.7])], attributes: { mode: string(way), coordinate_transformation_mode: string(mode) },
  }])),
  ...['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'].map((rounding): Row => [`a Resize to the nearest by ${rounding}`, { opType: 'Resize', inputs: [reals([1, 1, 4, 6]), undefined, undefined, int64([1, 1, 8, 3])], attributes: { nearest_mode: string(rounding) } }]),
  ['a Resize of opset 10', { opType: 'Resize', opset: 10, inputs: [reals([1, 1, 4, 6]), float32([4], [1, 1, 2, 0.5])], attributes: { mode: string('linear') } }],
  ['a Resize of opset 10 to the nearest', { opType: 'Resize', opset: 10, inputs: [reals([1, 1, 4, 6]), float32([4], [1, 1, 2, 1.5])] }],
  ['an Upsample', { opType: 'Upsample', opset: 9, inputs: [reals([1, 2, 3, 2]), float32([4], [1, 1, 2, 3])], attributes: { mode: string('linear') } }],
  ['a Scan along other axes, backwards', {
    opType: 'Scan', inputs: [reals([2]), reals([2, 3], 2), reals([3, 2], 3)], outputs: 3,
    attributes: { num_scan_inputs: int(2), scan_input_axes: ints([1, 0]), scan_input_directions: ints([1, 0]), scan_output_axes: ints([1, 0]), scan_output_directions: ints([0, 1]), body: { kind: 'graph', value: addingBody() } },
  }],
  ['a Scan with its defaults', { opType: 'Scan', inputs: [reals([2]), reals([3, 2], 2), reals([3, 2], 3)], outputs: 3, attributes: { num_scan_inputs: int(2), body: { kind: 'graph', value: addingBody() } } }],
  ...[0, 1].map((aligned): Row => [`an AffineGrid, align_corners ${String(aligned)}`, { opType: 'AffineGrid', opset: 20, inputs: [reals([2, 2, 3]), int64([2, 3, 4, 5])], attributes: { align_corners: int(aligned) } }]),
  ...[['VALID', 0], ['SAME_UPPER', 0], ['SAME_LOWER', 0], ['NOTSET', 1]].map(([padding, ceil]): Row => [`an AveragePool with ${String(padding)} and ceil_mode ${String(ceil)}`, { opType: 'AveragePool', opset: 19, inputs: [reals([1, 2, 7, 6])], attributes: { kernel_shape: ints([3, 2]), strides: ints([2, 2]), auto_pad: string(String(padding)), ceil_mode: int(Number(ceil)), count_include_pad: int(1) } }]),
  ...[0, 1].flatMap((exclusive) => [0, 1].map((reverse): Row => [`a CumSum, exclusive ${String(exclusive)}, reverse ${String(reverse)}`, { opType: 'CumSum', inputs: [reals([3, 4]), int64([-1])].map((x, i) => (i === 1 ? { ...x, shape: [] } : x)), attributes: { exclusive: int(exclusive), reverse: int(reverse) } }])),
  ...[1, 0].flatMap((keep) => ['ReduceL1', 'ReduceL2', 'ReduceLogSum', 'ReduceLogSumExp', 'ReduceMax', 'ReduceMean', 'ReduceMin', 'ReduceProd', 'ReduceSumSquare'].map((opType): Row => [`${opType}, keepdims ${String(keep)}`, { opType, inputs: [float32([2, 3, 2], [1, 5, 2, 3, 7, 4, 2, 1, 6, 3, 2, 8])], attributes: { axes: ints([0, -1]), keepdims: int(keep) } }])),
  ...['ArgMax', 'ArgMin'].flatMap((opType) => [0, 1].map((last): Row => [`${opType} with ties, the last ${String(last)}`, { opType, inputs: [float32([2, 4], [3, 1, 3, 1, 2, 2, 0, 0])], attributes: { axis: int(1), keepdims: int(last), select_last_index: int(last) } }])),
  ...['wrap', 'reflect', 'edge', 'constant'].map((mode): Row => [`a Pad, ${mode}`, { opType: 'Pad', opset: 19, inputs: [reals([2, 4]), int64([0, 2, 1, 1]), scalar(2)], attributes: { mode: string(mode) } }]),
  ['a Pad of some axes, cutting', { opType: 'Pad', opset: 18, inputs: [reals([2, 3, 4]), int64([-1, 2]), scalar(1.5), int64([-1])] }],
  ...[0, 1].map((upper): Row => [`a Trilu, upper ${String(upper)}`, { opType: 'Trilu', inputs: [reals([2, 3, 4]), { ...int64([1]), shape: [] }], attributes: { upper: int(upper) } }]),
  ['a Unique in the order of their coming', { opType: 'Unique', inputs: [float32([6], [2, 1, 1, 3, 4, 3])], attributes: { sorted: int(0) }, outputs: 4 }],
  ['a Unique along an axis', { opType: 'Unique', inputs: [float32([3, 2], [1, 0, 1, 0, 2, 3])], attributes: { axis: int(0) }, outputs: 4 }],
  ['a OneHot along another axis', { opType: 'OneHot', inputs: [int64([1, -1, 7]), { ...int64([4]), shape: [] }, float32([2], [-1, 2])], attributes: { axis: int(0) } }],
  ['a Compress of everything', { opType: 'Compress', inputs: [reals([2, 3]), truths([5], (i) => i % 2 === 0)] }],
  ['a Compress along an axis', { opType: 'Compress', inputs: [reals([2, 3]), truths([2], (i) => i === 1)], attributes: { axis: int(-1) } }],
  ['a ReverseSequence', { opType: 'ReverseSequence', inputs: [reals([4, 3, 2]), int64([1, 4, 2])] }],
  ['a ReverseSequence of batches', { opType: 'ReverseSequence', inputs: [reals([3, 4, 2]), int64([1, 4, 2])], attributes: { batch_axis: int(0), time_axis: int(1) } }],
  ...['DCR', 'CRD'].map((mode): Row => [`a DepthToSpace by ${mode}`, { opType: 'DepthToSpace', inputs: [reals([2, 8, 2, 3])], attributes: { blocksize: int(2), mode: string(mode) } }]),
  ['a Flatten by a negative axis', { opType: 'Flatten', inputs: [reals([2, 3, 4, 5])], attributes: { axis: int(-3) } }],
  ['a Reshape that keeps a size', { opType: 'Reshape', inputs: [reals([2, 3, 4]), int64([0, -1, 2])] }],
  ['a Reshape to nothing', { opType: 'Reshape', inputs: [float32([0, 3], []), int64([3, 0])], attributes: { allowzero: int(1) } }],
  ['an Expand to fewer', { opType: 'Expand', inputs: [reals([3, 1]), int64([1, 4])] }],
  ['a Mod of floats', { opType: 'Mod', inputs: [float32([4], [5.5, -5.5, 5.5, -5.5]), float32([4], [2, 2, -2, -2])], attributes: { fmod: int(1) } }],
  ['a Mod of integers', { opType: 'Mod', inputs: [int64([5, -5, 5, -5]), int64([3, 3, -3, -3])] }],
  ['a BitShift', { opType: 'BitShift', inputs: [bytes([3], [1, 200, 7]), bytes([3], [3, 1, 2])], attributes: { direction: string('LEFT') } }],
  ['a Gelu by tanh', { opType: 'Gelu', opset: 20, inputs: [reals([3, 4], 1, 3)], attributes: { approximate: string('tanh') } }],
  ['an Upsample of opset 7', { opType: 'Upsample', opset: 7, inputs: [reals([1, 1, 2, 3])], attributes: { scales: floats(1, 1, 2, 2) } }],
  ['a Clip of opset 6', { opType: 'Clip', opset: 6, inputs: [reals([3, 4], 1, 3)], attributes: { min: float(-1), max: float(1.5) } }],
  ['a BatchNormalization of opset 9', { opType: 'BatchNormalization', opset: 9, inputs: [reals([2, 3, 4]), reals([3], 2), reals([3], 3), reals([3], 4), float32([3], [0.5, 1, 2])], attributes: { epsilon: float(0.01) } }],
  ...['MaxPool', 'LpPool'].map((opType): Row => [`${opType} with dilations`, { opType, opset: 18, inputs: [reals([1, 2, 9, 8])], attributes: { kernel_shape: ints([3, 2]), dilations: ints([2, 3]), strides: ints([1, 2]) } }]),
  ...['FusedConv', 'FusedGemm'].flatMap((opType) => ['Relu', 'LeakyRelu', 'Tanh', 'Sigmoid'].map((activation): Row => [`${opType} with ${activation}`, {
    opType, domain: 'com.microsoft', inputs: opType === 'FusedConv' ? [reals([1, 2, 4, 5]), reals([3, 2, 2, 2], 2), reals([3], 3)] : [reals([3, 4]), reals([4, 5], 2), reals([5], 3)],
    attributes: { activation: string(activation), ...(activation === 'LeakyRelu' && (opType === 'FusedConv' ? { activation_params: floats(0.3) } : { activation_alpha: float(0.3) })) },
  }])),
  ...[0, 1].flatMap((a) => [0, 1].map((b): Row => [`a FusedMatMul, transA ${String(a)}, transB ${String(b)}`, { opType: 'FusedMatMul', domain: 'com.microsoft', inputs: [reals(a === 1 ? [2, 4, 3] : [2, 3, 4]), reals(b === 1 ? [5, 4] : [4, 5], 2)], attributes: { transA: int(a), transB: int(b), alpha: float(0.5) } }])),
  ...[1, 2].flatMap((version) => [texts('b', 'x', 'a'), int64([1, 0, 7])].map((x): Row => [`a LabelEncoder of ${x.dtype}, version ${String(version)}`, {
    opType: 'LabelEncoder', domain: 'ai.onnx.ml', version, inputs: [x],
    attributes: version === 1 ? { classes_strings: strings('a', 'b') } : x.dtype === 'string' ? { keys_strings: strings('a', 'b'), values_floats: floats(0.5, 1.5) } : { keys_int64s: ints([0, 1]), values_int64s: ints([4, 5]) },
  }])),
  ['a LabelEncoder of integers with floats for them', { opType: 'LabelEncoder', domain: 'ai.onnx.ml', inputs: [int64([6, 5, 1])], attributes: { keys_int64s: ints([5, 6]), values_floats: floats(0.25, 2), default_float: float(7.5) } }],
  ['NonMaxSuppression of equal scores and of scores too low', {
    opType: 'NonMaxSuppression',
    inputs: [float32([1, 6, 4], [0, 0, 1, 1, 0, 2, 1, 3, 0, 4, 1, 5, 0, 6, 1, 7, 0, 8, 1, 9, 0, 0.1, 1, 1.1]), float32([1, 2, 6], [0.5, 0.5, 0.9, 0.2, 0.5, 0.6, 0.1, 0.7, 0.3, 0.7, 0.2, 0.05]), int64([4]), float32([1], [0.5]), float32([1], [0.2])],
  }],
  ['RoiAlign with its defaults', { opType: 'RoiAlign', opset: 16, inputs: [reals([1, 2, 5, 7]), float32([2, 4], [1, 1, 4, 3, 0.5, 0.2, 6, 4]), int64([0, 0])] }],
  ...[[-0.5, 1.5], [0.25]].map((params): Row => [`a FusedConv with Clip to ${params.join(' and ')}`, { opType: 'FusedConv', domain: 'com.microsoft', inputs: [reals([1, 2, 4, 5]), reals([3, 2, 2, 2], 2), reals([3], 3)], attributes: { activation: string(params.length === 2 ? 'Clip' : 'LeakyRelu'), activation_params: floats(...params) } }]),
  ['a FusedConv with a sum, and nothing behind it', { opType: 'FusedConv', domain: 'com.microsoft', inputs: [reals([1, 2, 4, 5]), reals([3, 2, 2, 2], 2), reals([3], 3), reals([1, 3, 3, 4], 4)] }],
  ...['stretch', 'not_larger', 'not_smaller'].map((policy): Row => [`a Resize to sizes, ${policy}`, { opType: 'Resize', opset: 18, inputs: [reals([1, 1, 4, 6]), undefined, undefined, int64([7, 9])], attributes: { axes: ints([2, 3]), keep_aspect_ratio_policy: string(policy), mode: string('linear') } }]),
  ['an Einsum of batches', { opType: 'Einsum', inputs: [reals([2, 3, 4]), reals([2, 4, 2], 2)], attributes: { equation: string('...ij,...jk->...ik') } }],
  ['an Einsum without a result', { opType: 'Einsum', inputs: [reals([3, 4]), reals([4, 2], 2)], attributes: { equation: string('ij,jk') } }],
  ['an Einsum of a diagonal', { opType: 'Einsum', inputs: [reals([3, 3, 2])], attributes: { equation: string('iij->ij') } }],
  ...[[2, 3], [3, 2], [4, 1]].flatMap((size) => (size.includes(1) ? [0] : [0, 1]).map((aligned): Row => [`an AffineGrid of ${size.join(' × ')}, align_corners ${String(aligned)}`, { opType: 'AffineGrid', opset: 20, inputs: [reals([1, 2, 3]), int64([1, 1, ...size])], attributes: { align_corners: int(aligned) } }])),
  ['a Cast of texts to truths', { opType: 'Cast', inputs: [float32([4], [0, -0, 0.1, NaN])], attributes: { to: int(9) } }],
  ['a Cast of zero to an unsigned integer', { opType: 'Cast', inputs: [float32([3], [0, -0.5, 7.9])], attributes: { to: int(13) } }],
  ['a Cast of texts to texts', { opType: 'Cast', inputs: [texts('a', '')], attributes: { to: int(8) } }],
  ['an Equal of texts', { opType: 'Equal', opset: 19, inputs: [texts('a', 'b', 'c'), texts('a', 'x', 'c')] }],
  ['a Where of texts', { opType: 'Where', inputs: [truths([3], (i) => i === 1), texts('a', 'b', 'c'), texts('x', 'y', 'z')] }],
  ...[0, -2].map((axis): Row => [`a TopK along axis ${String(axis)}`, { opType: 'TopK', inputs: [float32([3, 4], [3, 1, 3, 1, 2, 2, 0, 0, 3, 1, 4, -1]), int64([2])], attributes: { axis: int(axis) }, outputs: 2 }]),
  ['GroupNormalization of one group', { opType: 'GroupNormalization', opset: 21, inputs: [reals([2, 4, 3, 2]), reals([4], 2), reals([4], 3)], attributes: { num_groups: int(1) } }],
  ['MeanVarianceNormalization', { opType: 'MeanVarianceNormalization', inputs: [reals([2, 3, 4, 2])] }],
  ['LpNormalization by absolute values', { opType: 'LpNormalization', inputs: [reals([3, 4])], attributes: { p: int(1), axis: int(0) } }],
  ['LRN', { opType: 'LRN', inputs: [reals([1, 6, 2, 3])], attributes: { size: int(3), alpha: float(0.5), beta: float(0.7), bias: float(2) } }],
  ...[3, 5].map((size): Row => [`an LRN of ${String(size)} with its defaults`, { opType: 'LRN', inputs: [reals([1, 6, 2, 3], 1, 20)], attributes: { size: int(size) } }]),
  ...['MatMulInteger', 'ConvInteger'].map((opType): Row => [`${opType} with zero points`, { opType, inputs: opType === 'ConvInteger' ? [bytes([1, 2, 3, 4], Array.from({ length: 24 }, (_, i) => (i * 37) % 256)), bytes([2, 2, 2, 2], Array.from({ length: 16 }, (_, i) => (i * 91) % 256)), bytes([], [7]), bytes([], [9])] : [bytes([2, 3], [1, 200, 3, 50, 5, 255]), bytes([3, 2], [9, 8, 70, 6, 5, 4]), bytes([], [7]), bytes([], [9])] }]),
  ...[[2], [2, 1, 3]].map((shape): Row => [`a PRelu with slopes ${shape.join(' × ')}`, { opType: 'PRelu', inputs: [reals([2, 4, shape.length === 1 ? 2 : 3], 1, 3), reals(shape, 2)] }]),
  ...['linear', 'cubic'].map((mode): Row => [`a Resize by ${mode} to a part`, { opType: 'Resize', opset: 18, inputs: [reals([1, 1, 6, 7]), float32([8], [0, 0, 0.1, -0.2, 1, 1, 0.7, 1.2]), undefined, int64([1, 1, 4, 5])], attributes: { mode: string(mode), coordinate_transformation_mode: string('tf_crop_and_resize'), extrapolation_value: float(9) } }]),
  ...[0, 1].map((unbatched): Row => [`a GatherND, ${String(unbatched)}`, { opType: 'GatherND', inputs: [reals([3, 2, 4]), unbatched === 1 ? whole([2, 3], [0, 1, 3, -1, -2, 0]) : whole([3, 1], [2, 0, 1])] }]),
  ...['Abs', 'Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'Ceil', 'Cos', 'Cosh', 'Erf', 'Exp', 'Floor', 'HardSwish', 'Identity', 'IsInf', 'IsNaN', 'Log', 'Mish', 'Neg', 'Reciprocal', 'Relu', 'Round', 'Sign', 'Sin', 'Sinh', 'Softplus', 'Softsign', 'Sqrt', 'Tan', 'Tanh'].map((opType): Row => [`${opType} of odd numbers`, { opType, opset: 18, inputs: [float32([2, 5], [-0.75, -0, 0, 0.25, 0.5, 1, 1.5, 2.5, Infinity, NaN])] }]),
  ...['Hardmax', 'LogSoftmax', 'Softmax'].flatMap((opType) => [-2, 1].map((axis): Row => [`${opType} along axis ${String(axis)}`, { opType, inputs: [reals([2, 3, 4], 1, 3)], attributes: { axis: int(axis) } }])),
  ...['Add', 'Div', 'Mul', 'Pow', 'Sub', 'Max', 'Mean', 'Min', 'Sum', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal'].map((opType): Row => [`${opType} of a column and rows`, { opType, inputs: [float32([3, 1], [2, 0.5, 1]), float32([2, 1, 4], [1, 2, 3, -1, 0.5, 2, -2, 4])] }]),
  ...['Max', 'Mean', 'Min', 'Sum'].flatMap((opType): Row[] => [[`${opType} of three`, { opType, inputs: [reals([3, 1]), reals([4], 2), reals([2, 3, 1], 3)] }], [`${opType} of one`, { opType, inputs: [reals([3, 2])] }]]),
  ...['And', 'Or', 'Xor'].map((opType): Row => [`${opType} of truths`, { opType, inputs: [truths([2, 1], (i) => i === 1), truths([3], (i) => i !== 1)] }]),
  ['Not', { opType: 'Not', inputs: [truths([3], (i) => i === 1)] }],
  ...['BitwiseAnd', 'BitwiseOr', 'BitwiseXor'].map((opType): Row => [`${opType} of bytes`, { opType, opset: 18, inputs: [bytes([3], [5, 12, 255]), bytes([1], [6])] }]),
  ...[[0], [1, -1], []].map((axes): Row => [`a ReduceSum over ${axes.join(' and ') || 'everything'}`, { opType: 'ReduceSum', inputs: [reals([2, 3, 4]), ...(axes.length > 0 ? [int64(axes)] : [])], attributes: { keepdims: int(axes.length % 2) } }]),
  ['a ReduceSum over nothing', { opType: 'ReduceSum', inputs: [reals([2, 3]), int64([])], attributes: { noop_with_empty_axes: int(1) } }],
  ...['GlobalAveragePool', 'GlobalMaxPool'].map((opType): Row => [`${opType} of a volume`, { opType, inputs: [reals([2, 3, 4, 5, 2])] }]),
  ...['LSTM', 'GRU'].flatMap((opType) => ['forward', 'reverse', 'bidirectional'].map((direction): Row => {
    const [gates, directions] = [opType === 'LSTM' ? 4 : 3, direction === 'bidirectional' ? 2 : 1];
    return [`${opType}, ${direction}, of sequences of several lengths`, {
      opType, outputs: opType === 'LSTM' ? 3 : 2,
      inputs: [reals([4, 2, 3]), reals([directions, gates * 5, 3], 2), reals([directions, gates * 5, 5], 3), reals([directions, 2 * gates * 5], 4), { dtype: 'int32', shape: [2], data: Int32Array.of(4, 2) }],
      attributes: { hidden_size: int(5), direction: string(direction) },
    }];
  })),
  ...[0, -1].map((axis): Row => [`a Concat along axis ${String(axis)}`, { opType: 'Concat', inputs: [reals([2, 3]), reals(axis === 0 ? [4, 3] : [2, 1], 2)], attributes: { axis: int(axis) } }]),
  ...[[1, 1, 1, 1], [0, 2, 1, 0]].flatMap((pads) => [1, 2].map((group): Row => [`a Conv with pads ${pads.join(', ')} in ${String(group)} groups`, { opType: 'Conv', inputs: [reals([2, 4, 6, 5]), reals([6, 4 / group, 3, 2], 2), reals([6], 3)], attributes: { pads: ints(pads), group: int(group), strides: ints([1, 2]), dilations: ints([2, 1]) } }])),
  ...['VALID', 'SAME_UPPER', 'SAME_LOWER'].map((padding): Row => [`a Conv with ${padding}`, { opType: 'Conv', inputs: [reals([1, 2, 7, 6]), reals([3, 2, 3, 2], 2)], attributes: { auto_pad: string(padding), strides: ints([2, 1]) } }]),
  ...[[1, 1], [0, 2]].map((extra): Row => [`a ConvTranspose with output_padding ${extra.join(', ')}`, { opType: 'ConvTranspose', inputs: [reals([1, 4, 3, 4]), reals([4, 3, 3, 2], 2)], attributes: { group: int(2), strides: ints([2, 3]), output_padding: ints(extra), pads: ints([1, 0, 0, 1]) } }]),
  ['a ConvTranspose to a shape', { opType: 'ConvTranspose', inputs: [reals([1, 2, 3, 4]), reals([2, 3, 3, 2], 2)], attributes: { strides: ints([2, 2]), output_shape: ints([7, 9]) } }],
  ...[0, -1].map((axis): Row => [`a Gather of a matrix of indices along axis ${String(axis)}`, { opType: 'Gather', inputs: [reals([3, 4]), whole([2, 2], [0, -1, 2, 1])], attributes: { axis: int(axis) } }]),
  ['a Size', { opType: 'Size', inputs: [reals([3, 4, 2])] }],
  ['a SpaceToDepth', { opType: 'SpaceToDepth', inputs: [reals([2, 3, 4, 6])], attributes: { blocksize: int(2) } }],
  ['a Split into equal parts', { opType: 'Split', inputs: [reals([6, 2])], outputs: 3 }],
  ['a Split into uneven parts', { opType: 'Split', opset: 18, inputs: [reals([2, 7])], attributes: { axis: int(-1), num_outputs: int(3) }, outputs: 3 }],
  ['a Split into given parts', { opType: 'Split', inputs: [reals([2, 7]), int64([1, 6])], attributes: { axis: int(1) }, outputs: 2 }],
  ['an old Split', { opType: 'Split', opset: 11, inputs: [reals([5, 2])], attributes: { split: ints([2, 3]) }, outputs: 2 }],
  ['a Tile', { opType: 'Tile', inputs: [reals([2, 3]), int64([2, 1])] }],
  ['a Transpose', { opType: 'Transpose', inputs: [reals([2, 3, 4])], attributes: { perm: ints([2, 0, 1]) } }],
  ['a Transpose with its default', { opType: 'Transpose', inputs: [reals([2, 3, 4])] }],
  ...[[[2, 3, 4], [4]], [[4], [4]], [[3], [3, 2]], [[2, 1, 3, 4], [5, 4, 2]]].map(([a, b]): Row => [`a MatMul of ${a!.join(' × ')} and ${b!.join(' × ')}`, { opType: 'MatMul', inputs: [reals(a!), reals(b!, 2)] }]),
  ['a product of no terms', { opType: 'MatMul', inputs: [float32([2, 0], []), float32([0, 3], [])] }],
]; // prettier-ignore
