import type { Node } from '../../onnx/graph.ts';
import { reachOf, windowOutput, windowsOf, type Window } from '../../onnx/shapes/window.ts';
import type { Dim } from '../../tensor.ts';
import { MOST_LOOKS, type Reach } from './border.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';

/** One reach for each spatial axis, in order. */
export interface Reaches {
  readonly kind: 'reaches';
  readonly axes: readonly Reach[];
}

/**
 * Conv: at position p, tap k lies on x[p · stride + k · dilation − before], if there is such an element.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Conv.html
 */
export function convReaches(node: Node, kernel: readonly number[], facts: Facts): Reaches | Refusal {
  const spatial = facts.shape(node.inputs[0])?.slice(2);
  return reachesOf(node, windowsOf(node, kernel, spatial), facts, (window, size) => {
    const positions = windowOutput(size, window);
    if (typeof positions !== 'number') return undefined;
    const start = window.pads![0];
    const isOn = (p: number, k: number) => isBelow(p * window.stride + k * window.dilation - start, size);
    return { taps: window.kernel, positions, reaches: isOn };
  });
}

/**
 * ConvTranspose: tap k brings x[i] to position i · stride + k · dilation − before.
 *
 *   positions = stride · (size − 1) + output_padding + (kernel − 1) · dilation + 1 − before − after
 *
 * or as many as `output_shape` says, or stride · size with auto_pad SAME; what is too much then is cut off in halves,
 * the odd one in front unless auto_pad is SAME_UPPER.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__ConvTranspose.html
 */
export function convTransposeReaches(node: Node, kernel: readonly number[], facts: Facts): Reaches | Refusal {
  return reachesOf(node, windowsOf(node, kernel, undefined), facts, (window, size, axis) => {
    const { stride, dilation } = window;
    // onnxruntime makes fewer positions than ONNX says where gaps between windows would have to be filled up.
    if (isSame(node) && reachOf(window) < stride) return undefined;
    const extent = extentOf(node, window, size, axis);
    const isOn = (p: number, k: number) => {
      const from = p + extent.before - k * dilation;
      return from % stride === 0 && isBelow(from / stride, size);
    };
    return { taps: window.kernel, positions: extent.positions, reaches: isOn };
  });
}

function extentOf(node: Node, window: Window, size: number, axis: number) {
  const whole = window.stride * (size - 1) + (node.ints('output_padding')?.[axis] ?? 0) + reachOf(window);
  const asked = askedFor(node, window, size, axis);
  if (asked === undefined) {
    const [before, after] = window.pads ?? [0, 0];
    return { positions: whole - before - after, before };
  }
  const cut = Math.max(whole - asked, 0);
  const isUpper = node.string('auto_pad', 'NOTSET') === 'SAME_UPPER';
  return { positions: asked, before: isUpper ? Math.floor(cut / 2) : Math.ceil(cut / 2) };
}

const isSame = (node: Node): boolean => node.string('auto_pad', 'NOTSET').startsWith('SAME');

function askedFor(node: Node, { stride }: Window, size: number, axis: number): number | undefined {
  const same = isSame(node) ? size * stride : undefined;
  return node.ints('output_shape')?.[axis] ?? same;
}

const isBelow = (index: number, size: number) => index >= 0 && index < size;

function reachesOf(
  node: Node,
  windows: readonly Window[],
  facts: Facts,
  reachOf: (window: Window, size: number, axis: number) => Reach | undefined,
): Reaches | Refusal {
  const given: readonly Dim[] = facts.shape(node.inputs[0])?.slice(2) ?? [];
  const found: readonly Dim[] = facts.shape(node.outputs[0])?.slice(2) ?? [];
  const axes = windows.flatMap((window, axis) => {
    const size = given[axis];
    const isSound = typeof size === 'number' && window.stride > 0 && window.dilation > 0;
    const reach = isSound ? reachOf(window, size, axis) : undefined;
    return reach && isPlausible(reach, found[axis]) ? [reach] : [];
  });
  if (axes.length === windows.length) return { kind: 'reaches', axes };
  return refuse(`${node.label} has an input or output whose size is not known`);
}

/** Whether it agrees with what is known of the output's size otherwise. */
function isPlausible({ positions, taps }: Reach, size: Dim | undefined): boolean {
  if (!Number.isSafeInteger(positions) || positions < 1 || positions * taps > MOST_LOOKS) return false;
  return typeof size !== 'number' || size === positions;
}
