import { ints } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import type { Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { inputGates, scanned } from '../recurrent/convolutional.ts';
import { warnOfState } from '../recurrent/run-layer.ts';
import { asKeras, offeredForm, offerForm } from '../reorder.ts';
import { spatialInput, spatialOutput, spatialRank, staticChannels, type Spatial } from '../spatial.ts';
import { sizesAt } from '../target-shape.ts';

/**
 * Keras `ConvLSTM1D`, `ConvLSTM2D`, `ConvLSTM3D`: an LSTM whose products are convolutions, over a sequence of images.
 * The input of all steps is convolved at once; a Scan then runs over any number of steps.
 *
 * Shapes: x `[N, T, …i, C]`, kernel `[…k, C, 4·F]`, recurrent kernel `[…k, F, 4·F]`, bias `[4·F]`, in the blocks i, f,
 * c, o; y `[N, T, …o, F]` with `return_sequences`, else `[N, …o, F]`; with `return_state` the last h and c behind it.
 * The recurrent convolution pads to the same size, and has neither strides nor dilation.
 * One behind the other they hand their sequence on as `[T, N, F, …o]`.
 * Defaults: those of Conv layers, `activation` tanh, `recurrent_activation` sigmoid (Keras 2: hard_sigmoid).
 * Source: https://keras.io/api/layers/recurrent_layers/conv_lstm2d/ · keras/src/layers/rnn/conv_lstm.py
 *         https://onnx.ai/onnx/operators/onnx__Scan.html
 */
export const convLstm: LayerLowering = {
  classNames: ['ConvLSTM1D', 'ConvLSTM2D', 'ConvLSTM3D'],
  note: 'every option; any number of steps; states in and out; any activation; stateful starts from zero; no mask',
  traps: 'stateful starts every run from zero; sizes of the images are fixed',
  merges: true,
  mask: 'own',

  lower(layer, [given, ...initial], graph) {
    if (given.mask && layer.heedsMask) layer.unsupported('it is masked');
    checkTraining(layer);
    warnOfState(layer, graph);
    const x = timeMajor(layer, graph.float(given), graph);
    const gates = inputGates(layer, x, graph);
    const backwards = layer.flag('go_backwards', false);
    const wantsAll = layer.flag('return_sequences', false);
    const ran = scanned({ layer, gates, states: statesOf(layer, initial, gates, graph), backwards, wantsAll }, graph);
    const state = (value: Value) => spatialOutput({ ...gates, value, channels: layer.size('filters'), dataFormat: x.dataFormat }); // prettier-ignore
    const output = ran.all ? sequence(ran.all, x, graph) : state(ran.h);
    return layer.flag('return_state', false) ? [output, state(ran.h), state(ran.c)] : [output];
  },
};

function checkTraining(layer: Layer): void {
  const drops = layer.number('dropout', 0) > 0 || layer.number('recurrent_dropout', 0) > 0;
  if (layer.training && drops) layer.unsupported('it is called with training=True, where it is random');
}

/** x as [T, N, C, …i]: as another such layer made it, or by one Transpose. */
function timeMajor(layer: Layer, given: Handle, graph: GraphWriter): Spatial & { readonly steps: Dim } {
  const rank = spatialRank(layer);
  const dataFormat = layer.choice('data_format', ['channels_last', 'channels_first'], 'channels_last');
  const { shape } = given;
  if (shape.length !== rank + 3) layer.unsupported(`its input has rank ${shape.length} in place of ${rank + 3}`);
  const last = dataFormat === 'channels_last';
  const at = last ? rank + 2 : 2;
  const points = shape.flatMap((_, axis) => (axis > 1 && axis !== at ? [axis] : []));
  const channels = staticChannels(layer, shape[at]!);
  const sizes = points.map((axis) => known(layer, shape[axis]!));
  const whole = [shape[1]!, shape[0]!, channels, ...sizes];
  const offered = last ? offeredForm(graph, given, 'images by time') : undefined;
  const value = offered?.value ?? graph.node('Transpose', [asKeras(graph, given).value], {
    shape: whole, attributes: { perm: ints([1, 0, at, ...points]) }, suffix: 'time_major' }); // prettier-ignore
  return { value, steps: shape[1]!, batch: shape[0]!, channels, sizes, dataFormat };
}

function known(layer: Layer, size: Dim): number {
  return typeof size === 'number' ? size : layer.unsupported('the size of its images is unknown');
}

/** Zero, or h and c as they are given. */
function statesOf(
  layer: Layer,
  initial: readonly Handle[],
  gates: Spatial,
  graph: GraphWriter,
): readonly [Value, Value] {
  if (initial.length === 2) {
    const [h, c] = initial.map((state, i) => spatialInput(layer, graph.part(`initial_${i}`).float(state), graph).value);
    return [h!, c!];
  }
  if (initial.length > 0) layer.unsupported(`it is called with ${initial.length} initial states in place of 2`);
  const filters = layer.size('filters');
  const shape = [gates.batch, filters, ...gates.sizes];
  const batch = sizesAt(graph, graph.handle(gates.value, gates.value.shape!), [1], 'batch');
  const inputs = [batch, graph.integers('state_sizes', [filters, ...gates.sizes.map(Number)])];
  const target = graph.node('Concat', inputs, { shape: [shape.length], dtype: 'int64', attributes: { axis: { kind: 'int', value: 0 } }, suffix: 'state_shape' }); // prettier-ignore
  const zero = graph.node('ConstantOfShape', [target], { shape, suffix: 'zero' });
  return [zero, zero];
}

/** [T, N, F, …o] as Keras has it. */
function sequence(value: Value, { dataFormat }: Spatial, graph: GraphWriter): Handle {
  const last = dataFormat === 'channels_last';
  const points = value.shape!.slice(3).map((_, i) => i + 3);
  const perm = [1, 0, ...(last ? [...points, 2] : [2, ...points])];
  const shape = perm.map((axis) => value.shape![axis]!);
  const y = graph.handle(graph.node('Transpose', [value], { shape, attributes: { perm: ints(perm) } }), shape);
  if (last) offerForm(graph, y, 'images by time', () => graph.handle(value, value.shape!));
  return y;
}
