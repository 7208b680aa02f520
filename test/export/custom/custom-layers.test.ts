import { describe, expect, test } from 'vitest';
import { EdgefoldError } from '../../../src/errors.ts';
import type { CustomLayer, CustomLayers } from '../../../src/export/custom/custom-layer.ts';
import { exportSource } from '../../../src/export/export-model.ts';
import type { SourceModel } from '../../../src/export/source-model.ts';
import { operators, runGraph } from '../run-export.ts';
import { filled, input, layer, model, sequential, sourceFile } from '../source-builder.ts';

/** x · sigmoid(beta · x) */
const swish: CustomLayer = (source, [x], graph) => {
  const scaled = graph.node('Mul', [x, graph.constant(source.config.beta as number)]);
  return graph.node('Mul', [x, graph.node('Sigmoid', [scaled])]);
};

const BETA = 1.5;
const own = layer('act', 'MyPackage>Swish', { config: { beta: BETA } });

function exported(source: SourceModel, customLayers: CustomLayers) {
  return exportSource(sourceFile(source), { customLayers });
}

function failure(source: SourceModel, customLayers: CustomLayers): EdgefoldError {
  try {
    exported(source, customLayers);
  } catch (error) {
    if (error instanceof EdgefoldError) return error;
    throw error;
  }
  throw new Error('the export did not fail');
}

describe('a custom layer', () => {
  test('is found by its registered class, and computes what it says', async () => {
    const { graph, warnings } = exported(sequential([null, 5], [own]), { 'MyPackage>Swish': swish });
    expect(operators(graph)).toBe('Mul Sigmoid Mul');
    expect(warnings).toEqual([]);
    const x = filled([2, 5]);
    const { act } = await runGraph(graph, { x });
    const expected = x.data.map((v) => v / (1 + Math.exp(-BETA * v)));
    expect(Math.max(...expected.map((v, i) => Math.abs(v - Number(act!.data[i]))))).toBeLessThanOrEqual(1e-6);
  });

  test('stands for a Lambda by the name of the layer, alone or with those of the models around it', () => {
    const lambda = (name: string) =>
      layer(name, 'Lambda', { config: { function: 'anything', beta: 2 }, calls: [['i']] });
    const inner = model('inner', [input('i', [null, 5]), lambda('scale')], ['scale']);
    const source = sequential([null, 5], [layer('body', 'Functional', { model: inner })]);
    expect(operators(exported(source, { scale: swish }).graph)).toBe('Mul Sigmoid Mul');
    expect(operators(exported(source, { 'body/scale': swish }).graph)).toBe('Mul Sigmoid Mul');
    expect(failure(source, { other: swish }).message).toMatch(/scale \(Lambda\)/);
  });

  test('stands for an operation that is not exported, and for a layer that is', () => {
    const operation = layer('fold', 'Fold', { module: 'keras.src.ops.nn', config: { beta: 2 } });
    expect(operators(exported(sequential([null, 5], [operation]), { Fold: swish }).graph)).toBe('Mul Sigmoid Mul');
    const relu = layer('relu', 'ReLU', { config: { beta: 2 } });
    expect(operators(exported(sequential([null, 5], [relu]), { ReLU: swish }).graph)).toBe('Mul Sigmoid Mul');
  });

  test('sees images as Keras does, and reads weights, integers and attributes', async () => {
    const flip: CustomLayer = ({ weights }, [x], graph) => {
      expect(x!.shape).toEqual(['batch', 3, 4, 2]);
      expect([...weights[0]!.data()]).toEqual(filled([2]).data);
      const axes = [graph.integers([-1]), graph.integers([-5]), graph.integers([1]), graph.integers([-1])];
      const flipped = graph.node('Slice', [x, ...axes]);
      const sum = graph.node('Add', [flipped, graph.weight(0)]);
      return graph.node('Transpose', [sum], {
        shape: ['batch', 2, 3, 4],
        attributes: { perm: { ints: [0, 3, 1, 2] } },
      });
    };
    const conv = layer('conv', 'Conv2D', { config: { filters: 2, kernel_size: 1, use_bias: false }, weights: [filled([1, 1, 2, 2])] }); // prettier-ignore
    const mine = layer('flip', 'Mine>Flip', { weights: [filled([2])] });
    const { graph } = exported(sequential([null, 3, 4, 2], [conv, mine]), { 'Mine>Flip': flip });
    const { flip: y } = await runGraph(graph, { x: filled([2, 3, 4, 2]) });
    expect(y!.shape).toEqual([2, 2, 3, 4]);
    const { conv: plain } = await runGraph(exported(sequential([null, 3, 4, 2], [conv]), {}).graph, { x: filled([2, 3, 4, 2]) }); // prettier-ignore
    const at = (n: number, h: number, w: number, c: number) => Number(plain!.data[((n * 3 + h) * 4 + w) * 2 + c]);
    expect(Number(y!.data[1 * 24 + 1 * 12 + 0 * 4 + 3])).toBeCloseTo(at(1, 2, 3, 1) + filled([2]).data[1]!, 6);
  });

  test('may give several tensors', () => {
    const both: CustomLayer = (_, [x], graph) => [graph.node('Neg', [x]), graph.node('Abs', [x])];
    const layers = [input('x', [null, 5]), layer('two', 'Mine>Two', { calls: [['x']] })];
    const source = model('m', layers, ['two:1', 'two']);
    expect(operators(exported(source, { 'Mine>Two': both }).graph)).toBe('Neg Abs');
  });

  test('that no layer of the model has a use for is told of', () => {
    const { warnings } = exported(sequential([null, 5], [layer('act', 'ReLU')]), { Swish: swish });
    expect(warnings).toEqual(['No layer has the class or the name Swish of a custom layer.']);
  });
});

describe('a custom layer with a fault', () => {
  const source = sequential([null, 5], [own]);
  const of = (custom: unknown) => ({ 'MyPackage>Swish': custom }) as unknown as CustomLayers;

  test('is refused before anything is exported if it is no function', () => {
    const { code, message } = failure(source, of({ lower: swish }));
    expect(code).toBe('USAGE');
    expect(message).toBe('MyPackage>Swish: a custom layer is no function; expected (layer, inputs, graph) => tensor, found object');
  }); // prettier-ignore

  test.each<[string, CustomLayer, RegExp]>([
    ['throws', () => { throw new TypeError('beta is missing'); }, /its custom layer failed; found beta is missing/],
    ['refuses', (_, __, graph) => graph.unsupported('beta must be 1'), /act \(MyPackage>Swish\): beta must be 1/],
    ['gives nothing', () => undefined as never, /no tensor of this graph/],
    ['gives a number', () => 3 as never, /no tensor of this graph/],
    ['reads a weight that is not there', (_, [x], graph) => graph.node('Add', [x, graph.weight('gamma')]), /a weight gamma, and the file has none/],
    ['names no operator', (_, [x], graph) => graph.node('no operator', [x]), /the name of an operator/],
    ['has an attribute of no kind', (_, [x], graph) => graph.node('Softmax', [x], { attributes: { axis: {} } }), /attribute axis is none of/],
    ['fills a shape with too few numbers', (_, [x], graph) => graph.node('Add', [x, graph.constant({ shape: [5], data: [1] })]), /1 numbers do not fill/],
  ])('is named with its layer if it %s', (_title, custom, message) => {
    const error = failure(source, of(custom));
    expect(error.code).toBe('UNSUPPORTED');
    expect(error.message).toMatch(/^act \(MyPackage>Swish\): /);
    expect(error.message).toMatch(message);
  }); // prettier-ignore
});
