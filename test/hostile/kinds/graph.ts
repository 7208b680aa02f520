import { answers, EITHER, READ, refused, type HostileFile } from '../hostile-file.ts';
import { field, int } from '../write/protobuf.ts';
import { joined, uint } from '../write/bytes.ts';
import * as onnx from '../write/onnx-file.ts';
import { file, RIGHT } from './wire.ts';

const { node, info, tensor, ints64, graph, normalized } = onnx;
const KEPT = answers(onnx.normalizedAnswer(), 1);
const BN = ['p', 'gamma', 'beta', 'mean', 'variance'] as const;
const bn = (inputs: readonly string[] = BN, outputs: readonly string[] = ['y']) => node('BatchNormalization', inputs, outputs, { epsilon: { float: 0.25 } }); // prettier-ignore
const corrupt = (saying: RegExp) => refused('CORRUPT', saying);

/** Kinds 15 to 27: how nodes hang together. */
export function* graphKinds(): Generator<HostileFile> {
  yield* wrongLinks();
  yield* sameNames();
  yield* subgraphs();
  yield* functions();
  yield* loops();
  yield* bombs();
  yield* domains();
}

function* wrongLinks(): Generator<HostileFile> {
  for (const length of [1, 2, 3, 100, 5000]) {
    const ring = Array.from({ length }, (_, i) => node('Relu', [`r${(i + length - 1) % length}`], [`r${i}`]));
    yield file(15, `a cycle of ${length} nodes`, () => normalized({ nodes: [onnx.product(), ...ring, bn()] }), corrupt(/before .* makes it|cycle|nothing makes/)); // prettier-ignore
  }
  yield file(15, 'nodes in the wrong order', () => normalized({ nodes: [bn(), onnx.product()] }), corrupt(/cycle, or nodes out of order/)); // prettier-ignore
  yield file(15, 'a cycle through a body', () => normalized({ nodes: [onnx.product(), node('If', ['c'], ['y'], { then_branch: { graph: graph({ nodes: [node('Identity', ['y'], ['t'])], outputs: [info('t', [])] }) } })] }), corrupt(/c, which nothing makes/)); // prettier-ignore
  yield file(16, 'an input that nothing makes', () => normalized({ nodes: [node('MatMul', ['nobody', 'W'], ['p']), bn()] }), corrupt(/nobody, which nothing makes/)); // prettier-ignore
  yield file(16, 'an output that nothing makes', () => normalized({ outputs: [info('nobody', [4])] }), corrupt(/output nobody: nothing in the graph makes it/)); // prettier-ignore
  yield file(16, 'an output that is a name of a body', () => normalized({ nodes: [onnx.product(), bn(), node('If', ['W'], ['z'], { then_branch: { graph: graph({ nodes: [node('Identity', ['p'], ['inner'])], outputs: [info('inner', [])] }) } })], outputs: [info('inner', [])] }), corrupt(/output inner/)); // prettier-ignore
  yield file(16, 'a body that reads what comes later', () => normalized({ nodes: [onnx.product(), node('If', ['W'], ['z'], { then_branch: { graph: graph({ nodes: [node('Identity', ['y'], ['inner'])], outputs: [info('inner', [])] }) } }), bn()] }), corrupt(/before/)); // prettier-ignore
  yield file(16, 'a graph with no output', () => normalized({ outputs: [] }), EITHER);
  yield file(16, 'a graph of nothing', () => onnx.model(graph({ nodes: [] })), READ);
  yield file(16, 'a node without an operator', () => normalized({ nodes: [onnx.product(), joined(...BN.map((name) => field(1, name)), field(2, 'y'))] }), corrupt(/names no operator/)); // prettier-ignore
  yield file(16, 'a node without inputs and outputs', () => normalized({ nodes: [onnx.product(), bn(), node('Relu', [], [])] }), EITHER); // prettier-ignore
  yield file(16, 'an input without a name', () => normalized({ inputs: [info('x', ['n', 3]), field(2, '')] }), corrupt(/no name/)); // prettier-ignore
  yield file(16, 'an initializer without a name', () => normalized({ replace: { nameless: joined(int(1, 1), int(2, 1), field(9, uint(0, 4))) } }), corrupt(/no name/)); // prettier-ignore
  yield file(16, 'a node of 100000 inputs', () => normalized({ nodes: [onnx.product(), bn(), node('Sum', Array.from({ length: 100_000 }, () => 'p'), ['z'])] }), READ); // prettier-ignore
  yield file(16, '20000 nodes in a row', () => normalized({ nodes: [onnx.product(), ...chain(20_000, 'Relu', 'p'), bn()] }), READ); // prettier-ignore
  yield file(16, '100 BatchNormalizations in a row', () => normalized({ nodes: [onnx.product(), ...Array.from({ length: 100 }, (_, i) => bn([i === 0 ? 'p' : `n${i - 1}`, ...BN.slice(1)], [`n${i}`])), bn(['n99', ...BN.slice(1)])] }), EITHER); // prettier-ignore
  yield file(16, '20000 readers of one value', () => normalized({ nodes: [onnx.product(), ...Array.from({ length: 20_000 }, (_, i) => node('Add', ['p', 'beta'], [`s${i}`])), bn()] }), READ); // prettier-ignore
  yield file(16, 'a lattice with 2^40 ways through it', () => normalized({ nodes: [onnx.product(), ...Array.from({ length: 40 }, (_, i) => node('Add', [i === 0 ? 'p' : `l${i - 1}`, i === 0 ? 'p' : `l${i - 1}`], [`l${i}`])), bn(['l39', ...BN.slice(1)])] }), READ); // prettier-ignore
  yield file(16, 'a lattice of Concats with 2^40 ways through it', () => normalized({ nodes: [onnx.product(), ...Array.from({ length: 40 }, (_, i) => { const from = i === 0 ? 'p' : `l${i - 1}`; return node('Concat', [from, from], [`l${i}`], { axis: 0 }); }), bn(['l39', ...BN.slice(1)])] }), READ); // prettier-ignore
  yield file(16, 'constants that 40 Adds double', () => normalized({ nodes: [onnx.product(), ...Array.from({ length: 40 }, (_, i) => { const from = i === 0 ? 'gamma' : `g${i - 1}`; return node('Add', [from, from], [`g${i}`]); }), bn(['p', 'g39', ...BN.slice(2)])] }), READ); // prettier-ignore
  yield file(16, 'constants that 40 Concats double', () => normalized({ nodes: [onnx.product(), ...Array.from({ length: 40 }, (_, i) => { const from = i === 0 ? 'gamma' : `g${i - 1}`; return node('Concat', [from, from], [`g${i}`], { axis: 0 }); }), bn(['p', 'g39', ...BN.slice(2)])] }), READ); // prettier-ignore
}

const chain = (count: number, op: string, from: string): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => node(op, [i === 0 ? from : `${op}${i - 1}`], [`${op}${i}`]));

function* sameNames(): Generator<HostileFile> {
  yield file(17, 'an output made twice', () => normalized({ nodes: [onnx.product(), onnx.product(), bn()] }), corrupt(/output p is already made/)); // prettier-ignore
  yield file(17, 'an output made twice by one node', () => normalized({ nodes: [node('Split', ['x'], ['p', 'p']), bn()] }), corrupt(/output p is already/)); // prettier-ignore
  yield file(17, 'an output that is an input', () => normalized({ nodes: [onnx.product(), node('Relu', ['p'], ['x']), bn()] }), corrupt(/output x is already an input/)); // prettier-ignore
  yield file(17, 'an output listed twice', () => normalized({ outputs: [info('y', ['n', 4]), info('y', ['n', 4])] }), corrupt(/listed twice/)); // prettier-ignore
  yield file(17, 'an input listed twice', () => normalized({ inputs: [info('x', ['n', 3]), info('x', ['n', 3])] }), corrupt(/two inputs have this name/)); // prettier-ignore
  yield file(17, 'an attribute twice', () => normalized({ nodes: [onnx.product(), joined(bn(), field(5, onnx.attribute('epsilon', { float: 9 })))] }), corrupt(/attribute epsilon: it appears twice/)); // prettier-ignore
  yield file(17, 'two nodes of one name', () => normalized({ nodes: [joined(onnx.product(), field(3, 'same')), joined(bn(), field(3, 'same'))] }), RIGHT); // prettier-ignore
  for (const name of ['W', 'gamma', 'variance']) {
    yield file(18, `two initializers ${name}, the last one right`, () => normalized({ replace: { before: tensor(name, name === 'W' ? [3, 4] : [4]) } }), corrupt(new RegExp(`${name}: two initializers have this name`))); // prettier-ignore
  }
  yield file(18, 'an initializer and a sparse one of one name', () => normalized({ more: [field(15, field(1, tensor('W', [1])), field(2, ints64('i', [0])), int(3, 12))] }), corrupt(/W: two initializers have this name/)); // prettier-ignore
  yield file(19, 'initializers that are inputs, as IR 3 had them', () => normalized({ ir: 3, inputs: [info('x', ['n', 3]), ...['gamma', 'beta', 'mean', 'variance'].map((name) => info(name, [4])), info('W', [3, 4])] }), RIGHT); // prettier-ignore
  yield file(19, 'an initializer that is an input of another shape', () => normalized({ ir: 3, inputs: [info('x', ['n', 3]), info('gamma', [7])] }), RIGHT); // prettier-ignore
  yield file(19, 'an initializer that is an input of another dtype', () => normalized({ ir: 3, inputs: [info('x', ['n', 3]), info('gamma', [4], 7)] }), RIGHT); // prettier-ignore
  yield file(19, 'an initializer that a node makes', () => normalized({ nodes: [onnx.product(), node('Relu', ['p'], ['gamma']), bn()] }), corrupt(/output gamma is already an input or an initializer/)); // prettier-ignore
  yield file(19, 'an initializer that is an output', () => normalized({ outputs: [info('y', ['n', 4]), info('gamma', [4])] }), RIGHT); // prettier-ignore
  yield file(19, 'x as an initializer too', () => normalized({ replace: { x: tensor('x', [2, 3]) } }), READ);
}

const branch = (nodes: readonly Uint8Array[], output: string, initializers: readonly Uint8Array[] = []): Uint8Array =>
  graph({ nodes, outputs: [info(output, ['n', 4])], initializers, name: 'body' });

function* subgraphs(): Generator<HostileFile> {
  const TRUE = tensor('c', [], { type: 9, raw: Uint8Array.of(1) });
  const ifNode = (then: Uint8Array, otherwise: Uint8Array, output = 'y') => node('If', ['c'], [output], { then_branch: { graph: then }, else_branch: { graph: otherwise } }); // prettier-ignore
  const withIf = (then: Uint8Array, otherwise = branch([node('Neg', ['p'], ['e'])], 'e')) => normalized({ nodes: [onnx.product(), ifNode(then, otherwise)], replace: { c: TRUE } }); // prettier-ignore
  yield file(20, 'a body whose initializer has the name of an outer one', () => withIf(branch([bn(BN, ['t'])], 't', [tensor('gamma', [4], { raw: onnx.parameterBytes('gamma') })])), READ); // prettier-ignore
  yield file(20, 'a body whose node has the name of an outer value', () => withIf(branch([node('Neg', ['gamma'], ['beta']), bn(BN, ['t'])], 't')), READ); // prettier-ignore
  yield file(20, 'a BatchNormalization whose parameters are read in a body alone', () => withIf(branch([bn(BN, ['t'])], 't')), READ); // prettier-ignore
  yield file(20, 'a body without outputs', () => withIf(graph({ nodes: [] }), graph({ nodes: [] })), EITHER);
  yield file(20, 'a body whose output is an outer value', () => withIf(graph({ nodes: [], outputs: [info('p', [])] })), EITHER); // prettier-ignore
  yield file(20, 'an If that has no branches', () => normalized({ nodes: [onnx.product(), node('If', ['c'], ['z']), bn()], replace: { c: TRUE } }), READ); // prettier-ignore
  yield file(20, 'an attribute that is a graph and holds none', () => normalized({ nodes: [onnx.product(), node('If', ['c'], ['y'], { then_branch: joined(field(1, 'then_branch'), int(20, 5)) })], replace: { c: TRUE } }), corrupt(/holds no graph/)); // prettier-ignore
  yield file(20, '2000 bodies side by side', () => normalized({ nodes: [onnx.product(), ...Array.from({ length: 2000 }, (_, i) => ifNode(branch([bn(BN, [`t${i}`])], `t${i}`), branch([bn(BN, [`e${i}`])], `e${i}`), `o${i}`)), bn()], replace: { c: TRUE } }), READ); // prettier-ignore
}

const func = (name: string, nodes: readonly Uint8Array[], more: readonly Uint8Array[] = []): Uint8Array =>
  field(25, field(1, name), field(4, 'a'), field(5, 'b'), ...nodes.map((each) => field(7, each)), field(9, field(1, ''), int(2, 17)), field(9, field(1, 'f'), int(2, 1)), field(10, 'f'), ...more); // prettier-ignore

const withFunctions = (functions: readonly Uint8Array[], call = 'F'): Uint8Array =>
  joined(normalized({ nodes: [onnx.product(), node(call, ['p'], ['q'], {}, 'f'), bn(['q', ...BN.slice(1)])], opsets: [onnx.opset(17), onnx.opset(1, 'f')] }), ...functions); // prettier-ignore

function* functions(): Generator<HostileFile> {
  const calls = (name: string, from = 'a', to = 'b') => node(name, [from], [to], {}, 'f');
  const ITSELF = corrupt(/calls itself/);
  yield file(21, 'a function that calls itself', () => withFunctions([func('F', [calls('F')])]), ITSELF);
  for (const length of [2, 3, 60, 200]) {
    yield file(21, `${length} functions that call each other in a ring`, () => withFunctions([func('F', [calls('F1')]), ...Array.from({ length: length - 1 }, (_, i) => func(`F${i + 1}`, [calls(i + 2 === length ? 'F' : `F${i + 2}`)]))]), EITHER); // prettier-ignore
    yield file(21, `${length} functions that call each other in a row`, () => withFunctions([func('F', [calls('F1')]), ...Array.from({ length }, (_, i) => func(`F${i + 1}`, [i + 1 === length ? node('Identity', ['a'], ['b']) : calls(`F${i + 2}`)]))]), EITHER); // prettier-ignore
  }
  yield file(21, 'a function that calls itself in a body', () => withFunctions([func('F', [node('If', ['a'], ['b'], { then_branch: { graph: branch([calls('F', 'a', 't')], 't') } })])]), ITSELF); // prettier-ignore
  yield file(21, 'functions that double 40 times', () => withFunctions([func('F', [calls('F0', 'a', 't'), calls('F0', 't', 'b')]), ...Array.from({ length: 40 }, (_, i) => func(`F${i}`, i === 39 ? [node('Identity', ['a'], ['b'])] : [calls(`F${i + 1}`, 'a', 't'), calls(`F${i + 1}`, 't', 'b')]))]), EITHER); // prettier-ignore
  yield file(21, 'functions that triple 11 times', () => withFunctions([func('F', [calls('F0', 'a', 't'), calls('F0', 't', 'u'), calls('F0', 'u', 'b')]), ...Array.from({ length: 11 }, (_, i) => func(`F${i}`, i === 10 ? [node('Identity', ['a'], ['b'])] : [calls(`F${i + 1}`, 'a', 't'), calls(`F${i + 1}`, 't', 'u'), calls(`F${i + 1}`, 'u', 'b')]))]), EITHER); // prettier-ignore
  yield file(21, 'two functions of one name', () => withFunctions([func('F', [node('Neg', ['a'], ['b'])]), func('F', [node('Identity', ['a'], ['b'])])]), EITHER); // prettier-ignore
  yield file(21, 'a function of the same input twice', () => withFunctions([func('F', [node('Identity', ['a'], ['b'])], [field(4, 'a')])]), EITHER); // prettier-ignore
  yield file(21, 'a function whose output nothing makes', () => withFunctions([func('F', [])]), EITHER);
  yield file(21, 'a function whose nodes go in a circle', () => withFunctions([func('F', [node('Neg', ['c'], ['d']), node('Neg', ['d'], ['c']), node('Identity', ['a'], ['b'])])]), EITHER); // prettier-ignore
  yield file(21, 'an attribute that refers to one that is not there', () => withFunctions([func('F', [node('LeakyRelu', ['a'], ['b'], { alpha: joined(field(1, 'alpha'), field(21, 'nobody'), int(20, 1)) })])]), EITHER); // prettier-ignore
  yield file(21, 'no graph, only functions', () => joined(int(1, 8), onnx.opset(17), func('F', [calls('F')])), READ);
}

function* loops(): Generator<HostileFile> {
  const body = (inner: readonly Uint8Array[], from: string): Uint8Array => graph({ nodes: [...inner, node('Identity', ['c'], ['d'])], inputs: [info('i', [], 7), info('c', [], 9), info('v', ['n', 4])], outputs: [info('d', [], 9), info(from, ['n', 4])], name: 'body' }); // prettier-ignore
  const nest = (depth: number): Uint8Array => {
    let inner = [node('Relu', ['v'], ['w0'])];
    for (let level = 1; level <= depth; level++) inner = [node('Loop', ['times', '', 'v'], [`w${level}`], { body: { graph: (body(inner, `w${level - 1}`)) } })]; // prettier-ignore
    return normalized({ nodes: [onnx.product(), node('Identity', ['p'], ['v']), ...inner, bn()], replace: { times: ints64('times', [100]) } }); // prettier-ignore
  };
  for (const depth of [5, 20]) yield file(22, `${depth} Loops in each other`, () => nest(depth), EITHER);
  yield file(22, '100 Loops in each other', () => nest(100), corrupt(/max depth/));
  const loop = (times: bigint | number) => normalized({ nodes: [onnx.product(), node('Loop', ['times', '', 'p'], ['q'], { body: { graph: body([node('Relu', ['v'], ['w'])], 'w') } }), bn(['q', ...BN.slice(1)])], replace: { times: ints64('times', [times]) } }); // prettier-ignore
  for (const times of [0, -1, 2n ** 62n, 2n ** 63n - 1n])
    yield file(23, `a Loop of ${times} runs`, () => loop(times), READ);
  yield file(23, 'a Loop without an end', () => normalized({ nodes: [onnx.product(), node('Loop', ['', '', 'p'], ['q'], { body: { graph: body([node('Relu', ['v'], ['w'])], 'w') } }), bn(['q', ...BN.slice(1)])] }), READ); // prettier-ignore
}

function* bombs(): Generator<HostileFile> {
  const into = (nodes: readonly Uint8Array[], initializers: Readonly<Record<string, Uint8Array>>, gamma = 'g') =>
    normalized({ nodes: [...nodes, onnx.product(), bn(['p', gamma, ...BN.slice(2)])], replace: initializers });
  for (const size of [2 ** 27, 2 ** 40, 2n ** 62n, -1n, 2n ** 63n]) {
    const shape = { s: ints64('s', [size]) };
    yield file(24, `ConstantOfShape of ${size}`, () => into([node('ConstantOfShape', ['s'], ['g'])], shape), READ);
    yield file(24, `ConstantOfShape of ${size}, by a Constant`, () => into([node('Constant', [], ['t'], { value: { tensor: ints64('', [size]) } }), node('ConstantOfShape', ['t'], ['g'])], {}), READ); // prettier-ignore
    yield file(24, `Expand to ${size}`, () => into([node('Expand', ['gamma', 's'], ['g'])], { s: ints64('s', [size, 4]) }), READ); // prettier-ignore
    yield file(24, `Tile by ${size}`, () => into([node('Tile', ['gamma', 's'], ['g'])], shape), READ);
    yield file(24, `Range to ${size}`, () => into([node('Range', ['a', 's', 'one'], ['g'])], { a: tensor('a', [], { type: 7, raw: uint(0, 8) }), s: tensor('s', [], { type: 7, raw: uint(size, 8) }), one: tensor('one', [], { type: 7, raw: uint(1, 8) }) }), READ); // prettier-ignore
    yield file(24, `Pad by ${size}`, () => into([node('Pad', ['gamma', 's'], ['g'])], { s: ints64('s', [size, 0]) }), READ); // prettier-ignore
    yield file(24, `Resize to ${size}`, () => into([node('Resize', ['gamma', '', '', 's'], ['g'])], shape), READ);
    yield file(24, `Reshape to ${size}`, () => into([node('Reshape', ['gamma', 's'], ['g'])], shape), READ);
    yield file(24, `OneHot of ${size}`, () => into([node('OneHot', ['s', 's', 'gamma'], ['g'])], shape), READ);
    yield file(24, `EyeLike of ${size}`, () => into([node('ConstantOfShape', ['s'], ['e']), node('EyeLike', ['e'], ['g'])], { s: ints64('s', [size, size]) }), READ); // prettier-ignore
    yield file(24, `Slice by steps of ${size}`, () => into([node('Slice', ['gamma', 'z', 's', 'z', 's'], ['g'])], { ...shape, z: ints64('z', [0]) }), READ); // prettier-ignore
    yield file(24, `Gather of place ${size}`, () => into([node('Gather', ['gamma', 's'], ['g'])], shape), READ);
    yield file(24, `Split into ${size}`, () => into([node('Split', ['gamma', 's'], ['g'])], shape), READ);
  }
  yield file(24, 'weights that Expand makes 4 TiB large', () => normalized({ nodes: [node('Expand', ['one', 's'], ['W2']), node('MatMul', ['x', 'W2'], ['p']), bn()], replace: { one: tensor('one', [1]), s: ints64('s', [3, 2 ** 40]) } }), READ); // prettier-ignore
  yield file(24, 'a thousand Expands of 2^25', () => normalized({ nodes: [onnx.product(), ...Array.from({ length: 1000 }, (_, i) => node('Expand', ['gamma', 's'], [`g${i}`])), ...Array.from({ length: 1000 }, (_, i) => node('Mul', ['p', `g${i}`], [`m${i}`])), bn()], replace: { s: ints64('s', [2 ** 23, 4]) } }), READ); // prettier-ignore
}

function* domains(): Generator<HostileFile> {
  yield file(25, 'a node of an unknown domain', () => normalized({ nodes: [onnx.product(), node('Anything', ['p'], ['q'], {}, 'com.nobody'), bn()], opsets: [onnx.opset(17), onnx.opset(1, 'com.nobody')] }), READ); // prettier-ignore
  yield file(25, 'a node of a domain without an opset', () => normalized({ nodes: [onnx.product(), node('Anything', ['p'], ['q'], {}, 'com.nobody'), bn()] }), refused('CORRUPT', /no opset of com\.nobody/)); // prettier-ignore
  yield file(26, 'a BatchNormalization of a foreign domain', () => normalized({ nodes: [onnx.product(), node('BatchNormalization', BN, ['y'], {}, 'com.nobody')], opsets: [onnx.opset(17), onnx.opset(1, 'com.nobody')] }), READ); // prettier-ignore
  yield file(26, 'a MatMul of a foreign domain', () => normalized({ nodes: [node('MatMul', ['x', 'W'], ['p'], {}, 'com.nobody'), bn()], opsets: [onnx.opset(17), onnx.opset(1, 'com.nobody')] }), READ); // prettier-ignore
  yield file(26, 'a function of the model that is called MatMul', () => joined(normalized({ nodes: [node('MatMul', ['x'], ['p'], {}, 'f'), bn()], opsets: [onnx.opset(17), onnx.opset(1, 'f')] }), func('MatMul', [node('Neg', ['a'], ['b'])])), READ); // prettier-ignore
  yield file(26, 'a function of the model in the place of BatchNormalization', () => joined(normalized(), field(25, field(1, 'BatchNormalization'), ...['a', 'g', 'h', 'i', 'j'].map((name) => field(4, name)), field(5, 'b'), field(7, node('Identity', ['a'], ['b'])), field(9, field(1, ''), int(2, 17)), field(10, ''))), EITHER); // prettier-ignore
  const conv = (attributes: Readonly<Record<string, number | readonly number[]>>) => onnx.model(graph({ nodes: [node('Conv', ['x', 'W'], ['p'], attributes), bn()], initializers: [tensor('W', [4, 3, 1, 1]), ...Object.values(onnx.initializers()).slice(1)], inputs: [info('x', ['n', 3, 5, 4])], outputs: [info('y', ['n', 4, 5, 4])] })); // prettier-ignore
  const ODD: readonly [string, Readonly<Record<string, number | readonly number[]>>][] = [
    ['group 0', { group: 0 }],
    ['group -1', { group: -1 }],
    ['group 2^31', { group: 2 ** 31 }],
    ['group 7', { group: 7 }],
    ['strides 0', { strides: [0, 0] }],
    ['strides -1', { strides: [-1, 1] }],
    ['dilations 0', { dilations: [0, 0] }],
    ['dilations 2^53', { dilations: [2 ** 53, 1] }],
    ['pads below 0', { pads: [-9, -9, -9, -9] }],
    ['pads of 2^60', { pads: [2 ** 60, 0, 0, 0] }],
    ['one pad', { pads: [1] }],
    ['a kernel of another shape', { kernel_shape: [3, 3] }],
    ['a kernel of no dimensions', { kernel_shape: [] }],
  ];
  for (const [name, attributes] of ODD) yield file(27, `a Conv of ${name}`, () => conv(attributes), EITHER);
  yield file(27, 'an Attention without heads, which kills onnxruntime', () => onnx.model(graph({ nodes: [node('Attention', ['q', 'k', 'v'], ['y'], { q_num_heads: 9, kv_num_heads: 0 })], inputs: [info('q', [2, 4, 72]), info('k', [2, 6, 24]), info('v', [2, 6, 24])], outputs: [info('y', [2, 4, 72])] }), { ir: 10, opsets: [onnx.opset(23)] }), READ); // prettier-ignore
}

export { KEPT, bn, BN, corrupt };
