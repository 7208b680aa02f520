import type { Attribute } from '../../onnx/attribute.ts';
import type { Constant } from '../../onnx/constant.ts';
import type { Node, Value } from '../../onnx/graph.ts';
import { storedTensor } from '../../onnx/shapes/initializers.ts';
import { isSameTensor } from './same-tensor.ts';

/**
 * Whether two values are made in the same way, from values that `isSameLeaf` takes for one: the same operators with
 * the same attributes, and constants alike to the bit. "No" may also mean that it is not worth finding out.
 */
export class Sameness {
  readonly #isSameLeaf: (a: Value, b: Value) => boolean;
  readonly #known = new Map<Value, Map<Value, boolean>>();

  constructor(isSameLeaf: (a: Value, b: Value) => boolean) {
    this.#isSameLeaf = isSameLeaf;
  }

  values(a: Value, b: Value, depth = 0): boolean {
    if (this.#isSameLeaf(a, b)) return true;
    const known = this.#known.get(a)?.get(b);
    if (known !== undefined) return known;
    const same = depth < DEEPEST && this.#made(a, b, depth);
    const row = this.#known.get(a) ?? new Map<Value, boolean>();
    this.#known.set(a, row.set(b, same));
    return same;
  }

  #made(a: Value, b: Value, depth: number): boolean {
    if (a.constant && b.constant) return isSameConstant(a.constant, b.constant);
    if (a.constant || b.constant) return isSameStored(a, b);
    const [first, second] = [a.producer, b.producer];
    if (!second || first?.outputs.indexOf(a) !== second.outputs.indexOf(b)) return false;
    return this.nodes(first, second, depth + 1);
  }

  /** Nodes with bodies are never taken for the same. */
  nodes(a: Node, b: Node, depth = 0): boolean {
    if (a.opType !== b.opType || a.domain !== b.domain) return false;
    if (a.inputs.length !== b.inputs.length || a.outputs.length !== b.outputs.length) return false;
    return isSameAttributes(a, b) && a.inputs.every((input, i) => this.#inputs(input, b.inputs[i], depth));
  }

  #inputs(a: Value | undefined, b: Value | undefined, depth: number): boolean {
    return a && b ? this.values(a, b, depth) : a === b;
  }
}

/** Fragments are short; what is as long as this is looked at in numbers instead. */
const DEEPEST = 200;

function isSameAttributes({ attributes }: Node, other: Node): boolean {
  if (attributes.size !== other.attributes.size) return false;
  return [...attributes].every(([name, attribute]) => {
    const match = other.attributes.get(name);
    return match !== undefined && isSameAttribute(attribute, match);
  });
}

function isSameAttribute(a: Attribute, b: Attribute): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === 'tensor') return isSameConstant(a.value, b.value as Constant);
  if (a.value === undefined || ['graph', 'graphs', 'tensors'].includes(a.kind)) return false;
  if (!Array.isArray(a.value)) return Object.is(a.value, b.value);
  const [first, second] = [a.value as readonly unknown[], b.value as readonly unknown[]];
  return first.length === second.length && first.every((item, i) => Object.is(item, second[i]));
}

function isSameConstant(a: Constant, b: Constant): boolean {
  if (a === b) return true;
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join()) return false;
  return isSameTensor(a.tensor(), b.tensor());
}

/** A constant may be an initializer in one graph and a `Constant` node in the other. */
function isSameStored(a: Value, b: Value): boolean {
  const [first, second] = [storedTensor(a), storedTensor(b)];
  if (!second || first?.dtype !== second.dtype || first.shape.join() !== second.shape.join()) return false;
  return isSameTensor(first, second);
}
