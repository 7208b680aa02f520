import { describe, expect, test } from 'vitest';
import { EdgefoldError } from '../../../src/errors.ts';
import type { JsonValue, SourceLayer, TensorRef } from '../../../src/export/source-model.ts';
import type { LayerSpec, ModelSpec } from '../../../src/export/read/spec.ts';
import { readTopology } from '../../../src/export/read/topology.ts';
import { batchNorm, called, dense, functional, input, item, sequential } from './fixtures.ts';

const topology = (config: JsonValue): ModelSpec => readTopology(config, 'config.json');
const layer = (model: ModelSpec, name: string): LayerSpec => model.layers.find((one) => one.name === name)!;
const ref = (name: string, call = 0, tensor = 0): TensorRef => ({ layer: name, call, tensor });
const refsOf = ({ calls }: Pick<SourceLayer, 'calls'>): unknown => calls.map(({ args }) => args);

const kerasTensor = (layer: string, node = 0, tensor = 0): JsonValue => ({
  class_name: '__keras_tensor__',
  config: { shape: [null, 4], dtype: 'float32', keras_history: [layer, node, tensor] },
});
const keras3 = (className: string, name: string, nodes: JsonValue[], extra: Record<string, JsonValue> = {}) => ({
  module: 'keras.layers',
  class_name: className,
  name,
  registered_name: null,
  config: { name, trainable: true, dtype: 'float32', ...(extra.config as object) },
  inbound_nodes: nodes,
  ...(extra.module ? { module: extra.module } : {}),
});
const inner = sequential('inner', input('inner_input', 4), dense('d', 4));

describe('Sequential', () => {
  test('is wired one layer after the other', () => {
    const model = topology(sequential('s', input('in', 4), dense('a', 3), dense('b', 2)));
    expect(model.inputs).toEqual([ref('in')]);
    expect(model.outputs).toEqual([ref('b')]);
    expect(layer(model, 'in').calls).toEqual([]);
    expect(refsOf(layer(model, 'b'))).toEqual([[{ ref: ref('a') }]]);
  });

  test('reads the bare list of Keras 2.2', () => {
    const model = topology({ class_name: 'Sequential', config: [dense('a', 3, { batch_input_shape: [null, 4] })] });
    expect(model.layers.map(({ name }) => name)).toEqual(['a_input', 'a']);
    expect(model.layers[0]!.config.batch_shape).toEqual([null, 4]);
  });

  test.each([
    ['its build shape', { build_input_shape: [null, 7] }, {}],
    ['its build config', {}, { build_config: { input_shape: [null, 7] } }],
  ])('takes the shape of an input that is not listed from %s', (_, fields, extra) => {
    const model = topology({ class_name: 'Sequential', config: { layers: [dense('a', 3)], ...fields }, ...extra });
    expect(model.layers[0]).toMatchObject({ className: 'InputLayer', config: { batch_shape: [null, 7] } });
  });

  test('takes the shape of an input that is not listed from the model inside', () => {
    const model = topology(sequential('outer', inner));
    expect(model.layers[0]).toMatchObject({ name: 'inner_input', config: { batch_shape: [null, 4] } });
  });
});

describe('calls', () => {
  test('of Keras 2 with several tensors have one list', () => {
    const model = topology(
      functional(
        'm', ['a', 'b'], [['sum', 0, 0]], called(input('a', 4)), called(input('b', 4)),
        called(item('Add', 'sum'), [['a', 0, 0], ['b', 0, 0]]),
      ),
    ); // prettier-ignore
    expect(refsOf(layer(model, 'sum'))).toEqual([[{ list: [{ ref: ref('a') }, { ref: ref('b') }] }]]);
  });

  test('of Keras 2 hold constants and connections among their keywords', () => {
    const node: JsonValue = [[['a', 0, 0, { y: ['b', 0, 0], training: false, axis: ['c', 0, 0] }]]];
    const model = topology(
      functional('m', ['a', 'b'], [['f', 0, 0]], called(input('a', 4)), called(input('b', 4)), {
        ...item('Dot', 'f'), name: 'f', inbound_nodes: node,
      }),
    ); // prettier-ignore
    expect(layer(model, 'f').calls).toEqual([
      {
        args: [{ ref: ref('a') }],
        kwargs: { y: { ref: ref('b') }, training: { constant: false }, axis: { constant: ['c', 0, 0] } },
      },
    ]);
  });

  test('of Keras 2 hold constants among their tensors', () => {
    const node: JsonValue = [[['a', 0, 0, {}], ['_CONSTANT_VALUE', -1, 3, {}]]]; // prettier-ignore
    const model = topology(
      functional('m', ['a'], [['f', 0, 0]], called(input('a', 4)), {
        ...item('Add', 'f'),
        name: 'f',
        inbound_nodes: node,
      }),
    );
    expect(refsOf(layer(model, 'f'))).toEqual([[{ list: [{ ref: ref('a') }, { constant: 3 }] }]]);
  });

  test('of Keras 3 keep arguments, keywords and lists apart', () => {
    const node = { args: [[kerasTensor('a'), kerasTensor('b')], 2], kwargs: { mask: kerasTensor('b'), axis: [1, 2] } };
    const model = topology(
      functional('m', ['a', 'b'], [['f', 0, 0]], called(input('a', 4)), called(input('b', 4)),
        keras3('Concatenate', 'f', [node]),
      ),
    ); // prettier-ignore
    expect(layer(model, 'f').calls).toEqual([
      {
        args: [{ list: [{ ref: ref('a') }, { ref: ref('b') }] }, { constant: 2 }],
        kwargs: { mask: { ref: ref('b') }, axis: { constant: [1, 2] } },
      },
    ]);
  });

  test.each([
    ['a layer that is not there', [['nobody', 0, 0]]],
    ['a call that was not made', [['a', 1, 0]]],
  ])('that lead to %s are refused', (_, nodes) => {
    const broken = functional('m', ['a'], [['f', 0, 0]], called(input('a', 4)), called(dense('f', 2), nodes as never));
    expect(() => topology(broken)).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
  });
});

describe('calls of a nested model, called twice,', () => {
  const twice = (nested: JsonValue, first: number) => {
    const keras2 = called(nested as never, [['a', 0, 0]], [['b', 0, 0]]);
    const both: [string, number, number][] = [['inner', first, 0], ['inner', first + 1, 0]]; // prettier-ignore
    return topology(
      functional('m', ['a', 'b'], both, called(input('a', 4)), called(input('b', 4)), keras2,
        called(dense('d', 1), [both[1]!])),
    ); // prettier-ignore
  };
  const functionalInner = functional('inner', ['i'], [['d', 0, 0]], called(input('i', 4)), called(dense('d', 4), [['i', 0, 0]])); // prettier-ignore

  test.each([
    ['from 1 for a Functional of Keras 2', functionalInner, 1],
    ['from 1 for a Sequential with an input of Keras 2', inner, 1],
    ['from 0 for an unbuilt Sequential of Keras 2', sequential('inner', dense('d', 4)), 0],
  ])('count %s', (_, nested, first) => {
    const model = twice(nested, first);
    expect(model.outputs).toEqual([ref('inner', 0), ref('inner', 1)]);
    expect(refsOf(layer(model, 'd'))).toEqual([[{ ref: ref('inner', 1) }]]);
  });

  test.each([
    ['Functional', functionalInner, 1],
    ['Sequential', inner, 0],
  ])('count from 0 in nodes of Keras 3 and as its get_config does at the ends, for %s', (_, nested, first) => {
    const model = topology(
      functional('m', ['a', 'b'], [['inner', first + 1, 0]], called(input('a', 4)), called(input('b', 4)),
        { ...nested, name: 'inner', inbound_nodes: [
          { args: [kerasTensor('a')], kwargs: {} }, { args: [kerasTensor('b')], kwargs: {} }] },
        keras3('Dense', 'd', [{ args: [kerasTensor('inner', 1)], kwargs: {} }])),
    ); // prettier-ignore
    expect(model.outputs).toEqual([ref('inner', 1)]);
    expect(refsOf(layer(model, 'd'))).toEqual([[{ ref: ref('inner', 1) }]]);
  });

  test('are told by an index that only one way of counting allows', () => {
    const model = twice(sequential('inner', dense('d', 4)), 1);
    expect(model.outputs).toEqual([ref('inner', 0), ref('inner', 1)]);
  });
});

describe('the ends of a model', () => {
  const withEnds = (inputs: JsonValue, outputs: JsonValue) =>
    topology({
      class_name: 'Model',
      config: {
        name: 'm',
        layers: [called(input('b', 4)), called(input('a', 4)), called(dense('d', 2), [['a', 0, 0]])],
        input_layers: inputs,
        output_layers: outputs,
      },
    });

  test('may be one connection', () => {
    expect(withEnds(['a', 0, 0], ['d', 0, 0])).toMatchObject({ inputs: [ref('a')], outputs: [ref('d')] });
  });

  test('may be named, and stand in the order of their names', () => {
    const model = withEnds({ z: ['b', 0, 0], k: ['a', 0, 0] }, { y: ['d', 0, 0], x: ['b', 0, 0] });
    expect(model).toMatchObject({ inputs: [ref('a'), ref('b')], outputs: [ref('b'), ref('d')] });
  });
});

describe('configs', () => {
  const config = (one: JsonValue) => topology(sequential('s', input('i', 4), one)).layers[1]!.config;

  test('have activations by name', () => {
    const activation = { module: 'builtins', class_name: 'function', config: 'relu', registered_name: 'function' };
    expect(config(dense('d', 2, { activation })).activation).toBe('relu');
    const layer = { class_name: 'LeakyReLU', config: { alpha: 0.1 } };
    expect(config(dense('d', 2, { activation: layer })).activation).toEqual(layer);
  });

  test('have the axis of a BatchNormalization as a number', () => {
    expect(config(batchNorm('b', { axis: [3] })).axis).toBe(3);
    expect(config(batchNorm('b', { axis: -1 })).axis).toBe(-1);
  });

  test('have lists where the file has tuples', () => {
    const tuple = { class_name: '__tuple__', items: [3, { class_name: '__tuple__', items: [1, 2] }] };
    expect(config(item('Conv2D', 'c', { kernel_size: tuple })).kernel_size).toEqual([3, [1, 2]]);
  });

  test('have lists where a SavedModel has shapes', () => {
    const shape = { class_name: 'TensorShape', items: [null, 3, 3, 1] };
    const model = topology({ class_name: 'Sequential', config: { name: 's', layers: [dense('d', 2)], build_input_shape: shape } }); // prettier-ignore
    expect(model.layers[0]!.config.batch_shape).toEqual([null, 3, 3, 1]);
  });

  test('of inputs have batch_shape', () => {
    const shape = { class_name: '__tuple__', items: [null, 28, 28] };
    const model = topology(sequential('s', item('InputLayer', 'i', { batch_input_shape: shape }), dense('d', 2)));
    expect(model.layers[0]!.config.batch_shape).toEqual([null, 28, 28]);
  });

  test('keep a member named __proto__ as plain data', () => {
    const hostile = JSON.parse('{"name": "d", "units": 2, "__proto__": {"use_bias": false}}') as JsonValue;
    const read = config({ class_name: 'Dense', config: hostile });
    expect(read.use_bias).toBeUndefined();
    expect(Object.hasOwn(read, '__proto__')).toBe(true);
  });
});

describe('class names', () => {
  const classOf = (one: JsonValue) => topology(sequential('s', input('i', 4), one)).layers[1]!;

  test.each([
    ['BatchNormalizationV1', 'BatchNormalization'],
    ['BatchNormalizationV2', 'BatchNormalization'],
    ['SyncBatchNormalization', 'BatchNormalization'],
    ['Convolution2D', 'Conv2D'],
    ['UnifiedLSTM', 'LSTM'],
    ['Dense', 'Dense'],
  ])('%s is %s', (written, today) => {
    expect(classOf(item(written, 'x'))).toMatchObject({ className: today, sourceClassName: written });
  });

  test('of other packages never pass for those of Keras', () => {
    expect(classOf({ ...item('Dense', 'x'), module: '__main__', registered_name: 'mine>Dense' }).className).toBe(
      'mine>Dense',
    );
    expect(classOf({ ...item('Dense', 'x'), module: 'evil', registered_name: 'Dense' }).className).toBe('evil>Dense');
  });

  test('Model, Network and Functional are one', () => {
    for (const name of ['Model', 'Network', 'Functional']) {
      const model = { ...functional('m', ['a'], [['d', 0, 0]], called(input('a', 4)), called(dense('d', 2), [['a', 0, 0]])), class_name: name }; // prettier-ignore
      expect(topology(sequential('s', input('i', 4), model)).layers[1]!).toMatchObject({ className: 'Functional' });
    }
  });

  test('tell operations from layers by their module', () => {
    const op = {
      ...keras3('Add', 'add', [{ args: [kerasTensor('a'), 3], kwargs: {} }]),
      module: 'keras.src.ops.numpy',
    };
    const model = topology(functional('m', ['a'], [['add', 0, 0]], called(input('a', 4)), op));
    expect(layer(model, 'add')).toMatchObject({ className: 'Add', isOperation: true });
  });
});

test.each([
  ['a subclassed model', { class_name: 'MyModel', config: { name: 'mine' } }],
  ['something else', ['Sequential']],
])('%s is refused', (_, config) => {
  expect(() => topology(config)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
});

test('two layers of one name are refused', () => {
  expect(() => topology(sequential('s', input('i', 4), dense('d', 2), dense('d', 2)))).toThrow(/same name/);
});

test('models nested without end are refused', () => {
  let nested: JsonValue = dense('d', 1);
  for (let level = 0; level < 80; level++) nested = sequential(`s${String(level)}`, nested);
  expect(() => topology(nested)).toThrow(expect.objectContaining({ code: 'LIMIT' }));
});

test('a config with parts replaced by anything is read or refused, and never breaks the reader', () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const JUNK: JsonValue[] = [
    null,
    0,
    -1,
    Infinity,
    '',
    [],
    {},
    true,
    [[]],
    [null],
    { a: 1 },
    ['a', 0, 0],
    [['a', 0, 0, {}]],
  ];
  const damaged = (value: JsonValue): JsonValue => {
    if (random(100) < 2) return JUNK[random(JUNK.length)]!;
    if (Array.isArray(value)) return (value as JsonValue[]).map(damaged);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [random(100) < 1 ? 'x' : key, damaged(one)]));
  };
  const whole = functional('m', ['a'], [['f', 0, 0], ['inner', 1, 0]], called(input('a', 4)),
    called(inner, [['a', 0, 0]]), keras3('Add', 'f', [{ args: [[kerasTensor('a'), kerasTensor('inner')]], kwargs: {} }]),
  ); // prettier-ignore
  const outcomes = new Set<string>();
  for (let trial = 0; trial < 3000; trial++) {
    try {
      topology(damaged(whole));
      outcomes.add('read');
    } catch (error) {
      if (!(error instanceof EdgefoldError)) throw error;
      outcomes.add(error.code);
    }
  }
  expect(outcomes).toEqual(new Set(['read', 'CORRUPT', 'UNSUPPORTED']));
});
