import { describe, expect, test } from 'vitest';
import { EdgefoldError } from '../../src/errors.ts';
import { exportSource } from '../../src/export/export-model.ts';
import type { JsonObject, JsonValue, SourceCall, SourceModel } from '../../src/export/source-model.ts';
import { input, layer, model, sequential, sourceFile } from './source-builder.ts';

function failure(source: SourceModel): EdgefoldError {
  try {
    exportSource(sourceFile(source, 3));
  } catch (error) {
    if (error instanceof EdgefoldError) return error;
    throw error;
  }
  throw new Error('the export did not fail');
}

const operation = (name: string, className: string, config: JsonObject = {}) =>
  layer(name, className, { module: 'keras.src.ops.numpy', config });

describe('layers that cannot be exported', () => {
  test('are named all at once, those in models in models too', () => {
    const innermost = model('innermost', [input('i', [null, 3]), layer('code', 'Lambda', { calls: [['i']] })], ['code']);
    const inner = model(
      'inner',
      [
        input('i', [null, 3]),
        layer('deep', 'Functional', { model: innermost, calls: [['i']] }),
        layer('hash', 'Hashing', { calls: [['deep']] }),
      ],
      ['hash'],
    );
    const source = sequential([null, 3], [layer('body', 'Functional', { model: inner }), operation('fold', 'Unfold')]);
    const { code, message } = failure(source);
    expect(code).toBe('UNSUPPORTED');
    const [first, ...rest] = message.split('\n');
    expect(first).toBe('3 layers cannot be exported:');
    expect(rest.map((line) => line.trim().replace(/:.*/, ''))).toEqual(['code (Lambda)', 'hash (Hashing)', 'fold (Unfold)']);
  }); // prettier-ignore

  test.each([
    ['block35_4', /InceptionResNetV2, x \+ scale · y.*customLayers, --custom-layers/],
    ['conv2_block1_2_reduce', /ResNeXt, the sum/],
    ['mine', /--custom-layers\) of the name mine/],
  ])('hold a Lambda that is never run; %s says what to do', (name, message) => {
    const config = { function: ['4wEAAAA=', null, null], function_type: 'lambda', arguments: { scale: 0.17 } };
    const error = failure(sequential([null, 3], [layer(name, 'Lambda', { config })]));
    expect(error.message).toMatch(/holds Python code, which is never run here/);
    expect(error.message).toMatch(message);
  });

  test.each(['/etc/passwd', 'https://example.org/vocabulary.txt', '../words.txt'])(
    'do not open a vocabulary that is a path: %s',
    (vocabulary) => {
      const lookup = layer('words', 'StringLookup', { config: { vocabulary } });
      const source = model('m', [input('x', [null, 3], { dtype: 'string' }), { ...lookup, calls: [{ args: [{ ref: { layer: 'x', call: 0, tensor: 0 } }], kwargs: {} }] }], ['words']); // prettier-ignore
      expect(failure(source).message).toMatch(/words \(StringLookup\): its vocabulary is a path or an address, which is not opened/);
    },
  ); // prettier-ignore
});

/** What a hostile file may write in the place of an argument. */
const ODD: readonly JsonValue[] = [
  null, true, -1, 0, 1.5, 1e300, 2 ** 53, 'x', '__proto__', [], [[]], [null], [1, [2, 3]], ['a'], {}, { class_name: '__slice__', config: { start: 'a' } },
  { class_name: '__numpy__', config: {} }, { class_name: '__numpy__', config: { value: [[1], [2, 3]], dtype: 'float32' } }, { class_name: '__ellipsis__' },
  [[1, 2, 3]], [-1, -1], [0, 0], [9, -9], [1e9, 1e9, 1e9],
]; // prettier-ignore

describe('operations with arguments that make no sense', () => {
  const OPERATIONS: readonly (readonly [string, readonly string[]])[] = [
    ['Add', []], ['Where', []], ['Power', []], ['Mod', []], ['Clip', ['x_min', 'x_max']], ['Cast', ['dtype']], ['Mean', ['axis', 'keepdims']], ['Argmax', ['axis', 'keepdims']],
    ['Norm', ['ord', 'axis']], ['Normalize', ['axis', 'order', 'epsilon']], ['Moments', ['axes', 'keepdims']], ['Reshape', ['newshape']], ['Transpose', ['axes']], ['Swapaxes', ['axis1', 'axis2']],
    ['Moveaxis', ['source', 'destination']], ['ExpandDims', ['axis']], ['Squeeze', ['axis']], ['Flip', ['axis']], ['BroadcastTo', ['shape']], ['GetItem', []], ['Concatenate', ['axis']],
    ['Stack', ['axis']], ['Split', ['indices_or_sections', 'axis']], ['Unstack', ['num', 'axis']], ['Pad', ['pad_width', 'mode']], ['Tile', ['repeats']], ['Repeat', ['repeats', 'axis']],
    ['Roll', ['shift', 'axis']], ['Take', ['axis']], ['TakeAlongAxis', ['axis']], ['OneHot', ['num_classes', 'axis', 'dtype']], ['TopK', ['k']], ['Cumsum', ['axis']], ['Tril', ['k']], ['Matmul', []],
    ['Dot', []], ['Tensordot', ['axes']], ['Einsum', ['subscripts']], ['Softmax', ['axis']], ['Gelu', ['approximate']], ['LeakyRelu', ['negative_slope']], ['Resize', ['size', 'interpolation']],
    ['MaxPool', ['pool_size', 'strides', 'padding']], ['DepthToSpace', ['block_size']], ['SpaceToDepth', ['block_size']], ['Threshold', ['threshold', 'default_value']],
    ['Conv', ['strides', 'padding', 'dilation_rate']], ['DepthwiseConv', ['strides']], ['SeparableConv', ['strides']], ['BatchNorm', ['axis', 'epsilon']], ['LayerNorm', ['axis', 'rms_scaling']], ['RMSNorm', ['axis', 'epsilon']],
    ['Sort', ['axis']], ['Argsort', ['axis']], ['Median', ['axis', 'keepdims']], ['Quantile', ['q', 'axis', 'method']], ['Cumprod', ['axis']], ['Select', ['condlist', 'choicelist', 'default']], ['RGBToGrayscale', ['data_format']],
    ['ExtractPatches', ['size', 'strides', 'padding']], ['DotProductAttention', ['is_causal', 'scale']], ['Arctan2', []], ['Hypot', []], ['Logaddexp', []],
  ]; // prettier-ignore

  test.each(OPERATIONS)('are exported or refused with a reason: %s', (className, options) => {
    for (const shape of [[null, 4], [null, 4, 3], [null, 6, 4, 3], [null]]) {
      for (const odd of ODD) {
        for (const key of [undefined, ...options]) {
          const second =
            key === undefined
              ? odd
              : [
                  [1, 2],
                  [3, 4],
                ];
          const call: SourceCall = { args: [{ ref: { layer: 'x', call: 0, tensor: 0 } }, { constant: second }], kwargs: {} }; // prettier-ignore
          const config: JsonObject = key === undefined ? {} : { [key]: odd };
          const source = model('m', [input('x', shape), { ...operation('op', className, config), calls: [call] }], ['op']); // prettier-ignore
          try {
            exportSource(sourceFile(source, 3));
          } catch (error) {
            const what = `${className} ${key ?? 'second argument'} ${JSON.stringify(odd)}: ${String(error)}`;
            expect(error instanceof EdgefoldError, what).toBe(true);
          }
        }
      }
    }
  });
});
