import type { Dim } from '../../tensor.ts';
import type { Node } from '../graph.ts';

/** How a convolution or pooling window moves along one spatial axis. */
export interface Window {
  /** Taps of the kernel. */
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Zeros in front of and behind the input; undefined where `auto_pad` depends on an unknown input size. */
  readonly pads: readonly [number, number] | undefined;
}

/**
 * The window along each spatial axis, `auto_pad` resolved:
 *
 *   SAME:  total = max((⌈in / stride⌉ − 1) · stride + (kernel − 1) · dilation + 1 − in, 0), the odd one at the end
 *          (SAME_UPPER) or at the front (SAME_LOWER)
 *   VALID: 0
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Conv.html
 */
export function windowsOf(node: Node, kernel: readonly number[], spatial: readonly Dim[] | undefined): Window[] {
  const strides = node.ints('strides');
  const dilations = node.ints('dilations');
  const pads = node.ints('pads');
  const autoPad = node.string('auto_pad', 'NOTSET');
  return kernel.map((taps, axis) => {
    const stride = strides?.[axis] ?? 1;
    const dilation = dilations?.[axis] ?? 1;
    const window = { kernel: taps, stride, dilation };
    if (autoPad === 'VALID') return { ...window, pads: [0, 0] };
    if (!autoPad.startsWith('SAME')) return { ...window, pads: [pads?.[axis] ?? 0, pads?.[axis + kernel.length] ?? 0] };
    return { ...window, pads: samePads(reachOf(window), stride, spatial?.[axis], autoPad === 'SAME_UPPER') };
  });
}

function samePads(reach: number, stride: number, size: Dim | undefined, upper: boolean): [number, number] | undefined {
  if (reach <= 1) return [0, 0];
  if (typeof size !== 'number') return stride === 1 ? halves(reach - 1, upper) : undefined;
  return halves(Math.max((Math.ceil(size / stride) - 1) * stride + reach - size, 0), upper);
}

function halves(total: number, upper: boolean): [number, number] {
  const small = Math.floor(total / 2);
  return upper ? [small, total - small] : [total - small, small];
}

/** Distance from the first to behind the last tap. */
export function reachOf({ kernel, dilation }: Pick<Window, 'kernel' | 'dilation'>): number {
  return (kernel - 1) * dilation + 1;
}

/**
 * Size of the output along one axis; `ceil` as in pooling with `ceil_mode`, where a window that would start in the
 * padding behind the input is left to the runtime's taste, and so unknown here.
 */
export function windowOutput(size: Dim, window: Window, ceil = false): Dim {
  if (!window.pads || window.stride < 1) return '';
  const [before, after] = window.pads;
  const rest = before + after - reachOf(window);
  if (typeof size !== 'number') return window.stride === 1 && rest === -1 ? size : '';
  const steps = (size + rest) / window.stride;
  const out = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
  if (ceil && (out - 1) * window.stride >= size + before) return '';
  return out > 0 && Number.isSafeInteger(out) ? out : '';
}
