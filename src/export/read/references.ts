import { EdgefoldError } from '../../errors.ts';
import type { JsonValue, SourceCall, TensorRef } from '../source-model.ts';
import { isList } from './json.ts';
import type { ModelSpec } from './spec.ts';

/**
 * How a reference is written, which decides how calls of a nested model are counted:
 *
 * - `triple`: `["inner", 1, 0]` in a node of Keras 2 or TF.js. From 1 where the model had an input when it was made
 *   (node 0 is the making of it): Functional, and Sequential with an InputLayer. From 0 otherwise.
 * - `history`: `keras_history` in a node of Keras 3. From 0.
 * - `leaf`: `input_layers` and `output_layers` of Keras 3. From 1 for Functional, from 0 for Sequential.
 *
 * Files disagree with the rule now and then, so the indices themselves decide where they can: 0 is only possible
 * from 0, and the number of calls only from 1.
 *
 * Source: get_config of keras/src/models/functional.py, tf_keras/src/engine/functional.py, tfjs container.ts.
 */
export type ReferenceForm = 'triple' | 'history' | 'leaf';

/** What a reference may lead to. */
export interface Target {
  readonly className: string;
  readonly calls: readonly SourceCall[];
  readonly model: ModelSpec | undefined;
  /** Whether the model had an input of its own when it was called. */
  readonly ownsInput: boolean;
}

interface OpenReference {
  readonly ref: { layer: string; call: number; tensor: number };
  readonly form: ReferenceForm;
}

/** The references of one model: made as they are read, put right once all its layers are known. */
export class References {
  readonly #open: OpenReference[] = [];
  readonly #where: string;

  constructor(where: string) {
    this.#where = where;
  }

  make(triple: readonly JsonValue[], form: ReferenceForm): TensorRef {
    const [layer, call, tensor] = triple;
    if (typeof layer !== 'string' || !isIndex(call) || !isIndex(tensor)) throw this.#broken(JSON.stringify(triple));
    const ref = { layer, call, tensor };
    this.#open.push({ ref, form });
    return ref;
  }

  /**
   * Turns node indices into call numbers.
   * @throws {EdgefoldError} CORRUPT if a reference leads to no layer or no call.
   */
  resolve(targets: ReadonlyMap<string, Target>): void {
    for (const [name, target] of targets) {
      if (!target.model) continue;
      const mine = this.#open.filter(({ ref }) => ref.layer === name);
      for (const form of ['triple', 'history', 'leaf'] as const) {
        const same = mine.filter((reference) => reference.form === form);
        const first = firstIndex(target, form, same);
        for (const { ref } of same) ref.call -= first;
      }
    }
    for (const { ref } of this.#open) this.#check(ref, targets.get(ref.layer));
  }

  #check(ref: TensorRef, target: Target | undefined): void {
    const written = `${ref.layer}, call ${ref.call}, tensor ${ref.tensor}`;
    if (!target) throw this.#broken(written, 'a layer of the same model');
    const calls = Math.max(target.calls.length, target.className === 'InputLayer' ? 1 : 0);
    if (ref.call < 0 || ref.call >= calls) throw this.#broken(written, `one of ${calls} calls`);
  }

  #broken(received: string, expected = 'a layer name and two indices'): EdgefoldError {
    return new EdgefoldError('CORRUPT', 'a connection leads nowhere', { where: this.#where, expected, received });
  }
}

function firstIndex(target: Target, form: ReferenceForm, references: readonly OpenReference[]): 0 | 1 {
  const indices = references.map(({ ref }) => ref.call);
  if (indices.includes(0)) return 0;
  if (indices.includes(target.calls.length)) return 1;
  const isSequential = target.model?.className === 'Sequential';
  if (form === 'triple') return !isSequential || target.ownsInput ? 1 : 0;
  return form === 'leaf' && !isSequential ? 1 : 0;
}

/** `["layer", 0, 0]`, with or without a fourth member. */
export function isTriple(value: JsonValue): value is readonly JsonValue[] {
  return isList(value) && value.length >= 3 && typeof value[0] === 'string' && isIndex(value[1]) && isIndex(value[2]);
}

function isIndex(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
