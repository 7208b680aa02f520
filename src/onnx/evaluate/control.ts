import type { Graph } from '../graph.ts';
import { text, type Call, type Rule } from './call.ts';
import { joined } from './movement.ts';
import { reshaped, type Real } from './real.ts';
import { placesOf, steps, takeAlong } from './take.ts';

const choose: Rule = (call) => {
  const isTrue = call.scalar(0, 0) !== 0;
  return call.evaluateBody(call.body(isTrue ? 'then_branch' : 'else_branch'), []);
};

const truth = (value: boolean): Real => ({ dtype: 'bool', shape: [], data: Float64Array.of(Number(value)) });
const isTrue = (x: Real | undefined): boolean => x?.data[0] === 1;

/**
 * Inputs: most iterations, condition, states. The body takes (iteration, condition, states) and gives (condition,
 * states, pieces); the outputs are the last states and the pieces of all iterations along a new first axis.
 */
const loop: Rule = (call) => {
  const body = call.body('body');
  const most = call.scalar(0, Infinity);
  let condition = call.has(1) ? call.scalar(1, 1) !== 0 : true;
  let states = steps(Math.max(body.inputs.length - 2, 0), 1).map((i) => call.any(i + 2));
  const pieces: Real[][] = [];
  for (let i = 0; i < most && condition; i++) {
    const iteration: Real = { dtype: 'int64', shape: [], data: Float64Array.of(i) };
    const [next, ...results] = call.evaluateBody(body, [iteration, truth(condition), ...states]);
    condition = isTrue(next);
    pieces.push(results.slice(states.length));
    states = results.slice(0, states.length);
  }
  const count = body.outputs.length - 1 - states.length;
  return [...states, ...steps(count, 1).map((k) => stacked(call, pieces.map((piece) => piece[k]!), body, 1 + states.length + k))]; // prettier-ignore
};

/** Pieces along a new axis; without any, its other sizes are those that the body declares. */
function stacked(call: Call, pieces: readonly Real[], body: Graph, index: number, axis = 0): Real {
  const [first] = pieces;
  if (!first) return nothing(call, body, index);
  const at = call.axis(axis, first.shape.length + 1);
  const each = pieces.map((piece) => {
    if (text(piece.shape) !== text(first.shape)) call.fault('the iterations give different shapes', text(first.shape), text(piece.shape)); // prettier-ignore
    return reshaped(piece, piece.shape.toSpliced(at, 0, 1));
  });
  return joined(each, first.shape.toSpliced(at, 0, pieces.length), at);
}

function nothing(call: Call, body: Graph, index: number): Real {
  const { dtype, shape } = body.outputs[index] ?? {};
  const isKnown = dtype !== undefined && dtype !== 'string' && shape?.every((dim) => typeof dim === 'number');
  if (!isKnown) call.unsupported('a loop that never runs gives a tensor of unknown shape');
  return { dtype, shape: [0, ...(shape as number[])], data: new Float64Array(0) };
}

/** Like Loop over the slices of some inputs. Source: https://onnx.ai/onnx/operators/onnx__Scan.html (opset 9) */
const scan: Rule = (call) => {
  if (call.opset < 9) call.unsupported('Scan of opset 8 is not evaluated');
  const body = call.body('body');
  const scanned = call.node.int('num_scan_inputs') ?? call.fault('it has no num_scan_inputs');
  const stateCount = call.inputs.length - scanned;
  let states = steps(Math.max(stateCount, 0), 1).map((i) => call.any(i));
  const sources = steps(scanned, 1).map((k) => slicesOf(call, k, call.any(stateCount + k)));
  const pieces: Real[][] = [];
  for (let t = 0; t < (sources[0]?.length ?? 0); t++) {
    const results = call.evaluateBody(body, [...states, ...sources.map((slices) => slices[t] ?? call.fault('the scanned inputs differ in length'))]); // prettier-ignore
    pieces.push(results.slice(stateCount));
    states = results.slice(0, stateCount);
  }
  return [...states, ...steps(body.outputs.length - stateCount, 1).map((k) => gathered(call, pieces, body, stateCount, k))]; // prettier-ignore
};

function gathered(call: Call, pieces: readonly (readonly Real[])[], body: Graph, stateCount: number, k: number): Real {
  const parts = pieces.map((piece) => piece[k]!);
  if (call.node.ints('scan_output_directions')?.[k] === 1) parts.reverse();
  return stacked(call, parts, body, stateCount + k, call.node.ints('scan_output_axes')?.[k] ?? 0);
}

function slicesOf(call: Call, k: number, x: Real): Real[] {
  const axis = call.axis(call.node.ints('scan_input_axes')?.[k] ?? 0, x.shape.length);
  const places = placesOf(x.shape);
  const slices = places[axis]!.map((place) => reshaped(takeAlong(x, places.with(axis, [place])), x.shape.toSpliced(axis, 1))); // prettier-ignore
  return call.node.ints('scan_input_directions')?.[k] === 1 ? slices.reverse() : slices;
}

export const CONTROL: Readonly<Record<string, Rule>> = { If: choose, Loop: loop, Scan: scan };
