import { stridesOf } from '../../tensor.ts';
import type { Rule } from './call.ts';
import { forEachLine, linesAlong } from './lines.ts';
import { sourceIndices, steps } from './take.ts';

/** (x − mean) / √variance over `axes` (0, 2, 3), the epsilon 1e-9 of the ONNX function body included. */
const meanVarianceNormalization: Rule = (call) => {
  const x = call.input(0);
  const axes = (call.node.ints('axes') ?? [0, 2, 3]).map((axis) => call.axis(axis, x.shape.length));
  const order = [...steps(x.shape.length, 1).filter((axis) => !axes.includes(axis)), ...axes];
  const strides = stridesOf(x.shape);
  const from = sourceIndices(order.map((axis) => steps(x.shape[axis]!, strides[axis]!)));
  const length = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
  const result = new Float64Array(x.data.length);
  for (let start = 0; start < from.length; start += length) {
    let [sum, squares] = [0, 0];
    for (let i = start; i < start + length; i++) sum += x.data[from[i]!]!;
    for (let i = start; i < start + length; i++) squares += (x.data[from[i]!]! - sum / length) ** 2;
    const deviation = Math.sqrt(squares / length) + 1e-9;
    for (let i = start; i < start + length; i++) result[from[i]!] = (x.data[from[i]!]! - sum / length) / deviation;
  }
  return call.one(x.shape, result);
};

/** x / norm along `axis` (−1), `p` 1 or 2; a line of zeros stays zeros. */
const lpNormalization: Rule = (call) => {
  const { shape, data } = call.input(0);
  const p = call.node.int('p', 2);
  const lines = linesAlong(shape, call.axis(call.node.int('axis', -1), shape.length));
  const result = new Float64Array(data.length);
  forEachLine(lines, (start) => {
    let sum = 0;
    for (let i = 0; i < lines.length; i++) sum += Math.abs(data[start + i * lines.step]!) ** p;
    const norm = sum ** (1 / p);
    for (let i = 0, at = start; i < lines.length; i++, at += lines.step) result[at] = norm === 0 ? 0 : data[at]! / norm;
  });
  return call.one(shape, result);
};

/** x / (bias + alpha / size · Σ x²)^beta, the sum over `size` neighbouring channels. */
const localResponse: Rule = (call) => {
  const { shape, data } = call.input(0);
  const { node } = call;
  const size = node.int('size') ?? call.fault('it has no size');
  const [alpha, beta, bias] = [node.float('alpha', 1e-4), node.float('beta', 0.75), node.float('bias', 1)];
  const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
  const lines = linesAlong(shape, call.axis(1, shape.length));
  const result = new Float64Array(data.length);
  forEachLine(lines, (start) => {
    for (let c = 0; c < lines.length; c++) {
      let sum = 0;
      for (let k = Math.max(0, c - before); k <= Math.min(lines.length - 1, c + after); k++) sum += data[start + k * lines.step]! ** 2; // prettier-ignore
      result[start + c * lines.step] = data[start + c * lines.step]! / (bias + (alpha / size) * sum) ** beta;
    }
  });
  return call.one(shape, result);
};

export const LINE_NORMALIZATION: Readonly<Record<string, Rule>> = {
  MeanVarianceNormalization: meanVarianceNormalization,
  LpNormalization: lpNormalization,
  LRN: localResponse,
};
