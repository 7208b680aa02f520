import { refsIn } from './call-order.ts';
import type { Handle } from './layout.ts';
import type { CallArgument, JsonValue, SourceCall, TensorRef } from './source-model.ts';

/** What one call gives to its layer or operation: tensors as handles, everything else as the file has it. */
export class CallArguments {
  readonly source: SourceCall;
  readonly #find: (ref: TensorRef) => Handle | undefined;

  constructor(source: SourceCall, find: (ref: TensorRef) => Handle | undefined) {
    this.source = source;
    this.#find = find;
  }

  /** The argument of this name, or at this place (0 is the first) if it is given without one. */
  argument(place: number, name: string): CallArgument | undefined {
    const { args, kwargs } = this.source;
    return Object.hasOwn(kwargs, name) ? kwargs[name] : args[place];
  }

  /** The tensor of an argument that is one; `undefined` if it is none, or not given. */
  tensor(place: number, name: string): Handle | undefined {
    const argument = this.argument(place, name);
    return argument && 'ref' in argument ? this.#find(argument.ref) : undefined;
  }

  /** All tensors of an argument, lists flattened. */
  tensors(place: number, name: string): readonly Handle[] {
    const argument = this.argument(place, name);
    return argument ? refsIn(argument).flatMap((ref) => this.#find(ref) ?? []) : [];
  }

  /** The members of a list, `undefined` for those that are no tensors: `mask=[a, None]`. */
  members(place: number, name: string): readonly (Handle | undefined)[] | undefined {
    const argument = this.argument(place, name);
    if (!argument || !('list' in argument)) return undefined;
    return argument.list.map((member) => ('ref' in member ? this.#find(member.ref) : undefined));
  }

  /** What is written for an argument that holds no tensor; `undefined` if it is not given. */
  constant(place: number, name: string): JsonValue | undefined {
    const argument = this.argument(place, name);
    return argument && 'constant' in argument ? argument.constant : undefined;
  }
}

/** Of a layer inside another's configuration, which nobody calls. */
export const NO_ARGUMENTS = new CallArguments({ args: [], kwargs: {} }, () => undefined);
