import { sizeOf } from '../../tensor.ts';
import type { Call } from './call.ts';

/** A tensor seen as lines along one axis (or along several that lie side by side): element i of a line at start + i · step. */
export interface Lines {
  readonly outer: number;
  readonly length: number;
  readonly step: number;
}

export function linesAlong(shape: readonly number[], axis: number): Lines {
  return { outer: sizeOf(shape.slice(0, axis)), length: shape[axis]!, step: sizeOf(shape.slice(axis + 1)) };
}

/** Calls with the offset of the first element of every line. */
export function forEachLine({ outer, length, step }: Lines, visit: (start: number) => void): void {
  for (let o = 0; o < outer; o++) for (let i = 0; i < step; i++) visit(o * length * step + i);
}

/** Softmax and its kin: until opset 12 all axes from `axis` (1) on are one line, since 13 only `axis` (−1). */
export function softmaxLines(call: Call, shape: readonly number[]): Lines {
  if (call.opset >= 13) return linesAlong(shape, call.axis(call.node.int('axis', -1), shape.length));
  const axis = call.node.int('axis', 1);
  const at = axis === shape.length ? axis : call.axis(axis, shape.length);
  return { outer: sizeOf(shape.slice(0, at)), length: sizeOf(shape.slice(at)), step: 1 };
}
