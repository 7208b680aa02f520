import { isList } from '../layer.ts';
import type { LayerLowering } from '../lowering.ts';
import { choose, plain } from '../operations/arithmetic.ts';
import { elementwise } from '../operations/broadcast.ts';
import { OperationCall, type Operand } from '../operations/operation-call.ts';
import { reduce } from '../operations/reductions.ts';

/**
 * Keras `AutoContrast`: each channel of an image stretched to the whole range of values [a, b]:
 *
 *   y = a + (b − a) · (x − min) / (max − min), where min and max are the channel's own; x where they are equal
 *
 * Shapes: x and y `[N, h, w, C]`, counted as channels_last whatever `data_format` says, as Keras does.
 * Defaults: `value_range` [0, 255].
 * Source: keras/src/layers/preprocessing/image_preprocessing/auto_contrast.py
 */
export const autoContrast: LayerLowering = {
  classNames: ['AutoContrast'],
  note: 'any range of values',

  lower(layer, [given], graph) {
    const x = graph.float(given);
    if (x.shape.length !== 4) return layer.unsupported(`its input has rank ${x.shape.length} in place of 4`);
    const range = layer.value('value_range') ?? [0, 255];
    const [low, high] = isList(range) ? range.map(Number) : [];
    if (low === undefined || high === undefined || !(high > low)) return layer.malformed('value_range', 'two numbers');
    const call = new OperationCall(layer, 'AutoContrast', new Map(), graph);
    const step = (opType: string, a: Operand, b: Operand, suffix: string) =>
      elementwise(call, opType, [a, b], graph, { suffix });
    const axes = { axes: [1, 2], keep: true };
    const least = reduce(call, 'ReduceMin', x, graph.part('least'), axes);
    const width = step('Sub', reduce(call, 'ReduceMax', x, graph.part('most'), axes), least, 'width');
    const isFlat = elementwise(call, 'Equal', [width, plain(0)], graph, { result: 'bool', suffix: 'is_flat' });
    const safe = choose(call, isFlat, plain(1), width, graph.part('safe_width'));
    const unit = step('Div', step('Sub', x, least, 'centered'), safe, 'unit');
    const scaled = step('Add', step('Mul', unit, plain(high - low), 'scaled'), plain(low), 'stretched');
    return choose(call, isFlat, x, scaled, graph);
  },
};
