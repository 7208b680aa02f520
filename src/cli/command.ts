import type { Arguments, OptionSpecs } from './arguments.ts';
import type { Progress } from './progress.ts';

/** 0 done, 1 bad input or use, 2 parity failed. */
export type ExitCode = 0 | 1 | 2;

/** What a command has to say, in both forms; `main` prints one of them. */
export interface Outcome {
  /** For `--json`: the one document on stdout. */
  readonly document: object;
  /** For a person: lines for stdout. */
  table(): string;
  readonly exitCode: ExitCode;
}

/** A verb of the command line. Help text is made from these fields, so it cannot drift from what is accepted. */
export interface Command {
  readonly verb: string;
  /** One sentence. */
  readonly about: string;
  /** Names of the arguments, all required: `['A.onnx', 'B.onnx']`. */
  readonly operands: readonly string[];
  readonly options: OptionSpecs;
  /** Complete command lines with what they do. */
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  /** Paragraphs below the options. */
  readonly notes?: readonly string[];
  run(args: Arguments, progress: Progress): Promise<Outcome>;
}
