import type { GraphWriter } from '../graph-writer.ts';
import { isList, isObject, Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { JsonValue } from '../source-model.ts';
import { asKeras } from '../reorder.ts';
import { readRecurrent, runLayer } from './run-layer.ts';
import { reversed } from './time.ts';

/** The cells of an `RNN` around a `StackedRNNCells`, or a list of cells; `undefined` for one around a cell. */
export function stackOf(layer: Layer): readonly JsonValue[] | undefined {
  const cell = layer.className === 'RNN' ? layer.value('cell') : undefined;
  if (isList(cell)) return cell;
  if (!isObject(cell) || cell.class_name !== 'StackedRNNCells' || !isObject(cell.config)) return undefined;
  return isList(cell.config.cells) ? cell.config.cells : layer.malformed('cell', 'a list of cells');
}

/**
 * Cells on top of each other in every step, which is one layer after the other: each runs over the sequence of the one
 * below. Only the first runs backwards, and hands its sequence on in the order in which it made it; over a mask the
 * sequence is turned round instead, and all run forwards.
 */
export function runStack(
  given: Layer,
  cells: readonly JsonValue[],
  sequence: Handle,
  initial: readonly Handle[],
  graph: GraphWriter,
): Handle[] {
  const turns = given.flag('go_backwards', false) && sequence.mask !== undefined && given.heedsMask;
  const x = turns ? turned(sequence, graph.part('turned')) : sequence;
  const layer = turns ? forwards(given) : given;
  const states: Handle[] = [];
  let rest = initial;
  let below = x;
  cells.forEach((_, i) => {
    const isLast = i === cells.length - 1;
    const it = readRecurrent(layerOf(layer, cells, i), below);
    const own = rest.slice(0, it.cell.states);
    rest = rest.slice(it.cell.states);
    const made = runLayer(it, below, own, isLast ? graph : graph.part(`cell_${i}`));
    states.push(...made.states);
    below = made.output;
  });
  if (rest.length > 0) layer.unsupported(`it is called with ${initial.length} initial states`);
  return [{ ...below, mask: below.mask && sequence.mask }, ...states];
}

/** The sequence and its mask from the end on: over those the cells run forwards. */
function turned(given: Handle, graph: GraphWriter): Handle {
  const x = asKeras(graph, given);
  const mask = reversed(graph, given.mask!(), 1, 'mask');
  return { ...x, value: reversed(graph, x.value, 1), mask: () => mask };
}

function forwards({ source, origin, training, heedsMask }: Layer): Layer {
  return new Layer({ ...source, config: { ...source.config, go_backwards: false } }, origin, training, heedsMask);
}

/** One of the cells as a layer of its own. */
function layerOf(layer: Layer, cells: readonly JsonValue[], i: number): Layer {
  const { source } = layer;
  const isLast = i === cells.length - 1;
  const prefix = `${i}/`;
  const weights = source.weights.flatMap((weight) => (weight.name.startsWith(prefix) ? { ...weight, name: weight.name.slice(prefix.length) } : [])); // prettier-ignore
  const config = {
    ...source.config,
    cell: cells[i]!,
    ...(!isLast && { return_sequences: true, zero_output_for_mask: false }),
    ...(i > 0 && { go_backwards: false }),
  };
  return new Layer({ ...source, config, weights }, layer.origin, layer.training, layer.heedsMask);
}
