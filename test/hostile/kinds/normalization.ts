import { answers, EITHER, READ, type HostileFile } from '../hostile-file.ts';
import { floats } from '../write/bytes.ts';
import * as onnx from '../write/onnx-file.ts';
import { bn, BN, KEPT } from './graph.ts';
import { file, RIGHT } from './wire.ts';

const { node, info, tensor, normalized } = onnx;
const BEYOND: readonly [string, number][] = [
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
];
const NORMAL = { epsilon: { float: 0.25 } };

const parameter = (name: string, values: readonly number[]) => () => normalized({ replace: { [name]: tensor(name, [values.length], { raw: floats(values) }) } }); // prettier-ignore

/** Kinds 53 to 64: BatchNormalizations that cannot, or must not, be folded. */
export function* normalizationKinds(): Generator<HostileFile> {
  yield* values();
  yield* forms();
  yield* surroundings();
}

function* values(): Generator<HostileFile> {
  for (const variance of [-1, -0.25, -1e-3, -Number.MAX_VALUE])
    yield file(53, `a variance of ${variance}`, parameter('variance', [1, variance, 1, 1]), EITHER);
  for (const [name, value] of BEYOND) {
    for (const place of ['gamma', 'beta', 'mean', 'variance']) yield file(54, `${name} in ${place}`, parameter(place, [1, 1, value, 1]), EITHER); // prettier-ignore
    yield file(54, `${name} in W`, () => normalized({ replace: { W: tensor('W', [3, 4], { raw: floats([value, ...new Array<number>(11).fill(1)]) }) } }), EITHER); // prettier-ignore
    yield file(55, `epsilon ${name}`, () => normalized({ nodes: [onnx.product(), onnx.batchNormalization({ epsilon: { float: value } })] }), EITHER); // prettier-ignore
    yield file(55, `momentum ${name}`, () => normalized({ nodes: [onnx.product(), onnx.batchNormalization({ ...NORMAL, momentum: { float: value } })] }), RIGHT); // prettier-ignore
  }
  for (const epsilon of [0, -0, -1, -1e-45, 1e-45, 3e38])
    yield file(55, `variance 0 and epsilon ${epsilon}`, () => normalized({ nodes: [onnx.product(), onnx.batchNormalization({ epsilon: { float: epsilon } })], replace: { variance: tensor('variance', [4], { raw: floats([0, 0, 0, 0]) }) } }), EITHER); // prettier-ignore
  for (const [gamma, variance] of [[3e38, 1e-30], [1e-38, 1e38], [1e-45, 1], [3e38, 0], [-3e38, 1e-38]] as const)
    yield file(56, `gamma ${gamma} and variance ${variance}`, () => normalized({ nodes: [onnx.product(), onnx.batchNormalization({ epsilon: { float: 1e-45 } })], replace: { gamma: tensor('gamma', [4], { raw: floats([gamma, gamma, gamma, gamma]) }), variance: tensor('variance', [4], { raw: floats([variance, variance, variance, variance]) }) } }), EITHER); // prettier-ignore
  for (const [mean, beta] of [[3e38, 3e38], [-3e38, 3e38], [3e38, -3e38]] as const)
    yield file(56, `mean ${mean} and beta ${beta}`, () => normalized({ replace: { mean: tensor('mean', [4], { raw: floats([mean, mean, mean, mean]) }), beta: tensor('beta', [4], { raw: floats([beta, beta, beta, beta]) }) } }), EITHER); // prettier-ignore
}

function* forms(): Generator<HostileFile> {
  for (const place of ['gamma', 'beta', 'mean', 'variance'])
    for (const count of [0, 1, 3, 5, 100_000])
      yield file(57, `${count} elements in ${place}`, parameter(place, new Array<number>(count).fill(1)), EITHER);
  for (const dims of [[4, 1], [1, 4], [2, 2], [1, 4, 1, 1], []])
    yield file(57, `gamma of [${dims.join(', ')}]`, () => normalized({ replace: { gamma: tensor('gamma', dims) } }), EITHER); // prettier-ignore
  for (const inputs of [0, 1, 2, 3, 4, 6, 30])
    yield file(57, `a BatchNormalization of ${inputs} inputs`, () => normalized({ nodes: [onnx.product(), node('BatchNormalization', Array.from({ length: inputs }, (_, i) => BN[i] ?? 'beta'), ['y'], NORMAL)] }), EITHER); // prettier-ignore
  for (const missing of [1, 2, 3, 4])
    yield file(57, `a BatchNormalization without input ${missing}`, () => normalized({ nodes: [onnx.product(), bn(BN.map((name, i) => (i === missing ? '' : name)))] }), EITHER); // prettier-ignore
  yield file(57, 'a BatchNormalization without outputs', () => normalized({ nodes: [onnx.product(), bn(BN, []), node('Relu', ['p'], ['y'])] }), EITHER); // prettier-ignore
  yield file(58, 'training_mode 1', () => normalized({ nodes: [onnx.product(), onnx.batchNormalization({ ...NORMAL, training_mode: 1 })] }), READ); // prettier-ignore
  yield file(58, 'training_mode 7', () => normalized({ nodes: [onnx.product(), onnx.batchNormalization({ ...NORMAL, training_mode: 7 })] }), READ); // prettier-ignore
  for (const count of [2, 3, 5, 6])
    yield file(58, `${count} outputs`, () => normalized({ nodes: [onnx.product(), node('BatchNormalization', BN, ['y', ...Array.from({ length: count - 1 }, (_, i) => `o${i}`)], NORMAL)] }), READ); // prettier-ignore
  for (const version of [1, 6, 7, 8, 9, 13, 14, 15, 21]) {
    for (const attributes of [{}, { is_test: 1 }, { is_test: 0 }, { spatial: 0 }, { spatial: 1 }, { consumed_inputs: [0, 0, 0, 1, 1] }] as const) // prettier-ignore
      yield file(59, `opset ${version} and ${JSON.stringify(attributes)}`, () => normalized({ opsets: [onnx.opset(version)], nodes: [onnx.product(), onnx.batchNormalization({ ...NORMAL, ...attributes })] }), EITHER); // prettier-ignore
  }
}

const CONV_INPUT = [info('x', ['n', 3, 5, 4])];
const convolved = (nodes: readonly Uint8Array[], weights: readonly Uint8Array[], outputs = [info('y', ['n', 4, 'h', 'w'])]): Uint8Array =>
  onnx.model(onnx.graph({ nodes, initializers: [...weights, ...Object.values(onnx.initializers()).slice(1)], inputs: CONV_INPUT, outputs })); // prettier-ignore

function* surroundings(): Generator<HostileFile> {
  yield file(60, 'a product that two nodes read', () => normalized({ nodes: [onnx.product(), bn(), node('Neg', ['p'], ['z'])], outputs: [info('y', ['n', 4]), info('z', ['n', 4])] }), KEPT); // prettier-ignore
  yield file(60, 'a product that is an output', () => normalized({ outputs: [info('y', ['n', 4]), info('p', ['n', 4])] }), KEPT); // prettier-ignore
  yield file(60, 'a product that a body reads', () => normalized({ nodes: [onnx.product(), bn(), node('If', ['c'], ['z'], { then_branch: { graph: onnx.graph({ nodes: [node('Neg', ['p'], ['t'])], outputs: [info('t', [])] }) }, else_branch: { graph: onnx.graph({ nodes: [node('Abs', ['p'], ['e'])], outputs: [info('e', [])] }) } })], outputs: [info('y', ['n', 4]), info('z', ['n', 4])], replace: { c: tensor('c', [], { type: 9, raw: Uint8Array.of(1) }) } }), KEPT); // prettier-ignore
  yield file(61, 'a weight of two products, one of them normalised', () => normalized({ nodes: [onnx.product(), bn(), node('MatMul', ['x', 'W'], ['z'])], outputs: [info('y', ['n', 4]), info('z', ['n', 4])] }), RIGHT); // prettier-ignore
  yield file(61, 'a weight of two products that are normalised in two ways', () => normalized({ nodes: [onnx.product(), bn(), node('MatMul', ['x', 'W'], ['p2']), node('BatchNormalization', ['p2', 'beta', 'gamma', 'mean', 'variance'], ['z'], NORMAL)], outputs: [info('y', ['n', 4]), info('z', ['n', 4])] }), RIGHT); // prettier-ignore
  yield file(61, 'parameters that are each other', () => normalized({ nodes: [onnx.product(), bn(['p', 'variance', 'variance', 'variance', 'variance'])] }), answers(onnx.normalizedAnswer({ gamma: [0.75, 3.75, 15.75, 0], beta: [0.75, 3.75, 15.75, 0], mean: [0.75, 3.75, 15.75, 0], variance: [0.75, 3.75, 15.75, 0] }))); // prettier-ignore
  const transposed = tensor('W', [3, 2, 2, 2]);
  yield file(62, 'a ConvTranspose of a group that does not divide', () => convolved([node('ConvTranspose', ['x', 'W'], ['p'], { group: 2 }), bn()], [transposed]), EITHER); // prettier-ignore
  yield file(62, 'a depthwise Conv of more channels', () => convolved([node('Conv', ['x', 'W'], ['p'], { group: 3 }), bn()], [tensor('W', [4, 1, 2, 2])]), EITHER); // prettier-ignore
  yield file(63, 'an empty name for a bias', () => convolved([node('Conv', ['x', 'W', ''], ['p']), bn()], [tensor('W', [4, 3, 2, 2])]), READ); // prettier-ignore
  yield file(63, 'two empty names behind it', () => convolved([node('Conv', ['x', 'W', '', '', ''], ['p']), bn()], [tensor('W', [4, 3, 2, 2])]), EITHER); // prettier-ignore
  yield file(64, 'a BatchNormalization in front of a padded Conv', () => onnx.model(onnx.graph({ nodes: [bn(['x', ...BN.slice(1)], ['q']), node('Conv', ['q', 'W'], ['y'], { pads: [1, 1, 1, 1] })], initializers: [tensor('W', [2, 4, 3, 3]), ...Object.values(onnx.initializers()).slice(1)], inputs: [info('x', ['n', 4, 5, 4])], outputs: [info('y', ['n', 2, 5, 4])] })), READ); // prettier-ignore
}
