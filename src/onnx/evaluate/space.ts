import type { Node } from '../graph.ts';
import { reachOf, windowsOf } from '../shapes/window.ts';
import { text, type Call } from './call.ts';

/** A window that moves along one spatial axis. */
export interface SpaceAxis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

/** Always three axes: missing ones come first, with one element and one tap. */
export type Space = readonly [SpaceAxis, SpaceAxis, SpaceAxis];

const POINT: SpaceAxis = { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, before: 0, after: 0 };

/** Largest pad, stride and dilation that are followed: far beyond any model, and their sums stay exact. */
const MAX_REACH = 2 ** 31;

/**
 * The windows of a convolution or pooling over `spatial`, `auto_pad` resolved. With `ceil` a last window may hang
 * over the end, but not start behind the input and the padding in front of it.
 */
export function spaceOf(call: Call, kernel: readonly number[], spatial: readonly number[], ceil = false): Space {
  if (spatial.length > 3) call.unsupported('more than three spatial axes are not evaluated', text(spatial));
  if (kernel.length !== spatial.length) call.fault('the kernel does not fit the input', `${String(spatial.length)} axes`, text(kernel)); // prettier-ignore
  const axes = windowsOf(call.node, kernel, spatial).map((window, axis): SpaceAxis => {
    const { stride, dilation } = window;
    const [before, after] = window.pads ?? [0, 0];
    const input = spatial[axis]!;
    const reach = reachOf(window);
    const isSound = stride >= 1 && dilation >= 1 && window.kernel >= 1 && Math.max(reach, stride, Math.abs(before), Math.abs(after)) < MAX_REACH; // prettier-ignore
    if (!isSound) call.fault('a window makes no sense', undefined, JSON.stringify(window));
    const span = (input + before + after - reach) / stride;
    let output = (ceil ? Math.ceil(span) : Math.floor(span)) + 1;
    if (ceil && (output - 1) * stride >= input + before) output--;
    return { input, output: Math.max(output, 0), kernel: window.kernel, stride, dilation, before, after };
  });
  return threeAxes(axes);
}

export function threeAxes(axes: readonly SpaceAxis[]): Space {
  return [...new Array<SpaceAxis>(3 - axes.length).fill(POINT), ...axes] as unknown as Space;
}

/** Product of one quantity over the axes. */
export function volume(space: Space, of: 'input' | 'output' | 'kernel'): number {
  return space.reduce((product, axis) => product * axis[of], 1);
}

export function outputsOf(space: Space, rank: number): number[] {
  return space.slice(3 - rank).map(({ output }) => output);
}

/** Kernel sizes: the attribute, or those of the weight. */
export function kernelOf(node: Node, weight: readonly number[]): readonly number[] {
  return node.ints('kernel_shape') ?? weight.slice(2);
}

/**
 * For outputs `from` … `to` (flat) and every tap: the flat input position, or −1 in the padding; taps outermost.
 */
export function tapSources(space: Space, from: number, to: number): Int32Array {
  const [D, H, W] = space;
  const count = to - from;
  const result = new Int32Array(volume(space, 'kernel') * count);
  const starts = Array.from({ length: count }, (_, i) => startsOf(space, from + i));
  let at = 0;
  for (let kd = 0; kd < D.kernel; kd++) {
    for (let kh = 0; kh < H.kernel; kh++) {
      for (let kw = 0; kw < W.kernel; kw++) {
        for (const [d, h, w] of starts) {
          const [z, y, x] = [d + kd * D.dilation, h + kh * H.dilation, w + kw * W.dilation];
          const isInside = z >= 0 && z < D.input && y >= 0 && y < H.input && x >= 0 && x < W.input;
          result[at++] = isInside ? (z * H.input + y) * W.input + x : -1;
        }
      }
    }
  }
  return result;
}

function startsOf([D, H, W]: Space, position: number): readonly [number, number, number] {
  const w = position % W.output;
  const h = Math.floor(position / W.output) % H.output;
  const d = Math.floor(position / (W.output * H.output));
  return [d * D.stride - D.before, h * H.stride - H.before, w * W.stride - W.before];
}
