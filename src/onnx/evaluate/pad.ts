import { text, type Call, type Rule } from './call.ts';
import { checkedSize, type Real } from './real.ts';
import { placesOf, steps, takeAlong } from './take.ts';

/** Where index i of a padded axis comes from in an axis of `size`; −1 for the constant. */
const SOURCE: Readonly<Record<string, (i: number, size: number) => number>> = {
  constant: (i, size) => (i < 0 || i >= size ? -1 : i),
  edge: (i, size) => Math.min(Math.max(i, 0), size - 1),
  wrap: (i, size) => ((i % size) + size) % size,
  reflect: (i, size) => {
    const period = Math.max(2 * (size - 1), 1);
    const inside = ((i % period) + period) % period;
    return Math.min(inside, period - inside);
  },
};

/**
 * Pads of all axes, beginnings first; since opset 18 possibly of some axes only. Negative ones cut off. Pads and the
 * constant are attributes until opset 10.
 */
const pad: Rule = (call) => {
  const x = call.any(0);
  const rank = x.shape.length;
  const pads = call.node.ints('pads') ?? call.node.ints('paddings') ?? call.numbers(1);
  const axes = call.has(3) ? call.numbers(3).map((axis) => call.axis(axis, rank)) : steps(rank, 1);
  if (pads.length !== 2 * axes.length) call.fault('the pads do not fit the input', `${String(2 * axes.length)} numbers`, text(pads)); // prettier-ignore
  const source = call.chosen('mode', 'constant', SOURCE);
  const all = (half: number) => x.shape.map((_, axis) => pads[axes.indexOf(axis) + half * axes.length] ?? 0);
  const [before, after] = [all(0), all(1)].map((list) =>
    list.map((amount, axis) => (axes.includes(axis) ? amount : 0)),
  );
  const shape = x.shape.map((size, axis) => Math.max(size + before![axis]! + after![axis]!, 0));
  checkedSize(shape);
  const places = placesOf(x.shape).map((along, axis) => {
    return steps(shape[axis]!, 1, -before![axis]!).map((i) => along[source(i, along.length)] ?? -1);
  });
  return [takeAlong(x, places, fillOf(call, x))];
};

function fillOf(call: Call, x: Real): number | string {
  const value = call.inputs[1] && call.inputs[2];
  if (value) return value.data[0] ?? 0;
  return x.dtype === 'string' ? '' : call.node.float('value', 0);
}

export const PAD: Readonly<Record<string, Rule>> = { Pad: pad };
