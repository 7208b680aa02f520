import { describe, expect, test } from 'vitest';
import { EdgefoldError } from '../../src/errors.ts';
import { exportSource } from '../../src/export/export-model.ts';
import { LAYER_LOWERINGS } from '../../src/export/layers/index.ts';
import type { SourceLayer, SourceModel } from '../../src/export/source-model.ts';
import { operators, runGraph } from './run-export.ts';
import { filled, input, layer, model, sequential, sourceFile, type LayerParts } from './source-builder.ts';

const dense = (name: string, [features, units]: readonly [number, number], parts: LayerParts = {}) =>
  layer(name, 'Dense', {
    ...parts,
    config: { units, ...parts.config },
    weights: parts.weights ?? [filled([features, units]), filled([units])],
  });
const exported = (source: SourceModel) => exportSource(sourceFile(source)).graph;
const outputsOf = (source: SourceModel) => exported(source).outputs.map(({ name }) => name);

function failure(source: SourceModel): EdgefoldError {
  try {
    exportSource(sourceFile(source));
  } catch (error) {
    if (error instanceof EdgefoldError) return error;
    throw error;
  }
  throw new Error('the export did not fail');
}

function chain(...layers: SourceLayer[]): SourceModel {
  return sequential([null, 3], layers);
}

describe('names', () => {
  test('of inputs, outputs and nodes are those of the layers', () => {
    const graph = exported(chain(dense('hidden', [3, 4], { config: { activation: 'relu' } }), dense('out', [4, 2], { config: { activation: 'softmax' } }))); // prettier-ignore
    expect(graph.inputs.map(({ name, shape }) => [name, shape])).toEqual([['x', ['batch', 3]]]);
    expect(graph.outputs.map(({ name, shape }) => [name, shape])).toEqual([['out', ['batch', 2]]]);
    expect(graph.nodes.map(({ name }) => name)).toEqual(['hidden', 'hidden/activation', 'out', 'out/activation']);
    expect(graph.nodes.map(({ outputs }) => outputs[0]?.name)).toEqual([
      'hidden',
      'hidden/activation',
      'out/linear',
      'out',
    ]);
  });

  test('of an output is that of its layer, though another made the value', () => {
    expect(outputsOf(chain(dense('dense', [3, 2]), layer('drop', 'Dropout')))).toEqual(['drop']);
  });

  test('of outputs differ where one layer has two', () => {
    const inner = model('inner', [input('i', [null, 3]), dense('a', [3, 2], { calls: [['i']] }), dense('b', [3, 1], { calls: [['i']] })], ['a', 'b']); // prettier-ignore
    const outer = model('outer', [input('x', [null, 3]), layer('two', 'Functional', { model: inner, calls: [['x']] })], ['two', 'two:1']); // prettier-ignore
    const graph = exported(outer);
    expect(graph.outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['two', ['batch', 2]],
      ['two_1', ['batch', 1]],
    ]);
  });

  test('of layers in a model begin with the name of that model', () => {
    const inner = model('inner', [input('i', [null, 3]), dense('a', [3, 3], { calls: [['i']] })], ['a']);
    const layers = [input('x', [null, 3]), layer('body', 'Sequential', { model: inner, calls: [['x']] }), dense('head', [3, 2], { calls: [['body']] })]; // prettier-ignore
    expect(exported(model('outer', layers, ['head'])).nodes.map(({ name }) => name)).toEqual(['body/a', 'head']);
  });
});

describe('outputs', () => {
  test('keep the order of the source, and inputs too', () => {
    const layers = [
      input('b', [null, 3]),
      input('a', [null, 3]),
      dense('one', [3, 2], { calls: [['a']] }),
      dense('two', [3, 2], { calls: [['b']] }),
    ];
    const graph = exported(model('m', layers, ['two', 'one']));
    expect(graph.inputs.map(({ name }) => name)).toEqual(['b', 'a']);
    expect(graph.outputs.map(({ name }) => name)).toEqual(['two', 'one']);
  });

  test('that are inputs, or are there twice, pass through an Identity', async () => {
    const layers = [input('x', [null, 3]), dense('dense', [3, 2], { calls: [['x']] })];
    const graph = exported(model('m', layers, ['x', 'dense', 'dense']));
    expect(operators(graph)).toBe('Gemm Identity Identity');
    expect(graph.outputs.map(({ name }) => name)).toEqual(['x_1', 'dense', 'dense_1']);
    const { x_1: copy, dense: y, dense_1: again } = await runGraph(graph, { x: filled([2, 3]) });
    expect(copy!.data).toEqual(Float32Array.from(filled([2, 3]).data));
    expect(again!.data).toEqual(y!.data);
  });
});

describe('shared layers', () => {
  test('have their weights once, however often they are called', () => {
    const shared = dense('shared', [3, 3], { calls: [['x'], ['shared'], ['shared#1']] });
    const graph = exported(model('m', [input('x', [null, 3]), shared], ['shared#2']));
    expect(operators(graph)).toBe('Gemm Gemm Gemm');
    expect(graph.initializers.map(({ name }) => name)).toEqual(['shared/kernel', 'shared/bias']);
    expect(graph.nodes.map(({ name }) => name)).toEqual(['shared', 'shared_1', 'shared_2']);
  });

  test('have a weight once for each layout that reads it', () => {
    const conv = layer('conv', 'Conv2D', { config: { filters: 2, kernel_size: 1 }, weights: [filled([1, 1, 3, 2]), filled([2])], calls: [['x']] }); // prettier-ignore
    const layers = [
      input('x', [null, 2, 2, 3]),
      input('y', [null, 8]),
      conv,
      layer('flat', 'Flatten', { calls: [['conv']] }),
      dense('dense', [8, 2], { calls: [['flat'], ['y'], ['flat']] }),
      layer('add', 'Add', { calls: [['dense', 'dense#1', 'dense#2']] }),
    ];
    const graph = exported(model('m', layers, ['add']));
    const kernels = graph.initializers.filter(({ name }) => name.endsWith('/kernel') && name.startsWith('dense'));
    expect(kernels.map(({ name }) => name)).toEqual(['dense/kernel', 'dense_1/kernel']);
  });
});

describe('a layer that cannot be exported', () => {
  test('is named together with all others, each with a reason and a way out', () => {
    const custom = layer('mine', 'MyLayer', { calls: [['code']], module: 'my_package.layers' });
    const layers = [
      input('x', [null, 4, 3]),
      layer('hash', 'Hashing', { calls: [['x']] }),
      layer('code', 'Lambda', { calls: [['hash']] }),
      custom,
      dense('dense', [3, 2], { calls: [['mine']] }),
      layer('plus', 'Fold', { module: 'keras.src.ops.nn', calls: [['dense', 'dense']] }),
    ];
    const { code, message } = failure(model('m', layers, ['plus']));
    expect(code).toBe('UNSUPPORTED');
    expect(message.split('\n')).toEqual([
      '4 layers cannot be exported:',
      '  hash (Hashing): it takes FarmHash of its input, which no ONNX operator computes. Do this step outside the model, and export the part of the model behind it.',
      '  code (Lambda): it holds Python code, which is never run here. Write it with built-in layers (Rescaling, Reshape, Concatenate, …) and save the model again, or write what it does as a custom layer (customLayers, --custom-layers) of the name code.',
      '  mine (MyLayer): it is a class of its own (my_package.layers). Replace it with the layers in the table of supported layers, write what it does as a custom layer (customLayers, --custom-layers), or export the part of the model before it.',
      '  plus (Fold): the operation Fold is not exported. Write this step with Keras layers and save the model again, or export the part of the model before it.',
    ]);
  });

  test('is no obstacle where no output depends on it', () => {
    const layers = [input('x', [null, 3]), layer('code', 'Lambda', { calls: [['x']] }), dense('dense', [3, 2], { calls: [['x']] })]; // prettier-ignore
    expect(operators(exported(model('m', layers, ['dense'])))).toBe('Gemm');
  });

  test.each([
    ['an unknown activation', dense('d', [3, 2], { config: { activation: 'my_act' } }), /d \(Dense\): its activation "my_act" is not known here\. Known are linear, relu/],
    ['an activation in Python', dense('d', [3, 2], { config: { activation: { class_name: '__lambda__', config: {} } } }), /Python code/],
    ['weights kept as scaled integers', dense('d', [3, 2], { config: { dtype: { class_name: 'QuantizedDTypePolicy', config: { name: 'int8_from_float32' } } } }), /it is quantized/],
    ['a crop at random', layer('r', 'RandomCrop', { config: { height: 2, width: 2 } }), /r \(RandomCrop\)/],
  ])('says so: %s', (_name, given, message) => {
    const { code, message: text } = failure(chain(given));
    expect(code).toBe('UNSUPPORTED');
    expect(text).toMatch(message);
  }); // prettier-ignore

  test.each([
    ['an interpolation that Keras has not', layer('r', 'Resizing', { config: { height: 2, width: 9, interpolation: 'sinc' } }), /"sinc"/],
    ['an unknown interpolation', layer('u', 'UpSampling2D', { config: { interpolation: 'lanczos3' } }), /"lanczos3"/],
    ['a window larger than the image', layer('p', 'MaxPooling2D', { config: { pool_size: 6 } }), /does not fit/],
    ['a crop of everything', layer('c', 'Cropping2D', { config: { cropping: 3 } }), /crops 6 of 3/],
  ])('says so of images: %s', (_name, given, message) => {
    const { code, message: text } = failure(sequential([null, 3, 5, 2], [given]));
    expect(code).toBe('UNSUPPORTED');
    expect(text).toMatch(message);
  }); // prettier-ignore

  test('is one that reads the mask of tensors put together along an axis that has none', () => {
    const embedding = layer('embedded', 'Embedding', { config: { input_dim: 5, output_dim: 2, mask_zero: true }, weights: [filled([5, 2])], calls: [['x']] }); // prettier-ignore
    const joined = layer('joined', 'Concatenate', { config: { axis: 2 }, calls: [['embedded', 'embedded']] });
    const mean = layer('mean', 'GlobalAveragePooling2D', { calls: [['joined']] });
    const recurrent = layer('soft', 'Softmax', { calls: [['joined']] });
    const layers = [input('x', [null, 3, 4]), embedding, joined, mean, recurrent];
    expect(operators(exported(model('m', layers, ['mean'])))).toBe('Cast Gather Concat ReduceMean');
    expect(failure(model('m', layers, ['soft'])).message).toMatch(
      /joined \(Concatenate\): a layer behind it reads the mask/,
    );
  });

  test('is a Dropout or a BatchNormalization called with training=True', () => {
    const kwargs = { training: { constant: true } } as const;
    const layers = [input('x', [null, 3]), layer('drop', 'Dropout', { kwargs, calls: [['x']] })];
    expect(failure(model('m', layers, ['drop'])).message).toMatch(/training=True, where it is random/);
    const inner = model('inner', [input('i', [null, 3]), layer('norm', 'BatchNormalization', { calls: [['i']] })], ['norm']); // prettier-ignore
    const outer = [input('x', [null, 3]), layer('body', 'Functional', { model: inner, kwargs, calls: [['x']] })];
    expect(failure(model('m', outer, ['body'])).message).toMatch(/statistics of the batch/);
  });
});

describe('a file that makes no sense', () => {
  test.each([
    ['a missing weight', dense('d', [3, 2], { weights: [filled([3, 2])] }), 'WEIGHTS', /the weight bias is missing; expected shape \[2\], found only kernel/],
    ['a weight of the wrong shape', dense('d', [3, 2], { weights: [filled([4, 2]), filled([2])] }), 'WEIGHTS', /expected shape \[3, 2\], found \[4, 2\]/],
    ['a size that is no number', dense('d', [3, 2], { config: { units: 'many' } }), 'CORRUPT', /d \(Dense\): the configuration entry units makes no sense; expected a number, found "many"/],
    ['a size of 0', dense('d', [3, 2], { config: { units: 0 } }), 'CORRUPT', /positive integer/],
    ['an axis beyond the rank', layer('n', 'BatchNormalization', { config: { axis: 4 } }), 'CORRUPT', /axes of a tensor of rank 2/],
    ['a shape of other elements', layer('r', 'Reshape', { config: { target_shape: [2, 2] } }), 'CORRUPT', /a shape of 3 elements/],
    ['a permutation that is none', layer('p', 'Permute', { config: { dims: [2] } }), 'CORRUPT', /permutation/],
    ['a padding of its own', layer('p', 'MaxPooling1D', { config: { padding: 'mirror' } }), 'UNSUPPORTED', /rank 2 in place of 3/],
  ])('is refused: %s', (_name, given, code, message) => {
    const error = failure(chain(given));
    expect(error.message).toMatch(message);
    expect(error.code).toBe(code);
  }); // prettier-ignore

  test('is refused: a layer that depends on itself', () => {
    const layers = [input('x', [null, 3]), layer('a', 'Add', { calls: [['x', 'b']] }), layer('b', 'ReLU', { calls: [['a']] })]; // prettier-ignore
    expect(failure(model('m', layers, ['b'])).message).toMatch(/depends on its own output/);
  });

  test('is refused: references to layers and calls that are not there', () => {
    const layers = [input('x', [null, 3]), layer('a', 'ReLU', { calls: [['x']] })];
    expect(failure(model('m', layers, ['__proto__'])).message).toMatch(/a layer __proto__, which it does not have/);
    expect(failure(model('m', layers, ['a#3'])).message).toMatch(/call 3 of layer a, which has 1/);
    expect(failure(model('m', layers, ['a:1'])).message).toMatch(/a tensor that its layer does not have/);
  });

  test('is refused: models in models that grow without measure', () => {
    let inner = model('m0', [input('i', [null, 3]), layer('act', 'ReLU', { calls: [['i']] })], ['act']);
    for (let level = 1; level < 40; level++) {
      const both = layer('both', 'Functional', { model: inner, calls: [['i'], ['both']] });
      inner = model(`m${level}`, [input('i', [null, 3]), both], ['both#1']);
    }
    expect(failure(inner).code).toBe('LIMIT');
  });

  test('is no matter of depth: fifty thousand layers in a row', () => {
    const layers = Array.from({ length: 50_000 }, (_, i) => layer(`layer_${i}`, 'Dropout'));
    expect(operators(exported(chain(...layers, layer('last', 'ReLU'))))).toBe('Relu');
  });

  test('costs no memory before a weight confirms it: a flattened image of any size', () => {
    const conv = layer('conv', 'Conv2D', { config: { filters: 2, kernel_size: 1 }, weights: [filled([1, 1, 3, 2]), filled([2])] }); // prettier-ignore
    const huge = sequential([null, 1e6, 1e6, 3], [conv, layer('flat', 'Flatten'), dense('d', [3, 2])]);
    expect(failure(huge).code).toBe('WEIGHTS');
  });
});

describe('options', () => {
  test.each([12, 22, 17.5, -1])('refuse opset %d', (opset) => {
    expect(() => exportSource(sourceFile(chain(layer('act', 'ReLU'))), { opset })).toThrow(
      /this opset cannot be written/,
    );
  });

  test('default to opset 17', () => {
    expect(exported(chain(layer('act', 'ReLU'))).opset).toBe(17);
  });
});

test('a model of mixed precision is exported with a warning', () => {
  const dtype = { class_name: 'Policy', config: { name: 'mixed_float16' } };
  const { warnings } = exportSource(sourceFile(chain(layer('act', 'ReLU', { config: { dtype } }))));
  expect(warnings).toEqual(['The model computes in mixed_float16; the exported one computes in float32.']);
});

describe('the table of layers', () => {
  test('names every class once', () => {
    const names = LAYER_LOWERINGS.flatMap(({ classNames }) => classNames);
    expect(new Set(names).size).toBe(names.length);
  });
});
