import { float32 } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { isList, type Layer } from '../layer.ts';
import { laidOut, type Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';

/**
 * Keras `Rescaling`: y = x · scale + offset.
 *
 * Shapes: x and y `[N, …, C]`; scale and offset are numbers, or lists of C.
 * Defaults: `offset` 0.
 * Source: https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/
 */
export const rescaling: LayerLowering = {
  classNames: ['Rescaling'],
  note: 'one scale and offset, or one per channel',
  mask: 'keeps',

  lower(layer, [given], graph) {
    const x = graph.float(given);
    const offset = perChannel(layer, 'offset', x, 0);
    const shifts = offset.some((value) => value !== 0);
    const scaled = apply(graph, x, 'Mul', 'scale', perChannel(layer, 'scale', x), shifts ? 'scaled' : undefined);
    return shifts ? apply(graph, scaled, 'Add', 'offset', offset) : scaled;
  },
};

function apply(
  graph: GraphWriter,
  x: Handle,
  opType: string,
  name: string,
  values: readonly number[],
  suffix?: string,
): Handle {
  const shape = [...x.shape.slice(1).map(() => 1), values.length];
  const operand = graph.constant(
    name,
    values.length === 1 ? float32([], values) : laidOut(float32(shape, values), x.layout),
  );
  return graph.like(x, opType, { operands: [operand], ...(suffix === undefined ? {} : { suffix }) });
}

function perChannel(layer: Layer, key: string, x: Handle, otherwise?: number): readonly number[] {
  const value = layer.value(key) ?? otherwise;
  const list = isList(value) ? value : [value];
  const fits = list.length === 1 || list.length === x.shape.at(-1);
  if (fits && list.every((entry) => typeof entry === 'number')) return list;
  return layer.malformed(key, 'a number, or one for each channel');
}
