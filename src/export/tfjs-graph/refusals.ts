import { EdgefoldError } from '../../errors.ts';
import type { SourceLayer } from '../source-model.ts';

/** Collects why a graph cannot be exported, so that everything is said at once. */
export class Refusals {
  readonly #nodes = new Map<string, string[]>();
  readonly #notes = new Set<string>();

  /** A node whose operator has no lowering. */
  add({ className, name }: SourceLayer): void {
    const nodes = this.#nodes.get(className) ?? [];
    nodes.push(name);
    this.#nodes.set(className, nodes);
  }

  /** Why one node, with its attributes and inputs, cannot be exported. */
  note(problem: string): void {
    this.#notes.add(problem);
  }

  /** @throws {EdgefoldError} UNSUPPORTED if a loop of TensorFlow 1 is among them. */
  throwIfCircular(): void {
    if (this.#nodes.has('NextIteration')) this.throwIfAny();
  }

  /** @throws {EdgefoldError} UNSUPPORTED. */
  throwIfAny(): void {
    const operators = [...this.#nodes].map(([op, nodes]) => `${op} (${listing(nodes)}): ${reasonFor(op)}`);
    const problems = [...operators.sort(), ...this.#notes];
    if (problems.length === 0) return;
    const list = problems.map((problem) => `\n  ${problem}`).join('');
    const summary = problems.length === 1 ? problems[0]! : `${problems.length} operators cannot be exported:${list}`;
    throw new EdgefoldError('UNSUPPORTED', summary);
  }
}

const LISTED = 3;

function listing(nodes: readonly string[]): string {
  const more = nodes.length > LISTED ? ` and ${nodes.length - LISTED} more` : '';
  return nodes.slice(0, LISTED).join(', ') + more;
}

const REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [
    /^(Ref)?(Switch|Merge|Enter|Exit|NextIteration|LoopCond)$|^(Stateless)?(If|While)$|^(Stateful)?PartitionedCall$/,
    'control flow is not exported. Export the part of the model before it',
  ],
  [/^(Empty)?Tensor(List|Array)/, 'lists of tensors are not exported. They come from loops; unroll the layer and convert again'],
  [/HashTable|LookupTable|InitializeTable/, 'tables are not exported. Look values up outside the model'],
  [/String|Regex|^Decode|^Encode|^AsString/, 'text is not exported. Prepare it outside the model'],
  [/^Random|^TruncatedNormal|^Multinomial|^Stateless(Random|Truncated)/, 'it draws random numbers, so the model is no function of its inputs'],
  [/^(Where|Unique|ListDiff|NonMaxSuppression|Ragged|Sparse|DenseBincount|Bincount)/, 'the shape of its result depends on the values. Do this step outside the model'],
  [/FFT$|^Complex|^Real$|^Imag$/, 'complex numbers are not exported'],
  [/^(VarHandleOp|VariableV2|ReadVariableOp|Variable)$/, 'the graph is not frozen. Convert it again with tensorflowjs_converter'],
]; // prettier-ignore

function reasonFor(op: string): string {
  return REASONS.find(([pattern]) => pattern.test(op))?.[1] ?? 'this operator is not known here';
}
