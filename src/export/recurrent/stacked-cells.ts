import type { GraphWriter } from '../graph-writer.ts';
import { isList, isObject, Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { JsonValue } from '../source-model.ts';
import { readRecurrent, runLayer } from './run-layer.ts';

/** The cells of an `RNN` around a `StackedRNNCells`, or a list of cells; `undefined` for one around a cell. */
export function stackOf(layer: Layer): readonly JsonValue[] | undefined {
  const cell = layer.className === 'RNN' ? layer.value('cell') : undefined;
  if (isList(cell)) return cell;
  if (!isObject(cell) || cell.class_name !== 'StackedRNNCells' || !isObject(cell.config)) return undefined;
  return isList(cell.config.cells) ? cell.config.cells : layer.malformed('cell', 'a list of cells');
}

/**
 * Cells on top of each other in every step, which is one layer after the other: each runs over the sequence of the one
 * below. Only the first runs backwards, and hands its sequence on in the order in which it made it.
 */
export function runStack(
  layer: Layer,
  cells: readonly JsonValue[],
  x: Handle,
  initial: readonly Handle[],
  graph: GraphWriter,
): Handle[] {
  const backwards = layer.flag('go_backwards', false);
  if (backwards && x.mask && layer.heedsMask) layer.unsupported('it runs several cells backwards over a mask');
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
  return [below, ...states];
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
