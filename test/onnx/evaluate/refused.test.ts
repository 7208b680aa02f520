import { describe, expect, test } from 'vitest';
import { EdgefoldError } from '../../../src/errors.ts';
import { float, int, ints, string, type Attribute } from '../../../src/onnx/attribute.ts';
import { evaluate } from '../../../src/onnx/evaluate/evaluate.ts';
import { float32, int64 } from '../../../src/tensor.ts';
import { graphOf, outcomesOf, type Case } from './against-onnxruntime.ts';
import { bytes, reals, strings, texts, whole } from './tensors.ts';

type Row = readonly [opType: string, why: RegExp, inputs: Case['inputs'], attributes?: Record<string, Attribute>, rest?: Partial<Case>]; // prettier-ignore

/** Models that no reading of the specification gives a result. */
const SENSELESS: readonly Row[] = [
  ['Conv', /the weight does not fit the input/, [reals([1, 3, 5, 5]), reals([4, 2, 3, 3])]],
  ['Conv', /the weight does not fit the input/, [reals([1, 4, 5, 5]), reals([3, 2, 3, 3])], { group: int(2) }],
  ['Conv', /the bias does not fit the weight/, [reals([1, 2, 5, 5]), reals([4, 2, 3, 3]), reals([3])]],
  ['Conv', /kernel_shape does not fit the weight/, [reals([1, 2, 5, 5]), reals([4, 2, 3, 3])], { kernel_shape: ints([3, 2]) }],
  ['Conv', /the weight does not fit the input/, [reals([1, 2, 5, 5]), reals([4, 2, 9])], { kernel_shape: ints([9]) }],
  ['Conv', /a window makes no sense/, [reals([1, 2, 5, 5]), reals([4, 2, 3, 3])], { strides: ints([0, 1]) }],
  ['ConvTranspose', /the weight does not fit the input/, [reals([1, 3, 5, 5]), reals([2, 4, 3, 3])]],
  ['ConvTranspose', /the bias does not fit the weight/, [reals([1, 2, 5, 5]), reals([2, 4, 3, 3]), reals([5])]],
  ['ConvTranspose', /kernel_shape does not fit the weight/, [reals([1, 2, 5, 5]), reals([2, 4, 3, 3])], { kernel_shape: ints([2, 3]) }],
  ['MaxPool', /the input has no spatial axes/, [reals([2, 3])], { kernel_shape: ints([2]) }],
  ['AveragePool', /it has no kernel_shape/, [reals([1, 2, 5, 5])]],
  ['AveragePool', /the kernel does not fit the input/, [reals([1, 2, 5, 5])], { kernel_shape: ints([2, 2, 2]) }],
  ['GlobalAveragePool', /the input has no spatial axes/, [reals([3])]],
  ['MatMul', /the matrices do not fit/, [reals([2, 3]), reals([4, 5])]],
  ['MatMul', /the matrices do not fit/, [reals([3]), reals([4, 5])]],
  ['Gemm', /the matrices do not fit/, [reals([2, 3]), reals([4, 5])]],
  ['Gemm', /Gemm takes matrices/, [reals([2, 3, 1]), reals([3, 5])]],
  ['Reshape', /the shape does not fit the input/, [reals([2, 3]), int64([4, 2])]],
  ['Reshape', /the shape does not fit the input/, [reals([2, 3]), int64([-1, 4])]],
  ['Reshape', /the shape does not fit the input/, [reals([2, 3]), int64([-1, -1])]],
  ['Transpose', /perm does not fit the input/, [reals([2, 3])], { perm: ints([0, 1, 2]) }],
  ['Transpose', /perm does not fit the input/, [reals([2, 3])], { perm: ints([1, 1]) }],
  ['Transpose', /perm does not fit the input/, [reals([2, 3])], { perm: ints([0, 2]) }],
  ['Concat', /the inputs do not fit together/, [reals([2, 3]), reals([2, 4])], { axis: int(0) }],
  ['Concat', /the inputs do not fit together/, [reals([2, 3]), reals([2, 3, 1])], { axis: int(0) }],
  ['Concat', /an axis is out of range/, [reals([2, 3]), reals([2, 3])], { axis: int(2) }],
  ['Split', /the parts do not add up/, [reals([6, 2]), int64([2, 3])], {}, { outputs: 2 }],
  ['Split', /the parts do not add up/, [reals([6, 2]), int64([8, -2])], {}, { outputs: 2 }],
  ['Slice', /a slice has no step/, [reals([4]), int64([0]), int64([2]), int64([0]), int64([0])]],
  ['Tile', /the repeats do not fit the input/, [reals([2, 3]), int64([2])]],
  ['Tile', /the repeats do not fit the input/, [reals([2, 3]), int64([2, -1])]],
  ['Unsqueeze', /an axis is out of range/, [reals([2, 3]), int64([4])]],
  ['DepthToSpace', /it takes images/, [reals([4, 2, 2])], { blocksize: int(2) }],
  ['Gather', /an index is out of range/, [reals([4, 2]), int64([4])]],
  ['Gather', /an index is out of range/, [reals([4, 2]), int64([-5])]],
  ['Pad', /the pads do not fit the input/, [reals([2, 3]), int64([1, 1])]],
  ['Pad', /the pads do not fit the input/, [reals([2, 3]), int64([1, 1, 1, 1, 1])]],
  ['BatchNormalization', /a parameter does not fit the channels/, [reals([2, 3]), reals([3]), reals([3]), reals([2]), reals([3])]],
  ['InstanceNormalization', /a parameter does not fit the channels/, [reals([2, 3, 4]), reals([2]), reals([3])]],
  ['GroupNormalization', /a parameter does not fit/, [reals([2, 6, 4]), reals([4]), reals([4])], { num_groups: int(3) }, { opset: 18 }],
  ['GroupNormalization', /the channels do not divide into the groups/, [reals([2, 6, 4]), reals([4]), reals([4])], { num_groups: int(4) }, { opset: 18 }],
  ['LayerNormalization', /shapes cannot be broadcast/, [reals([2, 3, 4]), reals([3]), reals([4])]],
  ['LayerNormalization', /a parameter does not fit the input/, [reals([2, 1, 4]), reals([3, 4]), reals([4])]],
  ['LRN', /it has no size/, [reals([1, 3, 4, 4])]],
  ['Range', /the range does not end/, [float32([], [0]), float32([], [1]), float32([], [0])]],
  ['Einsum', /the equation does not fit the inputs/, [reals([2, 3]), reals([3, 4])], { equation: string('ij->j') }],
  ['Einsum', /the result has an axis that no input has/, [reals([2, 3])], { equation: string('ij->k') }],
  ['Einsum', /the equation does not fit an input/, [reals([2, 3])], { equation: string('ijk->k') }],
  ['Einsum', /an axis has two sizes/, [reals([2, 3]), reals([4, 5])], { equation: string('ij,jk->ik') }],
  ['GridSample', /the grid does not fit the input/, [reals([2, 1, 3, 3]), reals([1, 2, 2, 2])], {}, { opset: 16 }],
  ['GridSample', /the grid does not fit the input/, [reals([1, 1, 3, 3]), reals([1, 2, 2, 3])], {}, { opset: 16 }],
  ['SoftmaxCrossEntropyLoss', /the targets do not fit the input/, [reals([3, 5]), int64([0, 1])]],
  ['SoftmaxCrossEntropyLoss', /a target is out of range/, [reals([2, 5]), int64([0, 5])]],
  ['NegativeLogLikelihoodLoss', /a target is out of range/, [reals([2, 5]), int64([0, 7])]],
  ['DequantizeLinear', /the scale does not fit the input/, [bytes([2, 3], [3, 3, 3, 3, 3, 3]), reals([2]), bytes([2], [3, 3])], { axis: int(1) }],
  ['LSTM', /the weights do not fit the input/, [reals([4, 2, 3]), reals([1, 20, 2]), reals([1, 20, 5])], { hidden_size: int(5) }],
  ['LSTM', /the weights do not fit the input/, [reals([4, 2, 3]), reals([1, 20, 3]), reals([1, 20, 4])], { hidden_size: int(5) }],
  ['GRU', /a state does not fit/, [reals([4, 2, 3]), reals([1, 15, 3]), reals([1, 15, 5]), undefined, undefined, reals([1, 3, 5])], { hidden_size: int(5) }],
  ['Resize', /scales or sizes do not fit the input/, [reals([1, 1, 3, 3]), undefined, float32([3], [1, 1, 2])]],
  ['ScatterElements', /the indices do not fit the input/, [reals([3, 4]), whole([2], [0, 1]), reals([2])]],
  ['ScatterElements', /an index is out of range/, [reals([3, 4]), whole([1, 2], [0, 3]), reals([1, 2])]],
  ['ScatterND', /the indices do not fit the input/, [reals([3, 4]), whole([1, 3], [0, 1, 1]), reals([1])]],
  ['ScatterND', /the updates do not fit the indices/, [reals([3, 4]), whole([2, 1], [0, 1]), reals([2, 3])]],
  ['ScatterND', /an index is out of range/, [reals([3, 4]), whole([1, 1], [3]), reals([1, 4])]],
  ['TopK', /k does not fit the axis/, [reals([3, 4]), int64([5])]],
  ['TopK', /k does not fit the axis/, [reals([3, 4]), int64([-1])]],
  ['TopK', /an input is not a single number/, [reals([3, 4]), int64([2, 2])]],
  ['TopK', /it has no k/, [reals([3, 4])], {}, { opset: 9, outputs: 2 }],
  ['ArgMax', /an axis is out of range/, [reals([3, 4])], { axis: int(2) }],
  ['NonMaxSuppression', /boxes are four numbers each/, [reals([1, 4, 3]), reals([1, 1, 4]), int64([1])]],
  ['NonMaxSuppression', /scores do not fit the boxes/, [reals([1, 4, 4]), reals([1, 1, 3]), int64([1])]],
  ['Col2Im', /the columns do not fit the image/, [reals([1, 8, 7]), int64([5, 6]), int64([2, 2])], {}, { opset: 18 }],
  ['Col2Im', /the columns do not fit the image/, [reals([1, 7, 20]), int64([5, 6]), int64([2, 2])], {}, { opset: 18 }],
  ['MaxUnpool', /it has no kernel_shape/, [reals([1, 1, 2, 2]), whole([1, 1, 2, 2], [0, 1, 2, 3])]],
  ['Det', /the matrix is not square/, [reals([2, 3])]],
  ['EyeLike', /it takes matrices/, [reals([2, 3, 1])]],
  ['Trilu', /it takes matrices/, [reals([3])]],
  ['LabelEncoder', /keys and values are not in pairs/, [int64([1])], { keys_int64s: ints([1, 2]), values_int64s: ints([1]) }, { domain: 'ai.onnx.ml' }],
  ['Softmax', /an axis is out of range/, [reals([2, 3])], { axis: int(2) }],
  ['Attention', /the heads do not fit the input/, [reals([1, 2, 7]), reals([1, 2, 8]), reals([1, 2, 8])], { q_num_heads: int(2), kv_num_heads: int(2) }, { opset: 23 }],
  ['Attention', /it does not say its heads/, [reals([1, 2, 8]), reals([1, 2, 8]), reals([1, 2, 8])], {}, { opset: 23 }],
  ['Attention', /keys and values do not fit the queries/, [reals([1, 2, 3, 4]), reals([1, 2, 5, 4]), reals([1, 2, 6, 4])], {}, { opset: 23 }],
  ['Attention', /the mask does not fit/, [reals([1, 2, 3, 4]), reals([1, 2, 5, 4]), reals([1, 2, 5, 4]), reals([2, 1, 3, 5])], {}, { opset: 23 }],
  ['RotaryEmbedding', /the angles do not fit the features/, [reals([1, 2, 3, 4]), reals([3, 3]), reals([3, 3])], {}, { opset: 23 }],
]; // prettier-ignore

/** What has a meaning that is not evaluated: refused, and not computed in some other way. */
const NOT_EVALUATED: readonly Row[] = [
  ['Div', /an integer is divided by zero/, [int64([4, 2]), int64([2, 0])]],
  ['Mod', /an integer is divided by zero/, [int64([4, 2]), int64([0, 1])]],
  ['Cast', /a Cast to this type is not evaluated/, [texts('1')], { to: int(14) }],
  ['Cast', /a Cast to an integer is out of range/, [float32([1], [300])], { to: int(3) }],
  ['Cast', /a Cast to an integer is out of range/, [float32([1], [-1])], { to: int(13) }],
  ['Cast', /a Cast to an integer is out of range/, [float32([1], [Number.NaN])], { to: int(6) }],
  ['Cast', /a Cast of floats to strings is not evaluated/, [reals([2])], { to: int(8) }],
  ['BatchNormalization', /training with opset 6 or older/, [reals([2, 3]), reals([3]), reals([3]), reals([3]), reals([3])], {}, { opset: 6, outputs: 3 }],
  ['Dropout', /random numbers are not evaluated/, [reals([2, 3]), float32([], [0.5]), { dtype: 'bool', shape: [], data: Uint8Array.of(1) }]],
  ['Resize', /this mode is unknown/, [reals([1, 1, 3, 3]), undefined, float32([4], [1, 1, 2, 2])], { mode: string('round') }],
  ['LSTM', /an activation is unknown/, [reals([4, 2, 3]), reals([1, 20, 3]), reals([1, 20, 5])], { hidden_size: int(5), activations: strings('Sigmoid', 'Gelu', 'Tanh') }],
  ['QuantizeLinear', /this quantized type is not evaluated/, [reals([2]), float32([], [1]), float32([], [0])]],
  ['Relu', /an input is of the wrong kind/, [texts('a')]],
  ['Elu', /an input is missing/, []],
  ['LeakyRelu', /an input is of the wrong kind/, [texts('a')], { alpha: float(0.2) }],
]; // prettier-ignore

async function faultOf(given: Case): Promise<EdgefoldError | undefined> {
  const { graph, feeds } = graphOf(given);
  graph.model.opsets.set('', given.opset ?? 17);
  try {
    await evaluate(graph, feeds);
    return undefined;
  } catch (error) {
    if (!(error instanceof EdgefoldError)) throw error;
    return error;
  }
}

const caseOf = ([opType, , inputs, attributes = {}, rest]: Row): Case => ({ opType, inputs, attributes, ...rest });

describe('a node that makes no sense is refused with the reason', () => {
  test.each(SENSELESS.map((row) => ({ row, name: `${row[0]}: ${row[1].source}` })))('$name', async ({ row }) => {
    expect(await outcomesOf(caseOf(row)), 'onnxruntime runs it').toBeUndefined();
    const fault = await faultOf(caseOf(row));
    expect(fault?.message).toMatch(row[1]);
    expect(fault).toMatchObject({ code: 'CORRUPT', where: expect.stringContaining('case') as string });
  });
});

describe('a node that is not evaluated is refused with the reason', () => {
  test.each(NOT_EVALUATED.map((row) => ({ row, name: `${row[0]}: ${row[1].source}` })))('$name', async ({ row }) => {
    expect((await faultOf(caseOf(row)))?.message).toMatch(row[1]);
  });
});
