import type { Call, Rule } from './call.ts';
import { forEachLine, softmaxLines, type Lines } from './lines.ts';

/** A function of the lines of the first input, in place on a copy. */
function perLine(act: (data: Float64Array, start: number, lines: Lines) => void): Rule {
  return (call: Call) => {
    const { shape, data } = call.input(0);
    if (shape.length === 0) call.fault('it needs an axis', 'rank 1 or more', 'a scalar');
    const result = data.slice();
    const lines = softmaxLines(call, shape);
    forEachLine(lines, (start) => {
      act(result, start, lines);
    });
    return call.one(shape, result);
  };
}

/** Subtracts the largest element and returns Σ e^x. */
function centred(data: Float64Array, start: number, { length, step }: Lines): number {
  let largest = -Infinity;
  for (let i = 0; i < length; i++) largest = Math.max(largest, data[start + i * step]!);
  let sum = 0;
  for (let i = 0; i < length; i++) sum += Math.exp((data[start + i * step]! -= largest));
  return sum;
}

export const SOFTMAX: Readonly<Record<string, Rule>> = {
  Softmax: perLine((data, start, lines) => {
    const sum = centred(data, start, lines);
    for (let i = 0, at = start; i < lines.length; i++, at += lines.step) data[at] = Math.exp(data[at]!) / sum;
  }),
  LogSoftmax: perLine((data, start, lines) => {
    const log = Math.log(centred(data, start, lines));
    for (let i = 0, at = start; i < lines.length; i++, at += lines.step) data[at]! -= log;
  }),
  Hardmax: perLine((data, start, { length, step }) => {
    let best = 0;
    for (let i = 1; i < length; i++) if (data[start + i * step]! > data[start + best * step]!) best = i;
    for (let i = 0; i < length; i++) data[start + i * step] = Number(i === best);
  }),
};
