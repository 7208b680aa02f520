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
  readonly warnings: readonly string[];
}

export interface KeptNode {
  /** Node name, or its first output where it has none. */
  readonly name: string;
  /** One sentence that names the node in the way and the fact that is missing. */
  readonly reason: string;
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
}

/**
 * How it left the graph: whole into the weights in front of it (`back`) or behind it (`forward`); in two, its shift
 * backward and its scale forward (`split`); its scale backward, its shift staying as an Add (`scale`); forward into
 * convolutions, whose zero padding it turns into padding with a value (`pad-value`) or into a constant for each
 * position of their outputs (`border-map`); into the affine beside it (`merge`); or, for operators that are no
 * affines, into another Transpose (`transpose`) or into the pads of a Conv (`pad`).
 */
export type FoldWay =
  'back' | 'forward' | 'scale' | 'split' | 'pad-value' | 'border-map' | 'merge' | 'transpose' | 'pad';
