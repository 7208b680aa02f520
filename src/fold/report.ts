import type { Written } from './plan/materialise.ts';

/** What folding did, one entry a fold, and why each BatchNormalization that is left was kept. */
export interface FoldReport {
  /** Whether the folded graph differs from the one given. */
  readonly changed: boolean;
  readonly nodes: { readonly before: number; readonly after: number };
  readonly batchNormalizations: {
    readonly found: number;
    readonly folded: number;
    readonly kept: readonly KeptNode[];
  };
  readonly folds: readonly Fold[];
  /** Nodes beside those folded that the graph computes the same without. */
  readonly removed: readonly RemovedNode[];
  /** Weights and biases of the folded graph that folding has written. */
  readonly written: readonly Written[];
  readonly warnings: readonly string[];
}

export interface KeptNode {
  /** Node name, or its first output where it has none. */
  readonly name: string;
  /** One sentence that names the node in the way and the fact that is missing. */
  readonly reason: string;
}

export interface RemovedNode {
  /** Node name, or its first output where it has none. */
  readonly name: string;
  readonly opType: string;
  readonly reason: 'nothing reads it' | 'it does nothing' | `equal to ${string}`;
}

export interface Fold {
  /** The node that vanished: node name, or its first output where it has none. */
  readonly name: string;
  readonly opType: string;
  readonly direction: 'back' | 'forward';
  readonly way: FoldWay;
  /** Labels of the nodes that were crossed on the way, nearest first. */
  readonly through: readonly string[];
  /** Labels of the nodes whose weights took it in. */
  readonly into: readonly string[];
  /** Operator of the node that stays in its place, where only the scale could be taken in. */
  readonly leaves?: string;
  /** What is known of its accuracy without running anything. */
  readonly certificate?: Certificate;
}

/** How many of the parameters that were written are the nearest to the real result in their dtype, as proved. */
export interface RoundingCount {
  readonly total: number;
  readonly correctlyRounded: number;
}

/** |computed − exact| ≤ perUnit · S + constant, where S = Σ|W′||x| in the new weights and what they read. */
export interface ErrorBound {
  readonly perUnit: number;
  readonly constant: number;
}

/** One number for the model as it was, one for the folded one. */
export interface BothForms<T> {
  readonly unfolded: T;
  readonly folded: T;
}

/** Accuracy of one fold a priori: from parameters alone, the worst output channel of all nodes that took it in. */
export interface Certificate {
  /** The dtype of the arithmetic; `null` where there is none, as numbers only move. */
  readonly dtype: string | null;
  /** Unit roundoff u of that dtype: half the distance of 1 to the next number. 0 where nothing is rounded. */
  readonly u: number;
  /** Products that are summed for one output. */
  readonly n: number;
  /**
   * Condition numbers: how far the shift moves the values, in standard deviations of what the statistics describe.
   * `null` where no BatchNormalization says what these are.
   */
  readonly kappa: BothForms<number> | null;
  /** Bounds for every input; they hold in any order of summation, with or without fused multiply-add. */
  readonly bound: BothForms<ErrorBound>;
  /** The same for inputs within eight standard deviations of the mean, for folds forward; `null` for others. */
  readonly boundInRange: BothForms<number> | null;
  /**
   * Predicted error of the folded form over that of the unfolded one, root mean square over the outputs and in the
   * worst of them; `null` for folds backward, which add nothing to what the weights already sum up.
   */
  readonly growth: { readonly rms: number; readonly worst: number } | null;
  /** Nodes on the way whose own roundings, the same in both forms, are not in the bounds: they depend on sizes. */
  readonly uncounted: readonly string[];
  readonly maxAbsScale: number;
  readonly minAbsScale: number;
  /** Bytes of parameters that the fold adds; negative where more vanish. */
  readonly bytesAdded: number;
  /** Parameters of the nodes that took it in; other folds may share them. */
  readonly parameters?: RoundingCount;
}

/**
 * How it left the graph: whole into the weights in front of it (`back`) or behind it (`forward`), there possibly by
 * another value of a Pad (`pad-value`); in two, one half each way (`split`); its scale alone, back or forward, with
 * its shift left as an Add behind or in front of that (`scale`); forward into convolutions, with an Add of what it is
 * worth at each position of their outputs (`border-map`); forward, its centring staying as a Sub (`centre`); into the
 * affine beside it (`merge`); or, for operators that are no affines, into another Transpose (`transpose`) or into the
 * pads of a Conv or a pool (`pad`).
 */
export type FoldWay =
  'back' | 'forward' | 'centre' | 'scale' | 'split' | 'pad-value' | 'border-map' | 'merge' | 'transpose' | 'pad';
