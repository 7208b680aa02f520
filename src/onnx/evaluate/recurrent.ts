import { sizeOf } from '../../tensor.ts';
import { activationsOf } from './activations.ts';
import { text, type Call, type Rule } from './call.ts';
import { CELLS, type Cell, type CellParts, type Step } from './cells.ts';
import { multiply } from './product.ts';
import { zeros, type NumericReal, type Real } from './real.ts';

/** Sizes: time, batch, input, hidden, directions. */
interface Sizes {
  readonly T: number;
  readonly N: number;
  readonly I: number;
  readonly H: number;
  readonly D: number;
}

/** Offsets of step t, sample n, direction d in X, Y and the states, as `layout` lays them out. */
interface Layout {
  readonly x: (t: number, n: number) => number;
  readonly y: (t: number, n: number, d: number) => number;
  readonly state: (n: number, d: number) => number;
  readonly yShape: readonly number[];
  readonly stateShape: readonly number[];
}

function layoutOf({ T, N, I, H, D }: Sizes, isBatchFirst: boolean): Layout {
  if (isBatchFirst) {
    return {
      x: (t, n) => (n * T + t) * I,
      y: (t, n, d) => ((n * T + t) * D + d) * H,
      state: (n, d) => (n * D + d) * H,
      yShape: [N, T, D, H],
      stateShape: [N, D, H],
    };
  }
  return {
    x: (t, n) => (t * N + n) * I,
    y: (t, n, d) => ((t * D + d) * N + n) * H,
    state: (n, d) => (d * N + n) * H,
    yShape: [T, D, N, H],
    stateShape: [D, N, H],
  };
}

/**
 * RNN, GRU and LSTM. X `[T, N, I]`, W `[D, gates · H, I]`, R `[D, gates · H, H]`, B `[D, 2 · gates · H]` (of W, then of
 * R), lengths `[N]`, initial h and c `[D, N, H]`. Outputs Y, the last h, the last c; behind the end of a sample Y is 0.
 * Source: https://onnx.ai/onnx/operators/onnx__LSTM.html
 */
function recurrent(cell: Cell): Rule {
  return (call) => {
    const { node } = call;
    const sizes = sizesOf(call, cell);
    const layout = layoutOf(sizes, node.int('layout', 0) === 1);
    const { H, N, D, T } = sizes;
    const [Y, h, c] = [zeros(layout.yShape), initial(call, 5, layout), initial(call, 6, layout)];
    const lengths = call.optional(4)?.data ?? new Float64Array(N).fill(T);
    for (let d = 0; d < D; d++) {
      const step = cell.step(partsOf(call, cell, sizes, d));
      const gates = inputGates(call, cell, sizes, d);
      const isBackward = d === 1 || node.string('direction', 'forward') === 'reverse';
      for (let n = 0; n < N; n++) {
        const at = layout.state(n, d);
        const states = { h: h.subarray(at, at + H), c: c.subarray(at, at + H) };
        const length = Math.min(lengths[n] ?? T, T);
        for (let i = 0; i < length; i++) {
          const t = isBackward ? length - 1 - i : i;
          advanceState(step, gates, layout.x(t, n) / sizes.I, cell.gates * H, states);
          Y.set(states.h, layout.y(t, n, d));
        }
      }
    }
    const state = (data: Float64Array): Real => ({ dtype: call.input(0).dtype, shape: layout.stateShape, data });
    return [...call.one(layout.yShape, Y), state(h), state(c)];
  };
}

function advanceState(
  step: Step,
  gates: Float64Array,
  row: number,
  width: number,
  { h, c }: Readonly<Record<'h' | 'c', Float64Array>>,
): void {
  step(gates.subarray(row * width, (row + 1) * width), h, c);
}

function sizesOf(call: Call, { gates }: Cell): Sizes {
  const [x, W, R] = [call.input(0), call.input(1), call.input(2)];
  const direction = call.node.string('direction', 'forward');
  const D = direction === 'bidirectional' ? 2 : 1;
  const [first, second, I] = x.shape as [number, number, number];
  const H = R.shape[2] ?? 0;
  const isSound = x.shape.length === 3 && text(W.shape) === text([D, gates * H, I]) && text(R.shape) === text([D, gates * H, H]); // prettier-ignore
  if (!isSound) call.fault('the weights do not fit the input', text(x.shape), `${text(W.shape)} and ${text(R.shape)}`);
  if (I === 0) call.unsupported('an input without features is not evaluated');
  const isBatchFirst = call.node.int('layout', 0) === 1;
  return { T: isBatchFirst ? second : first, N: isBatchFirst ? first : second, I, H, D };
}

function initial(call: Call, index: number, { stateShape }: Layout): Float64Array {
  const given = call.node.opType === 'LSTM' || index === 5 ? call.optional(index) : undefined;
  if (given && given.data.length !== sizeOf(stateShape)) call.fault('a state does not fit', text(stateShape), text(given.shape)); // prettier-ignore
  return given ? given.data.slice() : zeros(stateShape);
}

/** x · Wᵀ + bias of W, one row for each step and sample in the order of X. */
function inputGates(call: Call, cell: Cell, { T, N, I, H }: Sizes, d: number): Float64Array {
  const rows = T * N;
  const width = cell.gates * H;
  const data = zeros([rows, width]);
  const x = { data: call.input(0).data, offset: 0, rows, columns: I, rowStep: I, columnStep: 1 };
  const W = { data: call.input(1).data, offset: d * width * I, rows: I, columns: width, rowStep: 1, columnStep: I };
  multiply(x, W, { data, offset: 0, rows, columns: width, rowStep: width });
  const bias = biasOf(call, width, d, 0);
  for (let i = 0; i < data.length; i++) data[i]! += bias[i % width]!;
  return data;
}

function biasOf(call: Call, width: number, d: number, part: number): Float64Array {
  const B: NumericReal | undefined = call.optional(3);
  const from = (2 * d + part) * width;
  return B ? portion(call, B, from, width) : new Float64Array(width);
}

function portion(call: Call, { data, shape }: NumericReal, from: number, length: number): Float64Array {
  return from + length <= data.length ? data.subarray(from, from + length) : call.fault('a weight is too small', undefined, text(shape)); // prettier-ignore
}

function partsOf(call: Call, cell: Cell, { H, D }: Sizes, d: number): CellParts {
  const { node } = call;
  const width = cell.gates * H;
  const names = call.strings('activations') ?? new Array<readonly string[]>(D).fill(cell.functions).flat();
  const all = activationsOf(names, call.floats('activation_alpha') ?? [], call.floats('activation_beta') ?? []);
  const count = cell.functions.length;
  const functions = all.slice(d * count, (d + 1) * count).map((f) => f ?? call.unsupported('an activation is unknown', names.join(', '))); // prettier-ignore
  if (functions.length < count) call.fault('it has too few activations', String(count * D), String(names.length));
  const P = node.opType === 'LSTM' ? call.optional(7) : undefined;
  return {
    H,
    R: portion(call, call.input(2), d * width * H, width * H),
    bias: biasOf(call, width, d, 1),
    peepholes: P && portion(call, P, d * 3 * H, 3 * H),
    functions,
    clip: node.attributes.has('clip') ? node.float('clip', 0) : Infinity,
    inputForget: node.int('input_forget', 0) === 1,
    linearBeforeReset: node.int('linear_before_reset', 0) !== 0,
  };
}

export const RECURRENT: Readonly<Record<string, Rule>> = {
  RNN: recurrent(CELLS.RNN),
  GRU: recurrent(CELLS.GRU),
  LSTM: recurrent(CELLS.LSTM),
};
