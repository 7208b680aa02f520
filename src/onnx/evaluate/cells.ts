/** What one direction of a recurrent operator computes with; R `[gates · H, H]`, bias `[gates · H]`. */
export interface CellParts {
  readonly H: number;
  readonly R: Float64Array;
  readonly bias: Float64Array;
  /** LSTM: `[3 · H]`, for input, output and forget gate. */
  readonly peepholes: Float64Array | undefined;
  readonly functions: readonly ((x: number) => number)[];
  readonly clip: number;
  readonly inputForget: boolean;
  readonly linearBeforeReset: boolean;
}

/** One step of one sample: `gates` holds x · W + the bias of W; state h and, for LSTM, c are overwritten. */
export type Step = (gates: Float64Array, h: Float64Array, c: Float64Array) => void;

export interface Cell {
  readonly gates: number;
  readonly functions: readonly string[];
  readonly step: (parts: CellParts) => Step;
}

/** gates[row] += R[row] · h + bias[row] for some rows. */
function addRecurrent(gates: Float64Array, { R, bias, H }: CellParts, h: Float64Array, from: number, to: number): void {
  for (let row = from; row < to; row++) {
    let sum = 0;
    for (let k = 0, at = row * H; k < H; k++, at++) sum += R[at]! * h[k]!;
    gates[row]! += sum + bias[row]!;
  }
}

const clamp = (x: number, clip: number): number => (x > clip ? clip : x < -clip ? -clip : x);

/** h = f(x·W + h·R + b) */
const rnn: Cell = {
  gates: 1,
  functions: ['Tanh'],
  step: (parts) => (gates, h) => {
    const { H, clip, functions } = parts;
    addRecurrent(gates, parts, h, 0, H);
    for (let j = 0; j < H; j++) h[j] = functions[0]!(clamp(gates[j]!, clip));
  },
};

/**
 * Gates z, r, h:  z = f(…), r = f(…), ĥ = g(x·W + (r ∘ h)·R + b) or, with `linear_before_reset`,
 * g(x·W + r ∘ (h·R + b) + …);  h = (1 − z) ∘ ĥ + z ∘ h
 */
const gru: Cell = {
  gates: 3,
  functions: ['Sigmoid', 'Tanh'],
  step: (parts) => {
    const { H, clip, functions, linearBeforeReset } = parts;
    const [f, g] = functions as [(x: number) => number, (x: number) => number];
    const [reset, hidden] = [new Float64Array(H), new Float64Array(3 * H)];
    return (gates, h) => {
      addRecurrent(gates, parts, h, 0, 2 * H);
      const r = (j: number) => f(clamp(gates[H + j]!, clip));
      hidden.fill(0);
      for (let j = 0; j < H; j++) reset[j] = linearBeforeReset ? h[j]! : r(j) * h[j]!;
      addRecurrent(hidden, parts, reset, 2 * H, 3 * H);
      for (let j = 0; j < H; j++) {
        const term = hidden[2 * H + j]! * (linearBeforeReset ? r(j) : 1);
        const z = f(clamp(gates[j]!, clip));
        h[j] = (1 - z) * g(clamp(gates[2 * H + j]! + term, clip)) + z * h[j]!;
      }
    };
  },
};

/** Gates i, o, f, c:  c = f ∘ c + i ∘ g(…);  h = o ∘ h(c); peepholes let i and f see the old c and o the new one. */
const lstm: Cell = {
  gates: 4,
  functions: ['Sigmoid', 'Tanh', 'Tanh'],
  step: (parts) => {
    const { H, clip, functions, inputForget, peepholes } = parts;
    const [f, g, out] = functions as [(x: number) => number, (x: number) => number, (x: number) => number];
    const peep = (gate: number, j: number, c: number) => (peepholes ? peepholes[gate * H + j]! * c : 0);
    return (gates, h, c) => {
      addRecurrent(gates, parts, h, 0, 4 * H);
      for (let j = 0; j < H; j++) {
        const i = f(clamp(gates[j]! + peep(0, j, c[j]!), clip));
        const forget = inputForget ? 1 - i : f(clamp(gates[2 * H + j]! + peep(2, j, c[j]!), clip));
        c[j] = forget * c[j]! + i * g(clamp(gates[3 * H + j]!, clip));
        h[j] = f(clamp(gates[H + j]! + peep(1, j, c[j]!), clip)) * out(c[j]!);
      }
    };
  },
};

export const CELLS: Readonly<Record<'RNN' | 'GRU' | 'LSTM', Cell>> = { RNN: rnn, GRU: gru, LSTM: lstm };
