import { float32, transposed, type Tensor } from '../../tensor.ts';
import { isObject, Layer } from '../layer.ts';
import type { SourceWeight } from '../source-model.ts';
import { cellFunction, type CellFunction } from './activations.ts';

type FloatTensor = Tensor<'float32'>;

/** A parameter of one direction in ONNX's order, made of one weight of the source. */
export interface Part {
  readonly weight: SourceWeight;
  readonly make: (tensor: FloatTensor) => FloatTensor;
}

/** What one direction of a recurrent operator computes, in ONNX's terms; W `[G·H, I]`, R `[G·H, H]`, B `[2·G·H]`. */
export interface Cell {
  readonly opType: 'LSTM' | 'GRU' | 'RNN';
  readonly units: number;
  readonly gates: number;
  /** h, and c of an LSTM. */
  readonly states: 1 | 2;
  /** `undefined` if ONNX's operators have not all of them. */
  readonly functions: readonly CellFunction[] | undefined;
  /** Whose configuration names the activations. */
  readonly layer: Layer;
  readonly defaults: readonly string[];
  readonly linearBeforeReset: boolean;
  readonly W: Part;
  readonly R: Part;
  readonly B: Part | undefined;
}

interface Kind {
  readonly opType: Cell['opType'];
  readonly states: 1 | 2;
  /** Which gate of Keras stands at each place of ONNX. */
  readonly order: readonly number[];
  readonly cudnn: boolean;
}

/** Gates: Keras i, f, c, o and ONNX i, o, f, c; both z, r, h. Source: `call` of each cell in keras/src/layers/rnn. */
const LSTM: Kind = { opType: 'LSTM', states: 2, order: [0, 3, 1, 2], cudnn: false };
const GRU: Kind = { opType: 'GRU', states: 1, order: [0, 1, 2], cudnn: false };
const RNN: Kind = { opType: 'RNN', states: 1, order: [0], cudnn: false };

const KINDS: ReadonlyMap<string, Kind> = new Map([
  ...['LSTM', 'LSTMCell'].map((name) => [name, LSTM] as const),
  ...['GRU', 'GRUCell'].map((name) => [name, GRU] as const),
  ...['SimpleRNN', 'SimpleRNNCell'].map((name) => [name, RNN] as const),
  ['CuDNNLSTM', { ...LSTM, cudnn: true }],
  ['CuDNNGRU', { ...GRU, cudnn: true }],
]);

/** The cell of a recurrent layer: the layer itself, or what an `RNN` wraps. */
export function cellLayer(layer: Layer): Layer {
  if (layer.className !== 'RNN') return layer;
  const cell = layer.value('cell');
  if (!isObject(cell) || typeof cell.class_name !== 'string') {
    return layer.unsupported('it runs several cells in each step', 'Use one recurrent layer for each of the cells.');
  }
  const config = isObject(cell.config) ? cell.config : {};
  const module = typeof cell.module === 'string' && !/^(keras|tf_keras|tensorflow)\b/.test(cell.module);
  if (module || !KINDS.has(cell.class_name))
    layer.unsupported(
      `its cell ${cell.class_name} is not known here`,
      'Known are LSTMCell, GRUCell and SimpleRNNCell.',
    );
  return new Layer(
    { ...layer.source, className: cell.class_name, config },
    layer.origin,
    layer.training,
    layer.heedsMask,
  );
}

export function isRecurrent(className: string): boolean {
  return className === 'RNN' || (KINDS.has(className) && !className.endsWith('Cell'));
}

/**
 * Reads the cell of a layer whose input has `features` features.
 *
 * A GRU with `reset_after` is ONNX's with `linear_before_reset`: the reset gate acts behind the product with R and its
 * bias, and there is a bias for each of W and R. Without it there is one bias. `unit_forget_bias`, `implementation` and
 * both kinds of dropout matter in training only.
 */
export function readCell(layer: Layer, features: number): Cell {
  const cell = cellLayer(layer);
  const kind = KINDS.get(cell.className) ?? layer.unsupported('its cell is not known here');
  const units = cell.size('units');
  const width = kind.order.length * units;
  const bias = biasOf(cell, kind, width);
  const toRows = (name: string, rows: number): Part => ({
    weight: cell.weight(name, [rows, width]),
    make: (tensor) => inGateOrder(kind.cudnn ? ownRows(tensor, units) : transposed(tensor, [1, 0]), kind),
  });
  return {
    opType: kind.opType,
    units,
    gates: kind.order.length,
    states: kind.states,
    functions: functionsOf(cell, kind),
    layer: cell,
    defaults: DEFAULTS[kind.opType],
    linearBeforeReset: kind.opType === 'GRU' && (kind.cudnn || resetsAfter(cell)),
    W: toRows('kernel', features),
    R: toRows('recurrent_kernel', units),
    B: bias && { weight: bias, make: (tensor) => bothBiases(tensor, kind, units) },
  };
}

const DEFAULTS = { LSTM: ['Sigmoid', 'Tanh', 'Tanh'], GRU: ['Sigmoid', 'Tanh'], RNN: ['Tanh'] } as const;

function functionsOf(cell: Layer, { opType, cudnn }: Kind): CellFunction[] | undefined {
  if (cudnn) return DEFAULTS[opType].map((name) => ({ name }));
  const activation = cellFunction(cell, 'activation');
  if (opType === 'RNN') return activation && [activation];
  const gate = cellFunction(cell, 'recurrent_activation');
  return gate && activation && (opType === 'LSTM' ? [gate, activation, activation] : [gate, activation]);
}

/** Keras before 2.2.3 knows only the one form, and does not name it. */
function resetsAfter(cell: Layer): boolean {
  return cell.flag('reset_after', cell.kerasMajor === 3);
}

function biasOf(cell: Layer, { opType, cudnn }: Kind, width: number): SourceWeight | undefined {
  if (!cell.flag('use_bias', true)) return undefined;
  if (cudnn) return cell.weight('bias', [2 * width]);
  return cell.weight('bias', opType === 'GRU' && resetsAfter(cell) ? [2, width] : [width]);
}

/** CuDNN's kernels: of each gate's `[rows, H]`, the numbers in their order are its matrix `[H, rows]`. */
function ownRows({ shape, data }: FloatTensor, units: number): FloatTensor {
  const [rows, width] = shape as [number, number];
  const own = new Float32Array(data.length);
  for (let gate = 0; gate * units < width; gate++) {
    for (let row = 0; row < rows; row++) {
      const from = row * width + gate * units;
      own.set(data.subarray(from, from + units), (gate * rows + row) * units);
    }
  }
  return float32([width, rows], own);
}

/** The blocks of H rows in ONNX's order. */
function inGateOrder({ shape, data }: FloatTensor, { order }: Kind): FloatTensor {
  const block = data.length / order.length;
  const ordered = new Float32Array(data.length);
  order.forEach((from, to) => {
    ordered.set(data.subarray(from * block, (from + 1) * block), to * block);
  });
  return float32(shape, ordered);
}

/** The bias of W, then that of R, which is zero where Keras has only one. */
function bothBiases({ data }: FloatTensor, kind: Kind, units: number): FloatTensor {
  const width = kind.order.length * units;
  const both = new Float32Array(2 * width);
  for (let from = 0; from < data.length; from += width) {
    both.set(inGateOrder(float32([width], data.subarray(from, from + width)), kind).data, from);
  }
  return float32([2 * width], both);
}
