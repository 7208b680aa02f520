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
  /** Labels of the nodes that were crossed on the way, nearest first. */
  readonly through: readonly string[];
  /** Labels of the nodes whose weights took it in. */
  readonly into: readonly string[];
  /** Operator of the node that stays in its place, where only the scale could be taken in. */
  readonly leaves?: string;
}
