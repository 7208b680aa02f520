/**
 * Every fault that Edgefold reports is an {@link EdgefoldError}: where it is, what was expected, what was
 * found, and the way out. A broken invariant of our own is a plain `Error` whose message begins "bug:".
 */
export type ErrorCode =
  | 'FILE' // a file or folder that cannot be read or written as asked
  | 'FORMAT' // not a format that is read here
  | 'CORRUPT' // the right format, broken content
  | 'LIMIT' // a count or size beyond the stated bound
  | 'UNSAFE' // asks to run code or to read outside the model
  | 'UNSUPPORTED' // understood, not supported
  | 'WEIGHTS' // a weight that is missing, left over or of the wrong shape
  | 'INPUT' // an input tensor of the wrong name, dtype or shape
  | 'USAGE' // an option or argument that makes no sense
  | 'PROVIDER' // an execution provider that is not available
  | 'PARTIAL' // an execution provider that did not take the whole model
  | 'INTEGRITY' // bytes that are not those that were asked for
  | 'RUNTIME' // the runtime refused the model or failed while running it
  | 'DIED' // the process or worker that ran the model died
  | 'PARITY' // two models differ by more than allowed
  | 'INTERFACE' // a model with other inputs or outputs than a program was written for
  | 'DISPOSED' // used after dispose()
  | 'ABORTED'; // ended by an AbortSignal

export interface ErrorDetails {
  /** File, layer, node or tensor at fault. */
  readonly where?: string;
  readonly expected?: string;
  readonly received?: string;
  /** What the reader can do about it. */
  readonly hint?: string;
  /** Nodes at fault, where there is a list of them. */
  readonly nodes?: readonly NodeAtFault[];
  readonly cause?: unknown;
}

/** A node, and the execution provider that ran it. */
export interface NodeAtFault {
  readonly name: string;
  readonly operator: string;
  readonly provider: string;
}

/** The one error class of the public API. The message contains all the fields. */
export class EdgefoldError extends Error {
  override readonly name = 'EdgefoldError';
  readonly code: ErrorCode;
  /** What happened, without the details. */
  readonly summary: string;
  readonly where: string | undefined;
  readonly expected: string | undefined;
  readonly received: string | undefined;
  readonly hint: string | undefined;
  readonly nodes: readonly NodeAtFault[] | undefined;

  constructor(code: ErrorCode, summary: string, details: ErrorDetails = {}) {
    super(sentence(summary, details), details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.summary = summary;
    this.where = details.where;
    this.expected = details.expected;
    this.received = details.received;
    this.hint = details.hint;
    this.nodes = details.nodes;
  }
}

function sentence(summary: string, { where, expected, received, hint }: ErrorDetails): string {
  let text = where === undefined ? summary : `${where}: ${summary}`;
  if (expected !== undefined) text += `; expected ${expected}`;
  if (received !== undefined) text += `${expected === undefined ? ';' : ','} found ${received}`;
  return hint === undefined ? text : `${text}. ${hint}`;
}

/** Throws the assertion that marks a fault of ours, never of the input. */
export function bug(message: string): never {
  throw new Error(`bug: ${message}`);
}
