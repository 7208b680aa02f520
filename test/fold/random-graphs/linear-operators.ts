import { float, int, ints, string } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { sizeOf } from '../../../src/tensor.ts';
import { divisors, gain, largest, stepOf, type Attributes, type Draft, type Fact } from './draft.ts';
import type { Operator } from './operator.ts';
import { embedding, normalization, recurrent } from './parameter-operators.ts';
import type { Tape } from './tape.ts';

/** Operators that multiply by constant weights, in every form that an affine behind or in front must cope with. */

interface Parts {
  readonly opType: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  readonly shape: readonly number[];
  /** Which input holds the weights, and what each of them adds to. */
  readonly weight: number;
  readonly outputOf: (index: number) => number;
  readonly bias?: Value | undefined;
  /** Factors on the products and on the bias. */
  readonly alpha?: number;
  readonly beta?: number;
}

/** The node, if its sums stay within what the draft allows. */
function linear(draft: Draft, x: Value, parts: Parts): Value | undefined {
  const fact = linearFact(draft, x, parts);
  return draft.allows(fact) ? draft.node(parts.opType, parts.inputs, parts.attributes, fact) : undefined;
}

function linearFact(draft: Draft, x: Value, parts: Parts): Fact {
  const { inputs, weight, outputOf, bias, alpha = 1, beta = 1, shape } = parts;
  const W = draft.elements(inputs[weight]!);
  const b = bias ? draft.elements(bias) : [0];
  const { max, step } = draft.fact(x);
  const products = Math.abs(alpha) * gain(W, outputOf) * max;
  return {
    shape,
    max: products + Math.abs(beta) * largest(b) + 1,
    step: Math.min(step + stepOf(W) + stepOf([alpha]), stepOf(b) + stepOf([beta])),
  };
}

interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly begin: readonly number[];
  readonly end: readonly number[];
}

function windowOf(rank: number, tape: Tape): Window {
  const random = tape.random();
  const each = (list: readonly number[]) => Array.from({ length: rank }, () => random.pick(list));
  const pads = tape.pick([[0], [0], [1], [0, 1, 2]]);
  return {
    kernel: each([1, 2, 3]),
    strides: each(tape.pick([[1], [1, 2]])),
    dilations: each(tape.pick([[1], [1, 2]])),
    begin: each(pads),
    end: each(pads),
  };
}

const AUTO_PADS = ['NOTSET', 'NOTSET', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'];

const conv: Operator = {
  name: 'Conv',
  applies: ({ shape }) => shape.length >= 3 && shape.length <= 5,
  grow(draft, x, tape) {
    const { shape } = draft.fact(x);
    const [N, C, ...image] = shape as [number, number, ...number[]];
    const group = tape.pick(divisors(C));
    const M = group * (1 + tape.next(group > 2 ? 2 : 4));
    const window = windowOf(image.length, tape);
    const autoPad = tape.pick(AUTO_PADS);
    const W = draft.weight([M, C / group, ...window.kernel], (C / group) * sizeOf(window.kernel), tape);
    const b = tape.flag() ? draft.weight([M], 1, tape, 'b') : undefined;
    const out = image.map((size, i) => convolved(size, window, i, autoPad));
    const perOutput = draft.elements(W).length / M;
    const y = linear(draft, x, {
      opType: 'Conv',
      inputs: [x, W, b],
      attributes: { ...attributesOf(window, autoPad), ...(group > 1 || tape.flag() ? { group: int(group) } : {}) },
      shape: [N, M, ...out],
      weight: 1,
      outputOf: (index) => Math.floor(index / perOutput),
      bias: b,
    });
    const isUnpadded = autoPad === 'VALID' || (autoPad === 'NOTSET' && [...window.begin, ...window.end].every((n) => n === 0)); // prettier-ignore
    return y && { y, features: 1, sumsOver: 1, ...(isUnpadded ? {} : { keepsZero: true }) };
  },
};

function attributesOf({ kernel, strides, dilations, begin, end }: Window, autoPad: string): Attributes {
  return {
    kernel_shape: ints(kernel),
    strides: ints(strides),
    dilations: ints(autoPad.startsWith('SAME') ? dilations.map(() => 1) : dilations),
    ...(autoPad === 'NOTSET' ? { pads: ints([...begin, ...end]) } : { auto_pad: string(autoPad) }),
  };
}

function convolved(size: number, { kernel, strides, dilations, begin, end }: Window, i: number, autoPad: string) {
  if (autoPad.startsWith('SAME')) return Math.ceil(size / strides[i]!);
  const padded = size + (autoPad === 'NOTSET' ? begin[i]! + end[i]! : 0);
  return Math.floor((padded - dilations[i]! * (kernel[i]! - 1) - 1) / strides[i]!) + 1;
}

const convTranspose: Operator = {
  name: 'ConvTranspose',
  applies: ({ shape }) => shape.length >= 3 && shape.length <= 5,
  grow(draft, x, tape) {
    const [N, C, ...image] = draft.fact(x).shape as [number, number, ...number[]];
    const group = tape.pick(divisors(C));
    const perGroup = 1 + tape.next(3);
    const { kernel, strides, dilations, begin, end } = windowOf(image.length, tape);
    const extra = strides.map((stride) => (stride > 1 && tape.flag() ? 1 : 0));
    const W = draft.weight([C, perGroup, ...kernel], (C / group) * sizeOf(kernel), tape);
    const b = tape.flag() ? draft.weight([perGroup * group], 1, tape, 'b') : undefined;
    const out = image.map((size, i) => strides[i]! * (size - 1) + extra[i]! + (kernel[i]! - 1) * dilations[i]! + 1 - begin[i]! - end[i]!); // prettier-ignore
    const taps = sizeOf(kernel);
    const y = linear(draft, x, {
      opType: 'ConvTranspose',
      inputs: [x, W, b],
      attributes: {
        kernel_shape: ints(kernel),
        strides: ints(strides),
        dilations: ints(dilations),
        pads: ints([...begin, ...end]),
        output_padding: ints(extra),
        group: int(group),
      },
      shape: [N, perGroup * group, ...out],
      weight: 1,
      outputOf: (index) => {
        const [c, j] = [Math.floor(index / taps / perGroup), Math.floor(index / taps) % perGroup];
        return Math.floor(c / (C / group)) * perGroup + j;
      },
      bias: b,
    });
    return y && { y, features: 1, sumsOver: 1, keepsZero: true };
  },
};

const matMul: Operator = {
  name: 'MatMul',
  applies: ({ shape }) => shape.length >= 2,
  grow(draft, x, tape) {
    const { shape } = draft.fact(x);
    const K = shape.at(-1)!;
    const N = tape.flag() ? K : 1 + tape.next(6);
    const W = draft.weight([K, N], K, tape);
    const y = linear(draft, x, {
      opType: 'MatMul',
      inputs: [x, W],
      attributes: {},
      shape: [...shape.slice(0, -1), N],
      weight: 1,
      outputOf: (index) => index % N,
    });
    return y && { y, features: shape.length - 1, sumsOver: shape.length - 1, makesBiasNode: true };
  },
};

/** A constant on the left multiplies along the last axis but one. */
const leftMatMul: Operator = {
  name: 'MatMul with a constant on the left',
  applies: ({ shape }) => shape.length >= 2,
  grow(draft, x, tape) {
    const { shape } = draft.fact(x);
    const [K, N] = shape.slice(-2) as [number, number];
    const M = tape.flag() ? K : 1 + tape.next(6);
    const A = draft.weight([M, K], K, tape, 'A');
    const y = linear(draft, x, {
      opType: 'MatMul',
      inputs: [A, x],
      attributes: {},
      shape: [...shape.slice(0, -2), M, N],
      weight: 0,
      outputOf: (index) => Math.floor(index / K),
    });
    return y && { y };
  },
};

const gemm: Operator = {
  name: 'Gemm',
  applies: ({ shape }) => shape.length === 2,
  grow(draft, x, tape) {
    const { shape } = draft.fact(x);
    const [transA, transB] = [tape.flag(3), tape.flag()];
    const [M, K] = (transA ? shape.toReversed() : shape) as [number, number];
    const N = tape.flag() ? K : 1 + tape.next(6);
    const W = draft.weight(transB ? [N, K] : [K, N], K, tape);
    const alpha = tape.pick([1, 2, -0.5]);
    const beta = tape.pick([1, 0.5, -2, 0]);
    const C = biasOfGemm(draft, tape, [M, N]);
    const y = linear(draft, x, {
      opType: 'Gemm',
      inputs: [x, W, C],
      attributes: {
        ...(transA ? { transA: int(1) } : {}),
        ...(transB ? { transB: int(1) } : {}),
        ...(alpha === 1 ? {} : { alpha: float(alpha) }),
        ...(beta === 1 ? {} : { beta: float(beta) }),
      },
      shape: [M, N],
      weight: 1,
      outputOf: transB ? (index) => Math.floor(index / K) : (index) => index % N,
      bias: C,
      alpha,
      beta,
    });
    return y && { y, features: 1, sumsOver: transA ? 0 : 1 };
  },
};

/** Every shape that broadcasts to `[M, N]`; none only where the opset lets it out. */
function biasOfGemm(draft: Draft, tape: Tape, [M, N]: readonly [number, number]): Value | undefined {
  const shapes = [[N], [1, N], [M, N], [M, 1], [1], [1, 1], [], ...(draft.opset >= 11 ? [undefined] : [])];
  const shape = tape.pick(shapes);
  return shape && draft.weight(shape, 1, tape, 'C');
}

export const LINEAR_OPERATORS: readonly Operator[] = [
  conv, convTranspose, matMul, gemm, leftMatMul, recurrent, embedding, normalization,
]; // prettier-ignore
