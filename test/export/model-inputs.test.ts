import { describe, expect, test } from 'vitest';
import { exportModel, exportSource } from '../../src/export/export-model.ts';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { filesOf, goldensOf } from './applications/application-models.ts';
import { errorOf, TOLERANCE } from './applications/running.ts';
import { operators, runGraph, worstError } from './run-export.ts';
import { filled, input, layer, model, sequential, sourceFile } from './source-builder.ts';

const FORMS = [{ inputLayout: 'nchw' }, { inputDtype: 'uint8' }, { inputLayout: 'nchw', inputDtype: 'uint8' }] as const;

describe('an image network that scales its pixels itself', () => {
  const golden = goldensOf('keras3').MobileNetV3Small!;
  const files = filesOf('keras3', 'MobileNetV3Small', golden);

  test.each(FORMS)('gives what Keras gives with %o, folded or not, at batch 1 and 7', async (form) => {
    const { graph } = await exportModel(files, form);
    const { graph: folded } = foldGraph(graph);
    for (const made of [graph, folded]) {
      expect(await errorOf(made, golden)).toBeLessThanOrEqual(TOLERANCE);
    }
  });

  test.each([13, 14, 15, 16, 17, 18, 19, 20, 21])('gives what Keras gives in opset %i', async (opset) => {
    const { graph } = await exportModel(files, { opset });
    expect(graph.opset).toBe(opset);
    expect(await errorOf(foldGraph(graph).graph, golden)).toBeLessThanOrEqual(TOLERANCE);
  });

  test('channels first needs no Transpose at all', async () => {
    const { graph } = await exportModel(files, { inputLayout: 'nchw' });
    expect(graph.inputs[0]!.shape).toEqual(['batch', 3, 35, 37]);
    expect(operators(graph)).not.toContain('Transpose');
  });

  test('bytes are cast inside, and what scaled them goes into the first Conv', async () => {
    const { graph } = await exportModel(files, { inputLayout: 'nchw', inputDtype: 'uint8' });
    expect(graph.inputs[0]!.dtype).toBe('uint8');
    expect(operators(graph)).toMatch(/^Cast Mul Add Conv/);
    expect(operators(foldGraph(graph).graph)).toMatch(/^Cast Add Conv/);
  });

  test('the written model says how it takes its image', async () => {
    const { graph, changedInputs } = await exportModel(files, { inputLayout: 'nchw', inputDtype: 'uint8' });
    expect(changedInputs).toEqual([{ name: graph.inputs[0]!.name, layout: 'nchw', dtype: 'uint8' }]);
    const { model: written } = readOnnx(writeOnnx(foldGraph(graph).graph));
    expect(JSON.parse(written.metadata.get('edgefold.inputs')!)).toEqual(changedInputs);
  });
});

const convolution = (name: string, calls: readonly (readonly string[])[], format = 'channels_last') =>
  layer(name, 'Conv2D', {
    config: { filters: 4, kernel_size: [3, 3], data_format: format },
    weights: [filled([3, 3, 2, 4]), filled([4], 2)],
    calls,
  });

describe('forms of inputs', () => {
  test('a model with an image and numbers takes only the image in the other form', async () => {
    const layers = [
      input('image', [null, 7, 5, 2]),
      input('numbers', [null, 4]),
      convolution('conv', [['image']]),
      layer('pool', 'GlobalAveragePooling2D', { calls: [['conv']] }),
      layer('sum', 'Add', { calls: [['pool', 'numbers']] }),
    ];
    const source = sourceFile(model('two', layers, ['sum']));
    const { graph, changedInputs } = exportSource(source, { inputLayout: 'nchw', inputDtype: 'uint8' });
    expect(changedInputs).toEqual([{ name: 'image', layout: 'nchw', dtype: 'uint8' }]);
    expect(graph.inputs.map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
      ['image', 'uint8', ['batch', 2, 7, 5]],
      ['numbers', 'float32', ['batch', 4]],
    ]);
    const pixels = Array.from({ length: 70 }, (_, i) => (i * 53) % 256);
    const first = pixels.map((_, at) => pixels[(at % 35) * 2 + Math.floor(at / 35)]!);
    const numbers = filled([1, 4], 3);
    const expected = await runGraph(exportSource(source).graph, {
      image: { shape: [1, 7, 5, 2], data: pixels },
      numbers,
    });
    const actual = await runGraph(graph, { image: { shape: [1, 2, 7, 5], data: first }, numbers });
    expect(worstError(actual.sum!, { shape: [1, 4], data: [...(expected.sum!.data as Float32Array)] })).toBe(0);
  });

  test('an image that the source takes channels first stays as it is', () => {
    const layers = [input('image', [null, 2, 7, 5]), convolution('conv', [['image']], 'channels_first')];
    const source = sourceFile(model('first', layers, ['conv']));
    const { graph, changedInputs } = exportSource(source, { inputLayout: 'nchw' });
    expect(changedInputs).toEqual([]);
    expect(graph.inputs[0]!.shape).toEqual(['batch', 2, 7, 5]);
  });

  test('an image is found behind a scaling, in a model used as a layer', () => {
    const inner = { ...sequential([null, 7, 5, 2], [convolution('conv', [])]), name: 'inner' };
    const layers = [
      input('image', [null, 7, 5, 2]),
      layer('scale', 'Rescaling', { config: { scale: 0.5 }, calls: [['image']] }),
      layer('inner', 'Functional', { model: inner, calls: [['scale']] }),
    ];
    const { graph } = exportSource(sourceFile(model('nested', layers, ['inner'])), { inputLayout: 'nchw' });
    expect(operators(graph)).toBe('Mul Conv Transpose');
  });

  test('a model that takes integers keeps them', () => {
    const layers = [input('image', [null, 7, 5, 2], { dtype: 'int32' }), convolution('conv', [['image']])];
    const { graph, changedInputs } = exportSource(sourceFile(model('ints', layers, ['conv'])), { inputDtype: 'uint8' });
    expect(changedInputs).toEqual([]);
    expect(graph.inputs[0]!.dtype).toBe('int32');
  });

  test.each(FORMS)('a model without images is refused with %o', (form) => {
    const dense = layer('dense', 'Dense', { config: { units: 3 }, weights: [filled([4, 3]), filled([3], 2)] });
    const source = sourceFile(sequential([null, 4], [dense]));
    expect(() => exportSource(source, form)).toThrow(/is for images, and no input of the model is one/);
  });
});
