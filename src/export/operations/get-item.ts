import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { isList, isObject } from '../layer.ts';
import type { Handle } from '../layout.ts';
import { asKeras } from '../reorder.ts';
import { slice, TO_THE_END, type Cut } from '../slice.ts';
import type { JsonObject, JsonValue } from '../source-model.ts';
import type { OperationCall } from './operation-call.ts';
import type { Operation } from './operation.ts';
import { squeezed, unsqueezed } from './axes-of-one.ts';

/**
 * `x[…]`: for each axis a number, which takes one point and the axis away, or a slice `start:stop:step`; `None` puts
 * in an axis of size 1 and `...` stands for all the axes that are left. Slices are written
 *
 *   Keras 3   {"class_name": "__slice__", "config": {"start": 1, "stop": null, "step": null}}
 *   Keras 2   {"start": 1, "stop": null, "step": null}
 *
 * Source: https://numpy.org/doc/stable/user/basics.indexing.html
 */
export const GET_ITEM: Operation = {
  names: ['GetItem', 'getitem'],
  parameters: ['x tensor', 'key slice_spec'],
  lower(call, graph) {
    const { cuts, points, added } = plan(call, call.tensor('x'));
    const x = points.length > 0 || added.length > 0 ? asKeras(graph, call.tensor('x')) : sliceable(call.tensor('x'), graph);
    const cut = cuts.length === 0 ? x : slice(graph, x, cuts, points.length + added.length > 0 ? 'part' : undefined);
    const taken = points.length === 0 ? cut : squeezed(graph, cut, points, added.length > 0 ? 'points' : undefined);
    return added.length === 0 ? taken : unsqueezed(graph, taken, added);
  },
}; // prettier-ignore

interface Plan {
  readonly cuts: readonly Cut[];
  /** Axes of x of which one point is taken. */
  readonly points: readonly number[];
  /** Axes of the result that are new. */
  readonly added: readonly number[];
}

function plan(call: OperationCall, { shape }: Handle): Plan {
  const items = filled(call, keysOf(call), shape.length);
  const [cuts, points, added]: [Cut[], number[], number[]] = [[], [], []];
  let axis = 0;
  let place = 0;
  for (const item of items) {
    if (item === null) added.push(place++);
    else if (typeof item === 'number') {
      points.push(axis);
      cuts.push(pointAt(call, item, axis, shape[axis++]!));
    } else {
      const range = sliceAt(call, item, axis, shape[axis++]!);
      if (range) cuts.push(range);
      place++;
    }
  }
  return { cuts, points, added };
}

function keysOf(call: OperationCall): readonly JsonValue[] {
  const key = call.value('key') ?? null;
  return isList(key) ? key : [key];
}

/** The keys with `...`, and what is left out at the end, written out as whole axes. */
function filled(call: OperationCall, keys: readonly JsonValue[], rank: number): readonly JsonValue[] {
  const isEllipsis = (key: JsonValue) => isObject(key) && key.class_name === '__ellipsis__';
  const used = keys.filter((key) => key !== null && !isEllipsis(key)).length;
  const whole = new Array<JsonValue>(Math.max(0, rank - used)).fill({});
  const at = keys.findIndex(isEllipsis);
  const all = at < 0 ? [...keys, ...whole] : [...keys.slice(0, at), ...whole, ...keys.slice(at + 1)];
  if (used > rank || all.some(isEllipsis)) call.malformed('key', `at most ${rank} indices`);
  return all;
}

function pointAt(call: OperationCall, index: number, axis: number, dim: Dim): Cut {
  const fits = Number.isInteger(index) && (typeof dim !== 'number' || (index < dim && index >= -dim));
  if (!fits) call.malformed('key', `a place in an axis of ${dim}`);
  return { axis, start: index, end: index === -1 ? TO_THE_END : index + 1, size: 1 };
}

/** `undefined` for a whole axis. */
function sliceAt(call: OperationCall, key: JsonValue, axis: number, dim: Dim): Cut | undefined {
  const { start, stop, step } = rangeOf(call, key);
  const by = step ?? 1;
  if (by === 0) call.malformed('key', 'a slice with a step');
  if (start === null && stop === null && by === 1) return undefined;
  const [from, to] = by > 0 ? [0, TO_THE_END] : [TO_THE_END, -TO_THE_END];
  return { axis, start: start ?? from, end: stop ?? to, step: by, size: length(call, { start, stop, by }, dim) };
}

type Bound = number | null;

function rangeOf(call: OperationCall, key: JsonValue): { start: Bound; stop: Bound; step: Bound } {
  if (!isObject(key)) return call.unsupported('it is indexed by something other than numbers and slices');
  const config: JsonObject = isObject(key.config) ? key.config : key;
  const bound = (name: string): Bound => {
    const value = Object.hasOwn(config, name) ? config[name]! : null;
    if (value === null || (typeof value === 'number' && Number.isSafeInteger(value))) return value;
    return call.unsupported('the bounds of a slice are computed when the model runs');
  };
  return { start: bound('start'), stop: bound('stop'), step: bound('step') };
}

/** Points in a slice of an axis, as Python counts them. */
function length(
  call: OperationCall,
  { start, stop, by }: { readonly start: Bound; readonly stop: Bound; readonly by: number },
  dim: Dim,
): Dim {
  if (typeof dim !== 'number')
    return start === null && stop === null && Math.abs(by) === 1 ? dim : `${call.layer.name}_part`;
  const [low, high] = by > 0 ? [0, dim] : [-1, dim - 1];
  const clamped = (bound: number) => Math.min(Math.max(bound < 0 ? bound + dim : bound, low), high);
  const from = start === null ? (by > 0 ? low : high) : clamped(start);
  const to = stop === null ? (by > 0 ? high : low) : clamped(stop);
  const count = Math.max(0, Math.ceil((to - from) / by));
  return count > 0 ? count : call.unsupported('it takes a slice that holds nothing');
}

function sliceable(x: Handle, graph: GraphWriter): Handle {
  return x.layout.kind === 'reordered' ? asKeras(graph, x) : x;
}
