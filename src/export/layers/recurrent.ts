import type { LayerLowering } from '../lowering.ts';
import { readRecurrent, runLayer, warnOfState } from '../recurrent/run-layer.ts';
import { runStack, stackOf } from '../recurrent/stacked-cells.ts';

/**
 * Keras `LSTM`, `GRU` and `SimpleRNN`, and `RNN` around one of their cells: one ONNX LSTM, GRU or RNN; around several
 * cells (`StackedRNNCells`, or a list), one for each.
 *
 * Shapes: x `[N, T, I]`, kernel `[I, G·H]`, recurrent_kernel `[H, G·H]`, bias `[G·H]`, for a GRU with `reset_after`
 * `[2, G·H]`; G is 4, 3 or 1. y `[N, T, H]` with `return_sequences`, else `[N, H]`; with `return_state` the last h,
 * and c of an LSTM, behind it, `[N, H]` each. Tensors behind x are the states to begin with.
 *
 *   go_backwards      `direction` reverse; Keras gives the sequence in the order in which it was made
 *   mask              exact for any mask, see `recurrent/masked-steps.ts`
 *   stateful          starts from zero, with a warning
 *   CuDNNLSTM/GRU     sigmoid and tanh, the weights in CuDNN's order (tf_keras/src/saving/legacy/hdf5_format.py)
 *
 * ONNX reads [T, N, I]; layers one behind the other hand their sequences on in that form, without a Transpose.
 * Defaults: those of Keras, `recurrent_activation` hard_sigmoid and `reset_after` false for files too old to say.
 * Source: https://keras.io/api/layers/recurrent_layers/
 */
export const recurrent: LayerLowering = {
  classNames: ['LSTM', 'GRU', 'SimpleRNN', 'CuDNNLSTM', 'CuDNNGRU', 'RNN'],
  note: 'one node each; states in and out, backwards, reset_after, any mask; activations that the nodes have not by a Scan',
  traps: 'stateful starts every run from zero',
  merges: true,
  mask: 'own',

  lower(layer, [given, ...initial], graph) {
    const x = graph.float(given);
    warnOfState(layer, graph);
    const cells = stackOf(layer);
    if (cells) return runStack(layer, cells, x, initial, graph);
    const { output, states } = runLayer(readRecurrent(layer, x), x, initial, graph);
    return [output, ...states];
  },
};
