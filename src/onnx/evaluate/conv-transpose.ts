import { sizeOf } from '../../tensor.ts';
import { reachOf, windowsOf } from '../shapes/window.ts';
import { text, type Call, type Rule } from './call.ts';
import { addPerChannel } from './conv.ts';
import { multiply, type Matrix } from './product.ts';
import { checkWork, zeros } from './real.ts';
import { kernelOf, tapSources, threeAxes, volume, type Space, type SpaceAxis } from './space.ts';

/**
 * The transpose of a convolution: every input element spreads its window over the output.
 * x `[N, C · group, …]`, W `[C · group, M, …kernel]`, y `[N, M · group, …]`; along each spatial axis
 *
 *   out = (in − 1) · stride + output_padding + reach − pads, or as `output_shape` says, the pads following from it
 *
 * Source: https://onnx.ai/onnx/operators/onnx__ConvTranspose.html
 */
const convTranspose: Rule = (call) => {
  const [x, W, b] = [call.input(0), call.input(1), call.optional(2)];
  const group = call.node.int('group', 1);
  const [N, channels] = x.shape as [number, number];
  const C = channels / group;
  const M = W.shape[1] ?? 0;
  if (x.shape.length < 3 || W.shape.length !== x.shape.length || W.shape[0] !== channels || !Number.isSafeInteger(C)) {
    call.fault('the weight does not fit the input', `input ${text(x.shape)}, group ${String(group)}`, text(W.shape));
  }
  if (b && b.data.length !== M * group) call.fault('the bias does not fit the weight', String(M * group), text(b.shape)); // prettier-ignore
  const kernel = kernelOf(call.node, W.shape);
  if (sizeOf(kernel) * M * channels !== W.data.length) call.fault('kernel_shape does not fit the weight', text(W.shape), text(kernel)); // prettier-ignore
  const { space, shape: spatial } = spread(call, kernel, x.shape.slice(2));
  const shape = [N, M * group, ...spatial];
  const y = zeros(shape);
  checkWork(x.data.length * M * sizeOf(kernel));
  const [size, positions, K] = [volume(space, 'output'), volume(space, 'input'), M * volume(space, 'kernel')];
  const sources = tapSources(space, 0, size);
  const columns = zeros([K, size]);
  for (let n = 0; n < N; n++) {
    for (let g = 0; g < group; g++) {
      const A: Matrix = { data: W.data, offset: g * C * K, rows: K, columns: C, rowStep: 1, columnStep: K };
      const B: Matrix = { data: x.data, offset: (n * group + g) * C * size, rows: C, columns: size, rowStep: size, columnStep: 1 }; // prettier-ignore
      multiply(A, B, { data: columns, offset: 0, rows: K, columns: size, rowStep: size });
      addColumns(columns, sources, y, { start: (n * group + g) * M * positions, positions, M });
    }
  }
  if (b) addPerChannel(y, b, positions);
  return call.one(shape, y);
};

/** Row m · taps + tap of the columns goes to where that tap of every window lies in channel m. */
function addColumns(
  columns: Float64Array,
  sources: Int32Array,
  y: Float64Array,
  { start, positions, M }: Readonly<Record<'start' | 'positions' | 'M', number>>,
): void {
  for (let m = 0; m < M; m++) {
    const [channel, from] = [start + m * positions, m * sources.length];
    for (let i = 0; i < sources.length; i++) {
      if (sources[i]! >= 0) y[channel + sources[i]!]! += columns[from + i]!;
    }
  }
}

/** Seen from the convolution that this is the transpose of: its input is our output. */
function spread(call: Call, kernel: readonly number[], spatial: readonly number[]): { space: Space; shape: number[] } {
  const { node } = call;
  if (spatial.length > 3) call.unsupported('more than three spatial axes are not evaluated', text(spatial));
  const [given, extra] = [node.ints('output_shape')?.slice(-kernel.length), node.ints('output_padding')];
  const autoPad = node.string('auto_pad', 'NOTSET');
  const axes = windowsOf(node, kernel, undefined).map((window, axis): SpaceAxis => {
    const { stride, dilation } = window;
    const full = (spatial[axis]! - 1) * stride + (extra?.[axis] ?? 0) + reachOf(window);
    const wanted = given?.[axis] ?? (autoPad.startsWith('SAME') ? spatial[axis]! * stride : undefined);
    const [before, after] = wanted === undefined ? (window.pads ?? [0, 0]) : split(full - wanted, autoPad);
    const input = wanted ?? full - before - after;
    if (!Number.isSafeInteger(input) || input < 0) call.fault('a window makes no sense', undefined, JSON.stringify(window)); // prettier-ignore
    return { input, output: spatial[axis]!, kernel: window.kernel, stride, dilation, before, after };
  });
  return { space: threeAxes(axes), shape: axes.map(({ input }) => input) };
}

/** The odd one at the end with SAME_UPPER, else at the front. */
function split(given: number, autoPad: string): [number, number] {
  const total = Math.max(given, 0);
  const small = Math.floor(total / 2);
  return autoPad === 'SAME_UPPER' ? [small, total - small] : [total - small, small];
}

export const CONV_TRANSPOSE: Readonly<Record<string, Rule>> = { ConvTranspose: convTranspose };
