import { sizeOf } from '../../tensor.ts';
import { text, type Call, type Rule } from './call.ts';
import { checkWork, zeros, type Real } from './real.ts';
import { outputsOf, spaceOf, volume, type Space } from './space.ts';
import { steps } from './take.ts';

/** The taps of one window that lie inside the input, as a flat list of positions that is used again and again. */
interface Taps {
  readonly at: Int32Array;
  count: number;
  /** Taps that lie inside the input or its padding. */
  padded: number;
}

type Gather = (x: Float64Array, channel: number, taps: Taps) => number;

/** One number from each window of each channel. `[N, C, …]` → `[N, C, …]`. */
function pooled(
  call: Call,
  gather: Gather,
): { readonly shape: number[]; readonly data: Float64Array; readonly space: Space } {
  const { shape, data: x } = call.input(0);
  const kernel = call.node.ints('kernel_shape') ?? call.fault('it has no kernel_shape');
  if (shape.length < 3) call.fault('the input has no spatial axes', 'rank 3 or more', text(shape));
  const space = spaceOf(call, kernel, shape.slice(2), call.node.int('ceil_mode', 0) === 1);
  const result = [...shape.slice(0, 2), ...outputsOf(space, kernel.length)];
  const data = zeros(result);
  checkWork(data.length * volume(space, 'kernel'));
  const [size, positions] = [volume(space, 'input'), volume(space, 'output')];
  const channels = sizeOf(shape.slice(0, 2));
  if (volume(space, 'kernel') > 2 ** 24) call.unsupported('the window is too large', text(kernel));
  const taps: Taps = { at: new Int32Array(volume(space, 'kernel')), count: 0, padded: 0 };
  for (let position = 0; position < positions; position++) {
    findTaps(space, position, taps);
    for (let c = 0; c < channels; c++) data[c * positions + position] = gather(x, c * size, taps);
  }
  return { shape: result, data, space };
}

function findTaps([D, H, W]: Space, position: number, taps: Taps): void {
  const w = (position % W.output) * W.stride - W.before;
  const h = (Math.floor(position / W.output) % H.output) * H.stride - H.before;
  const d = Math.floor(position / (W.output * H.output)) * D.stride - D.before;
  taps.count = taps.padded = 0;
  for (let kd = 0, z = d; kd < D.kernel; kd++, z += D.dilation) {
    if (z >= D.input + D.after) break;
    for (let kh = 0, y = h; kh < H.kernel; kh++, y += H.dilation) {
      if (y >= H.input + H.after) break;
      for (let kw = 0, x = w; kw < W.kernel; kw++, x += W.dilation) {
        if (x >= W.input + W.after) break;
        taps.padded++;
        if (z < 0 || z >= D.input || y < 0 || y >= H.input || x < 0 || x >= W.input) continue;
        taps.at[taps.count++] = (z * H.input + y) * W.input + x;
      }
    }
  }
}

const sum: Gather = (x, channel, { at, count }) => {
  let total = 0;
  for (let i = 0; i < count; i++) total += x[channel + at[i]!]!;
  return total;
};

/** Padding counts only if `count_include_pad`, and never what hangs over behind it. */
const averagePool: Rule = (call) => {
  const counts = call.node.int('count_include_pad', 0) === 1;
  const { shape, data } = pooled(call, (x, channel, taps) => sum(x, channel, taps) / (counts ? taps.padded : taps.count)); // prettier-ignore
  return call.one(shape, data);
};

const lpPool: Rule = (call) => {
  // Until opset 1 the exponent was a float; the power of one attribute is read as it is there.
  const p = call.node.attributes.get('p')?.kind === 'float' ? call.node.float('p', 2) : call.node.int('p', 2);
  const { shape, data } = pooled(call, (x, channel, { at, count }) => {
    let total = 0;
    for (let i = 0; i < count; i++) total += Math.abs(x[channel + at[i]!]!) ** p;
    return total ** (1 / p);
  });
  return call.one(shape, data);
};

/** Where the largest of a window lies, the first of several; a NaN is larger than everything. */
const indexOfLargest: Gather = (x, channel, { at, count }) => {
  let best = count > 0 ? channel + at[0]! : -1;
  for (let i = 1; i < count; i++) {
    const value = x[channel + at[i]!]!;
    if (value > x[best]! || value !== value) best = channel + at[i]!;
  }
  return best;
};

/** The second output counts positions in the whole tensor, spatial axes in column-major order if `storage_order`. */
const maxPool: Rule = (call) => {
  const { data: x, dtype } = call.input(0);
  const { shape, data: indices, space } = pooled(call, indexOfLargest);
  const largest: Real = { dtype, shape, data: indices.map((index) => (index < 0 ? -Infinity : x[index]!)) };
  if (!call.node.outputs[1]) return [largest];
  const flat = call.node.int('storage_order', 0) === 1 ? indices.map((index) => columnMajor(index, space)) : indices;
  return [largest, { dtype: 'int64', shape, data: flat }];
};

function columnMajor(index: number, [D, H, W]: Space): number {
  const size = D.input * H.input * W.input;
  const inside = index % size;
  const w = inside % W.input;
  const h = Math.floor(inside / W.input) % H.input;
  const d = Math.floor(inside / (W.input * H.input));
  return index - inside + (w * H.input + h) * D.input + d;
}

/** All spatial positions in one. */
function globalPool(gather: Gather): Rule {
  return (call) => {
    const { shape, data: x } = call.input(0);
    if (shape.length < 2) call.fault('the input has no spatial axes', 'rank 3 or more', text(shape));
    const size = sizeOf(shape.slice(2));
    const taps: Taps = { at: Int32Array.from(steps(size, 1)), count: size, padded: size };
    const result = shape.map((dim, axis) => (axis < 2 ? dim : 1));
    return call.one(result, zeros(result).map((_, c) => gather(x, c * size, taps))); // prettier-ignore
  };
}

const globalLpPool: Rule = (call) => {
  const p = call.node.attributes.get('p')?.kind === 'float' ? call.node.float('p', 2) : call.node.int('p', 2);
  return globalPool((x, channel, { count }) => {
    let total = 0;
    for (let i = 0; i < count; i++) total += Math.abs(x[channel + i]!) ** p;
    return total ** (1 / p);
  })(call);
};

export const POOL: Readonly<Record<string, Rule>> = {
  AveragePool: averagePool,
  MaxPool: maxPool,
  LpPool: lpPool,
  GlobalAveragePool: globalPool((x, channel, taps) => sum(x, channel, taps) / taps.count),
  GlobalMaxPool: globalPool((x, channel, taps) => x[indexOfLargest(x, channel, taps)] ?? -Infinity),
  GlobalLpPool: globalLpPool,
};
