import { answers, EITHER, refused, type Expected, type HostileFile } from '../hostile-file.ts';
import { utf8 } from '../write/bytes.ts';
import * as keras from '../write/keras-model.ts';
import type { Layer } from '../write/keras-model.ts';

const { dense, input, LAYERS, normalization, sequential } = keras;
const RIGHT = answers(keras.kerasAnswer());
const UNSUPPORTED = (saying: RegExp): Expected => refused('UNSUPPORTED', saying);
const REFUSED = refused(['CORRUPT', 'UNSUPPORTED', 'WEIGHTS', 'LIMIT', 'FORMAT', 'FILE', 'UNSAFE'], /./);

/** A configuration in each format in which Keras models are saved. */
function* inFormats(
  kind: number,
  name: string,
  config: () => string | Uint8Array,
  expected: Expected,
  weights = keras.WEIGHTS,
): Generator<HostileFile> {
  // prettier-ignore
  for (const format of keras.FORMATS) {
    const { main } = keras.kerasFiles(format, '{}');
    yield { kind, name, format, main, make: () => keras.kerasFiles(format, config(), weights).folder, expected };
  }
}

/** The model with a layer in the place of the second. */
const instead = (layer: unknown) => () => JSON.stringify({ class_name: 'Sequential', config: { name: 'sequential', layers: [LAYERS[0], layer, ...LAYERS.slice(2)] } }); // prettier-ignore

/** Kinds 75 to 80: what a configuration says. */
export function* kerasKinds(): Generator<HostileFile> {
  yield* inFormats(0, 'nothing', () => keras.modelText(), RIGHT);
  yield* jsonTexts();
  yield* programs();
  yield* names();
  yield* numbers();
  yield* connections();
  yield* shapes();
}

function* jsonTexts(): Generator<HostileFile> {
  const text = keras.modelText();
  for (const depth of [600, 100_000]) {
    yield* inFormats(75, `lists in each other, ${depth} deep`, () => text.replace('"activation":"linear"', `"activation":"linear","deep":${'['.repeat(depth)}${']'.repeat(depth)}`), refused('LIMIT', /nested too deeply/)); // prettier-ignore
    yield* inFormats(75, `objects in each other, ${depth} deep`, () => text.replace('"activation":"linear"', `"activation":"linear","deep":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`), refused('LIMIT', /nested too deeply/)); // prettier-ignore
  }
  yield* inFormats(75, 'lists in each other, 400 deep', () => text.replace('"activation":"linear"', `"activation":"linear","deep":${'['.repeat(400)}${']'.repeat(400)}`), RIGHT); // prettier-ignore
  yield* inFormats(75, 'a key __proto__', () => text.replace('"units":4', '"__proto__":{"units":9,"isAdmin":true},"units":4'), RIGHT); // prettier-ignore
  yield* inFormats(75, 'units in a __proto__ alone', () => text.replace('"units":4', '"__proto__":{"units":4}'), EITHER); // prettier-ignore
  yield* inFormats(75, 'the layers in a __proto__', () => text.replace('"layers":', '"__proto__":'), REFUSED);
  yield* inFormats(75, 'keys constructor and toString', () => text.replace('"units":4', '"constructor":{"prototype":{"a":1}},"toString":1,"hasOwnProperty":2,"units":4'), RIGHT); // prettier-ignore
  yield* inFormats(75, 'units twice, the last right', () => text.replace('"units":4', '"units":9,"units":4'), RIGHT);
  yield* inFormats(75, 'units twice, the last wrong', () => text.replace('"units":4', '"units":4,"units":9'), REFUSED);
  yield* inFormats(75, 'NaN and Infinity', () => text.replace('"units":4', '"a":NaN,"b":-Infinity,"c":Infinity,"units":4'), RIGHT); // prettier-ignore
  yield* inFormats(75, 'text behind the end', () => `${text} {}`, REFUSED);
  yield* inFormats(75, 'a comma too many', () => text.replace('"units":4', '"units":4,'), REFUSED);
  yield* inFormats(75, 'a number of 100000 digits', () => text.replace('"units":4', `"a":${'9'.repeat(100_000)},"units":4`), RIGHT); // prettier-ignore
  yield* inFormats(75, 'a text of 5 MB', () => text.replace('"units":4', `"a":"${'x'.repeat(5_000_000)}","units":4`), RIGHT); // prettier-ignore
  yield* inFormats(75, '100000 keys', () => text.replace('"units":4', `${Array.from({ length: 100_000 }, (_, i) => `"k${i}":0,`).join('')}"units":4`), RIGHT); // prettier-ignore
  yield* inFormats(75, 'a text that is not UTF-8', () => utf8(text).map((byte, i, all) => (i > 10 && all[i - 1] === 34 && byte === 97 ? 0xff : byte)), EITHER); // prettier-ignore
  yield* inFormats(75, 'half a surrogate pair', () => text.replace('"name":"d1"', '"name":"\\ud800"'), EITHER);
  yield* inFormats(75, 'a million backslashes', () => text.replace('"units":4', `"a":"${'\\\\'.repeat(500_000)}","units":4`), RIGHT); // prettier-ignore
  yield* inFormats(75, 'many quotes behind backslashes', () => text.replace('"units":4', `"a":"${'\\"'.repeat(300_000)}","units":4`), RIGHT); // prettier-ignore
  yield* inFormats(75, '300000 brackets that never close', () => '{"class_name":'.repeat(300_000), REFUSED);
  for (const config of [
    'null',
    '[]',
    '1',
    '"x"',
    '{}',
    '{"class_name":"Sequential"}',
    '{"class_name":"Sequential","config":null}',
    '{"class_name":"Sequential","config":[]}',
    '{"class_name":"Sequential","config":{"layers":null}}',
    '{"class_name":"Sequential","config":{"layers":[]}}',
    '{"class_name":"Sequential","config":{"layers":[null]}}',
    '{"class_name":"Sequential","config":{"layers":[[]]}}',
    '{"class_name":"Functional","config":{}}',
    '{"class_name":1,"config":2}',
  ])
    // prettier-ignore
    yield* inFormats(75, `the configuration ${config}`, () => config, REFUSED);
}

function* programs(): Generator<HostileFile> {
  const CODE = '4wEAAAAAAAAAAAAAAAEAAAABAAAAQwAAAHMEAAAAfABTACkBTqkA';
  yield* inFormats(76, 'a Lambda of code', instead({ class_name: 'Lambda', config: { name: 'd1', function: [CODE, null, null], function_type: 'lambda', module: '__main__' } }), UNSUPPORTED(/Lambda/)); // prettier-ignore
  yield* inFormats(76, 'a Lambda of Keras 3', instead({ class_name: 'Lambda', module: 'keras.layers', registered_name: null, config: { name: 'd1', function: { class_name: '__lambda__', config: { code: CODE, defaults: null, closure: null } } } }), UNSUPPORTED(/Lambda/)); // prettier-ignore
  yield* inFormats(76, 'a Lambda of a name', instead({ class_name: 'Lambda', config: { name: 'd1', function: 'os.system', arguments: { command: 'touch /tmp/owned' } } }), UNSUPPORTED(/Lambda/)); // prettier-ignore
  yield* inFormats(76, 'an activation of code', instead(dense('d1', 4, { activation: { class_name: '__lambda__', config: { code: CODE } } })), UNSUPPORTED(/./)); // prettier-ignore
  yield* inFormats(76, 'an activation that is a function of os', instead(dense('d1', 4, { activation: { module: 'os', class_name: 'function', config: 'system', registered_name: 'system' } })), UNSUPPORTED(/./)); // prettier-ignore
  yield* inFormats(76, 'safe_mode off', () => keras.modelText().replace('"name":"sequential"', '"name":"sequential","safe_mode":false'), RIGHT); // prettier-ignore
  const CLASSES = ['system', 'Popen', 'eval', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'Dense ', 'dense', 'DENSE', '../Dense', 'TFOpLambda', 'SlicingOpLambda', 'Custom>Evil', 'builtins.eval', '', 'a\0b', '\u001b[31mDense']; // prettier-ignore
  for (const name of CLASSES) {
    yield* inFormats(77, `a layer of class ${JSON.stringify(name)}`, instead({ class_name: name, config: { name: 'd1', units: 4 } }), REFUSED); // prettier-ignore
  }
  yield* inFormats(77, 'a layer of class Dense in module os', instead({ ...dense('d1', 4), module: 'os', registered_name: 'system' }), EITHER); // prettier-ignore
  yield* inFormats(77, 'a class that is no text', instead({ class_name: { a: 1 }, config: { name: 'd1' } }), REFUSED);
  for (const [name, config] of [['TorchModuleWrapper', { module: 'gASVGQ==' }], ['TFSMLayer', { filepath: '../outside' }], ['JaxLayer', {}], ['FlaxLayer', {}], ['StaticHashTable', {}]] as const) // prettier-ignore
    yield* inFormats(78, `a ${name}`, instead({ class_name: name, config: { name: 'd1', ...config } }), UNSUPPORTED(new RegExp(name))); // prettier-ignore
  for (const vocabulary of ['/etc/passwd', '../outside/secret.bin', 'http://localhost/x', 'file:///etc/passwd', 'C:\\x', '/dev/zero'])
    for (const className of ['StringLookup', 'IntegerLookup', 'TextVectorization'])
      yield* inFormats(78, `a ${className} of ${vocabulary}`, instead({ class_name: className, config: { name: 'd1', vocabulary, vocabulary_file: vocabulary, vocabulary_dtype: 'string', idf_weights: null } }), REFUSED); // prettier-ignore
}

function* names(): Generator<HostileFile> {
  const renamed = (name: string, inner = name) => [() => JSON.stringify(sequential([LAYERS[0]!, dense(name, 4), ...LAYERS.slice(2)])), { [inner]: keras.WEIGHTS.d1!, bn: keras.WEIGHTS.bn!, d2: keras.WEIGHTS.d2! }] as const; // prettier-ignore
  for (const name of [
    '../../x',
    '/etc/passwd',
    'a/b',
    '..',
    '',
    ' ',
    'x'.repeat(10_000),
    '\u001b[31mred\u001b[0m',
    '</script>',
    '=cmd|x',
    '__proto__',
    'constructor',
    'toString',
    'a\0b',
    'ä',
    '0',
    'd1/kernel:0',
    'x:0',
    '\u202e',
    "'; --",
  ]) {
    // prettier-ignore
    const [config, weights] = renamed(name);
    for (const format of ['tfjs-layers', 'keras-zip', 'saved-model'] as const) {
      const { main } = keras.kerasFiles(format, '{}');
      yield { kind: 79, name: `a layer named ${JSON.stringify(name.slice(0, 40))}`, format, main, make: () => keras.kerasFiles(format, config(), format === 'tfjs-layers' ? weights : keras.WEIGHTS).folder, expected: name === '' ? EITHER : format === 'tfjs-layers' ? EITHER : RIGHT }; // prettier-ignore
    }
  }
  yield* inFormats(79, 'two layers of one name', () => JSON.stringify(sequential([LAYERS[0]!, dense('d1', 4), normalization('bn'), dense('d1', 2)])), EITHER); // prettier-ignore
  for (const name of [null, 1, true, [], {}]) yield* inFormats(79, `a layer named ${JSON.stringify(name)}`, instead({ class_name: "Dense", config: { name, units: 4 } }), EITHER); // prettier-ignore
}

function* numbers(): Generator<HostileFile> {
  for (const units of [0, -1, 4.5, 2 ** 53, 1e308, -(2 ** 31), '4', null, [4], {}, true])
    yield* inFormats(80, `units ${JSON.stringify(units)}`, instead(dense('d1', units)), EITHER);
  yield* inFormats(80, 'units 1e999', () => keras.modelText().replace('"units":4', '"units":1e999'), EITHER);
  for (const shape of [[], [null], [null, -3], [null, 2 ** 53], [null, 'a'], [null, 3.5], [null, null], [null, ...new Array<number>(1000).fill(1), 3], null, 3, 'x', [[3]], { a: 1 }]) // prettier-ignore
    yield* inFormats(80, `an input of ${JSON.stringify(shape).slice(0, 30)}`, () => JSON.stringify(sequential([input('x', shape as never), ...LAYERS.slice(1)])), EITHER); // prettier-ignore
  for (const axis of [0, 1, 2, -2, 7, 2 ** 31, 1.5, '1', null, [], [1, 2], [-1]]) yield* inFormats(80, `BatchNormalization along ${JSON.stringify(axis)}`, () => JSON.stringify(sequential([LAYERS[0]!, dense('d1', 4), normalization('bn', { axis }), dense('d2', 2)])), EITHER); // prettier-ignore
  for (const epsilon of [0, -1, -7, 1e-45, 1e308, 'a', null, [], true]) yield* inFormats(80, `epsilon ${JSON.stringify(epsilon)}`, () => JSON.stringify(sequential([LAYERS[0]!, dense('d1', 4), normalization('bn', { epsilon }), dense('d2', 2)])), EITHER); // prettier-ignore
  const image = (layer: Layer) => () => JSON.stringify(sequential([input('x', [null, 8, 8, 3]), layer]));
  const BIG = [0, -1, 2 ** 31, 2 ** 53, 1e300];
  for (const value of BIG) {
    const LARGE: readonly [string, Layer][] = [
      ['ZeroPadding2D', { class_name: 'ZeroPadding2D', config: { name: 'l', padding: [[value, value], [value, value]] } }],
      ['UpSampling2D', { class_name: 'UpSampling2D', config: { name: 'l', size: [value, value] } }],
      ['RepeatVector', { class_name: 'RepeatVector', config: { name: 'l', n: value } }],
      ['Reshape', { class_name: 'Reshape', config: { name: 'l', target_shape: [value, 3] } }],
      ['Cropping2D', { class_name: 'Cropping2D', config: { name: 'l', cropping: [[value, 0], [0, 0]] } }],
      ['MaxPooling2D', { class_name: 'MaxPooling2D', config: { name: 'l', pool_size: [value, value], strides: [1, 1] } }],
      ['AveragePooling2D', { class_name: 'AveragePooling2D', config: { name: 'l', pool_size: [2, 2], strides: [value, value], padding: 'same' } }],
      ['Resizing', { class_name: 'Resizing', config: { name: 'l', height: value, width: value } }],
      ['AdaptiveAveragePooling2D', { class_name: 'AdaptiveAveragePooling2D', config: { name: 'l', output_size: [value, value] } }],
      ['CategoryEncoding', { class_name: 'CategoryEncoding', config: { name: 'l', num_tokens: value, output_mode: 'one_hot' } }],
      ['Permute', { class_name: 'Permute', config: { name: 'l', dims: [value, 2, 3] } }],
    ]; // prettier-ignore
    for (const [name, layer] of LARGE) yield* inFormats(80, `a ${name} of ${value}`, image(layer), EITHER, {});
  }
  yield* inFormats(80, '2000 layers', () => JSON.stringify(sequential([LAYERS[0]!, ...Array.from({ length: 2000 }, (_, i): Layer => ({ class_name: 'Activation', config: { name: `a${i}`, activation: 'relu' } })), ...LAYERS.slice(1)])), EITHER); // prettier-ignore
}

function* connections(): Generator<HostileFile> {
  const functional = (nodes: Readonly<Record<string, unknown>>, outputs: unknown = [['d2', 0, 0]], inputs: unknown = [['x', 0, 0]]) => () =>
    JSON.stringify({ class_name: 'Functional', config: { name: 'm', layers: LAYERS.map((layer) => ({ ...layer, name: layer.config.name, inbound_nodes: nodes[layer.config.name as string] ?? [] })), input_layers: inputs, output_layers: outputs } }); // prettier-ignore
  const WIRED = { d1: [[['x', 0, 0, {}]]], bn: [[['d1', 0, 0, {}]]], d2: [[['bn', 0, 0, {}]]] };
  // A SavedModel holds the input among its layers, and this one does not.
  for (const file of inFormats(80, 'layers wired by name', functional(WIRED), RIGHT))
    yield file.format === 'saved-model' ? { ...file, expected: EITHER } : file;
  yield* inFormats(15, 'layers that read each other', functional({ ...WIRED, d1: [[['bn', 0, 0, {}]]] }), REFUSED);
  yield* inFormats(15, 'a layer that reads itself', functional({ ...WIRED, bn: [[['bn', 0, 0, {}]]] }), REFUSED);
  const BAD: readonly [string, unknown][] = [['nobody', [[['nobody', 0, 0, {}]]]], ['call 7', [[['d1', 7, 0, {}]]]], ['tensor 7', [[['d1', 0, 7, {}]]]], ['call -1', [[['d1', -1, 0, {}]]]], ['call 2^53', [[['d1', 2 ** 53, 0, {}]]]], ['tensor 2^31', [[['d1', 0, 2 ** 31, {}]]]], ['__proto__', [[['__proto__', 0, 0, {}]]]], ['nothing', []], ['null', null], ['a number', [[1]]], ['a text', 'd1'], ['100000 inputs', [Array.from({ length: 100_000 }, () => ['d1', 0, 0, {}])]]]; // prettier-ignore
  for (const [name, nodes] of BAD) yield* inFormats(16, `a layer that reads ${name}`, functional({ ...WIRED, bn: nodes }), name === 'nothing' ? EITHER : REFUSED); // prettier-ignore
  for (const [name, outputs] of [
    ['nobody', [['nobody', 0, 0]]],
    ['nothing', []],
    ['null', null],
    [
      'itself twice',
      [
        ['d2', 0, 0],
        ['d2', 0, 0],
      ],
    ],
    ['the input', [['x', 0, 0]]],
    ['__proto__', [['__proto__', 0, 0]]],
  ] as const)
    // prettier-ignore
    yield* inFormats(16, `an output ${name}`, functional(WIRED, outputs), EITHER);
  yield* inFormats(16, 'no inputs', functional(WIRED, [['d2', 0, 0]], []), EITHER);
  const nested = (depth: number): Layer => (depth === 0 ? dense('d1', 4) : { class_name: 'Sequential', config: { name: `s${depth}`, layers: [nested(depth - 1)] as never } }); // prettier-ignore
  for (const depth of [63, 70, 120]) yield* inFormats(7, `${depth} models in each other`, instead(nested(depth)), depth > 64 ? refused('LIMIT', /nested too deeply/) : EITHER); // prettier-ignore
  const wrapped = (depth: number, className: string): Layer => (depth === 0 ? dense('d1', 4) : { class_name: className, config: { name: `w${depth}`, layer: wrapped(depth - 1, className) } }); // prettier-ignore
  for (const className of ['TimeDistributed', 'Bidirectional', 'SpectralNormalization']) yield* inFormats(7, `30 of ${className} in each other`, instead(wrapped(30, className)), className === 'SpectralNormalization' ? EITHER : REFUSED); // prettier-ignore
}

function* shapes(): Generator<HostileFile> {
  const { d1, bn, d2 } = keras.WEIGHTS;
  const kernel = d1!.kernel!;
  const withKernel = (shape: readonly number[]) => ({ d1: { ...d1, kernel: { shape, values: kernel.values } }, bn: bn!, d2: d2! }); // prettier-ignore
  for (const shape of [[4, 3], [12], [2, 6], [3, 4, 1], [1, 12], [6, 2]]) yield* inFormats(80, `a kernel of [${shape.join(', ')}]`, () => keras.modelText(), refused(['WEIGHTS', 'CORRUPT'], /./), withKernel(shape)); // prettier-ignore
  yield* inFormats(80, 'weights that lack a layer', () => keras.modelText(), refused(['WEIGHTS', 'CORRUPT'], /./), { d1: d1!, bn: bn! }); // prettier-ignore
  yield* inFormats(80, 'weights of one layer more', () => keras.modelText(), EITHER, { ...keras.WEIGHTS, d3: d2! });
  yield* inFormats(80, 'weights in another order', () => keras.modelText(), EITHER, { d2: d2!, bn: bn!, d1: d1! });
  yield* inFormats(80, 'no weights', () => keras.modelText(), refused(['WEIGHTS', 'CORRUPT', 'FORMAT'], /./), {});
  const long = { ...keras.WEIGHTS, bn: { ...bn!, moving_variance: { shape: [4], values: [-1, -2, NaN, 0] } } };
  yield* inFormats(53, 'a variance below 0', () => keras.modelText(), EITHER, long);
}
