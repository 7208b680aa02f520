import { sizeOf } from '../../tensor.ts';
import { text, type Rule } from './call.ts';
import { BLOCK, multiplyPanels, packRows, panelsLength, tileColumns } from './product.ts';
import { checkWork, zeros, type NumericReal } from './real.ts';
import { kernelOf, outputsOf, spaceOf, tapSources, volume, type Space } from './space.ts';

/** Below this many output channels a group, four-row blocks are mostly filling. */
const DIRECT_BELOW = BLOCK;

interface Convolution {
  readonly x: Float64Array;
  readonly W: Float64Array;
  readonly y: Float64Array;
  readonly space: Space;
  /** Channels of one group. */
  readonly C: number;
  readonly M: number;
}

/**
 * y[n, m] = Σ_c W[m, c] ∗ x[n, group(m) · C + c] + b[m]; x `[N, C · group, …]`, W `[M · group, C, …kernel]`.
 * Windows of the input become the columns of a matrix, a tile at a time, which the kernels multiply; where a group
 * makes few channels (depthwise), taps are summed directly. The sum runs over channels, then taps, then the bias.
 * Source: https://onnx.ai/onnx/operators/onnx__Conv.html
 */
export const conv: Rule = (call) => {
  const [x, W, b] = [call.input(0), call.input(1), call.optional(2)];
  const group = call.node.int('group', 1);
  const [N, channels] = x.shape as [number, number];
  const [M, C] = [(W.shape[0] ?? 0) / group, W.shape[1] ?? 0];
  if (x.shape.length < 3 || W.shape.length !== x.shape.length || channels !== C * group || !Number.isSafeInteger(M)) {
    call.fault('the weight does not fit the input', `input ${text(x.shape)}, group ${String(group)}`, text(W.shape));
  }
  if (b && b.data.length !== M * group)
    call.fault('the bias does not fit the weight', String(M * group), text(b.shape));
  const kernel = kernelOf(call.node, W.shape);
  if (sizeOf(kernel) * C * M * group !== W.data.length) call.fault('kernel_shape does not fit the weight', text(W.shape), text(kernel)); // prettier-ignore
  const space = spaceOf(call, kernel, x.shape.slice(2));
  const shape = [N, M * group, ...outputsOf(space, kernel.length)];
  const y = zeros(shape);
  checkWork(y.length * C * sizeOf(kernel));
  convolveGroups({ x: x.data, W: W.data, y, space, C, M }, N, group);
  if (b) addPerChannel(y, b, volume(space, 'output'));
  return call.one(shape, y);
};

/** Groups outermost, so that the kernels of a group are packed once for all samples. */
function convolveGroups(parts: Convolution, N: number, group: number): void {
  const { C, M, space } = parts;
  const [taps, size, positions] = [volume(space, 'kernel'), volume(space, 'input'), volume(space, 'output')];
  const K = C * taps;
  for (let g = 0; g < group; g++) {
    const at = { x: g * C * size, W: g * M * K, y: g * M * positions };
    const panels =
      M < DIRECT_BELOW
        ? undefined
        : packRows({ data: parts.W, offset: at.W, rows: M, columns: K, rowStep: K, columnStep: 1 });
    for (let n = 0; n < N; n++) {
      if (panels) convolveTiles(parts, panels, at.x, at.y);
      else convolveDirectly(parts, at);
      at.x += group * C * size;
      at.y += group * M * positions;
    }
  }
}

function convolveTiles({ x, y, space, C, M }: Convolution, panels: Float64Array, atX: number, atY: number): void {
  const [taps, size, positions] = [volume(space, 'kernel'), volume(space, 'input'), volume(space, 'output')];
  const tile = tileColumns(C * taps);
  const columns = new Float64Array(panelsLength(Math.min(tile, positions), C * taps));
  for (let from = 0; from < positions; from += tile) {
    const to = Math.min(from + tile, positions);
    packWindows(columns, x, atX, tapSources(space, from, to), { C, taps, size, count: to - from });
    const target = { data: y, offset: atY + from, rows: M, columns: to - from, rowStep: positions };
    multiplyPanels(panels, columns, C * taps, target);
  }
}

/** Windows side by side as panels of four columns; row c · taps + tap. */
function packWindows(
  columns: Float64Array,
  x: Float64Array,
  atX: number,
  sources: Int32Array,
  { C, taps, size, count }: Readonly<Record<'C' | 'taps' | 'size' | 'count', number>>,
): void {
  const K = C * taps;
  columns.fill(0);
  for (let c = 0; c < C; c++) {
    const channel = atX + c * size;
    for (let tap = 0; tap < taps; tap++) {
      const row = (c * taps + tap) * BLOCK;
      const start = tap * count;
      for (let j = 0; j < count; j++) {
        const source = sources[start + j]!;
        if (source >= 0) columns[(j >> 2) * BLOCK * K + row + (j & 3)] = x[channel + source]!;
      }
    }
  }
}

/** One pass over the outputs for each weight; only outputs whose tap lies inside the input are visited. */
function convolveDirectly({ x, W, y, space, C, M }: Convolution, at: { x: number; W: number; y: number }): void {
  const [taps, size, positions] = [volume(space, 'kernel'), volume(space, 'input'), volume(space, 'output')];
  for (let m = 0; m < M; m++) {
    for (let c = 0; c < C; c++) {
      for (let tap = 0; tap < taps; tap++) {
        const weight = W[at.W + (m * C + c) * taps + tap]!;
        addTap(x, at.x + c * size, y, at.y + m * positions, weight, tap, space);
      }
    }
  }
}

function addTap(
  x: Float64Array,
  atX: number,
  y: Float64Array,
  atY: number,
  weight: number,
  tap: number,
  space: Space,
): void {
  const [D, H, W] = space;
  const kw = (tap % W.kernel) * W.dilation - W.before;
  const kh = (Math.floor(tap / W.kernel) % H.kernel) * H.dilation - H.before;
  const kd = Math.floor(tap / W.kernel / H.kernel) * D.dilation - D.before;
  const first = Math.max(0, Math.ceil(-kw / W.stride));
  const end = Math.min(W.output, Math.floor((W.input - 1 - kw) / W.stride) + 1);
  for (let d = 0; d < D.output; d++) {
    const z = d * D.stride + kd;
    if (z < 0 || z >= D.input) continue;
    for (let h = 0; h < H.output; h++) {
      const row = h * H.stride + kh;
      if (row < 0 || row >= H.input) continue;
      let from = atX + (z * H.input + row) * W.input + first * W.stride + kw;
      const to = atY + (d * H.output + h) * W.output;
      for (let w = first; w < end; w++, from += W.stride) y[to + w]! += weight * x[from]!;
    }
  }
}

/** y[n, m, …] += b[m] */
export function addPerChannel(y: Float64Array, { data: b }: NumericReal, positions: number): void {
  for (let at = 0, m = 0; at < y.length; at += positions, m = (m + 1) % b.length) {
    const shift = b[m]!;
    for (let i = at; i < at + positions; i++) y[i]! += shift;
  }
}

export const CONV: Readonly<Record<string, Rule>> = { Conv: conv };
