import type { Attribute } from '../../onnx/attribute.ts';
import type { Node, Value } from '../../onnx/graph.ts';
import { isRandom } from '../../onnx/random.ts';
import { isStandard } from '../../onnx/shapes/infer.ts';
import { storedTensor } from '../../onnx/shapes/initializers.ts';
import { sizeOf } from '../../tensor.ts';
import type { Constants } from '../lift/constants.ts';
import type { RemovedNode } from '../report.ts';
import type { Workspace } from '../workspace.ts';
import { nameOf } from './tidy.ts';

/**
 * Two nodes of one graph with the same operator, attributes and inputs compute the same values, and so does what reads
 * them. One stays for all of them, in the place of the first: the one that an output of the graph is named after, else
 * that of the shortest name, so that the order of the nodes in the file does not matter. Two outputs stay two nodes.
 *
 * Constants are one input where they are one value, or small and alike to the bit, as the bounds of a Clip are.
 *
 * Left alone are nodes with bodies and those of foreign domains, what draws random numbers, what constants alone
 * decide, as runtimes compute that once, and what {@link APART} lists.
 */
export function mergeEqual(works: readonly Workspace[], constants: Constants): RemovedNode[] {
  const asked = new Set(works.flatMap(({ graph }) => graph.outputs));
  const isAsked = (value: Value | undefined) => value !== undefined && (asked.has(value) || value.isNamedElsewhere);
  return works.flatMap((work) =>
    new Classes(work, constants)
      .groups()
      .flatMap((equal) => merge(equal, ({ outputs }) => outputs.some(isAsked), work)),
  );
}

/**
 * A BatchNormalization is folded or kept with a reason of its own; runtimes look for a pair that quantises around each
 * operator; a Dropout that is still there may draw random numbers.
 */
const APART: ReadonlySet<string> = new Set(['BatchNormalization', 'DequantizeLinear', 'Dropout', 'QuantizeLinear']);

/** Nodes that only attributes can tell apart, which nobody looks at before there is a second one. */
interface Alike {
  readonly first: Node[];
  byAttributes?: Map<string | undefined, Node[]>;
}

/** The nodes of a graph by what they compute. */
class Classes {
  readonly #work: Workspace;
  readonly #constants: Constants;
  /** In the order of their first nodes. */
  readonly #classes: Node[][] = [];
  /** Those of one operator with the same inputs. */
  readonly #alike = new Map<string, Alike>();
  /** The same text for values that hold the same. */
  readonly #texts = new Map<Value, string>();
  readonly #fixed = new Set<Value>();

  constructor(work: Workspace, constants: Constants) {
    this.#work = work;
    this.#constants = constants;
    for (const node of work.graph.nodes) this.#sort(node);
  }

  /** Nodes that compute the same, in order, those without any like them left out. */
  groups(): Node[][] {
    return this.#classes.filter(({ length }) => length > 1);
  }

  #sort(node: Node): void {
    const inputs = node.inputs.map((input) => (input ? this.#textOf(input) : ''));
    const isFixed = node.inputs.every((input) => !input || this.#fixed.has(input));
    if (isFixed) for (const output of node.outputs) if (output) this.#fixed.add(output);
    if (isFixed || !this.#mayMerge(node)) return;
    const first = this.#classify(node, JSON.stringify([node.opType, inputs, node.outputs.map(Boolean)]));
    node.outputs.forEach((output, index) => {
      if (output) this.#texts.set(output, this.#textOf(first.outputs[index]!));
    });
  }

  /** @returns the first node of its class. */
  #classify(node: Node, key: string): Node {
    const alike = this.#alike.get(key);
    if (!alike) {
      this.#alike.set(key, { first: this.#begin(node) });
      return node;
    }
    const [other] = alike.first;
    alike.byAttributes ??= new Map([[attributesText(other!), alike.first]]);
    const text = attributesText(node);
    const equal = text === undefined ? undefined : alike.byAttributes.get(text);
    equal?.push(node);
    if (!equal) alike.byAttributes.set(text, this.#begin(node));
    return equal?.[0] ?? node;
  }

  #begin(node: Node): Node[] {
    const begun = [node];
    this.#classes.push(begun);
    return begun;
  }

  #mayMerge(node: Node): boolean {
    return isStandard(node, this.#work.graph) && !isRandom(node) && !APART.has(node.opType) && !this.#work.isKept(node);
  }

  #textOf(value: Value): string {
    const known = this.#texts.get(value);
    if (known !== undefined) return known;
    if (value.constant && this.#constants.isFixed(value)) this.#fixed.add(value);
    const text = (this.#fixed.has(value) ? contentOf(value) : undefined) ?? `#${this.#texts.size}`;
    this.#texts.set(value, text);
    return text;
  }
}

function merge(equal: readonly Node[], isPinned: (node: Node) => boolean, work: Workspace): RemovedNode[] {
  const pinned = equal.filter(isPinned);
  const [best] = (pinned.length > 0 ? pinned : equal).toSorted(byName);
  const [first, ...others] = equal.filter((node) => node === best || !pinned.includes(node));
  if (!best || !first || others.length === 0) return [];
  const gone = [first, ...others].filter((node) => node !== best).map(nameOf);
  for (const node of others) moveReaders(node, first, work);
  for (const node of others) work.remove(node);
  if (first !== best) takeName(first, best, work);
  return gone.map((node) => ({ ...node, reason: `equal to ${nameOf(best).name}` }));
}

const firstName = ({ outputs }: Node): string => outputs.find(Boolean)?.name ?? '';

/** `relu_9` comes before `relu_10`. */
function byName(a: Node, b: Node): number {
  const [first, second] = [firstName(a), firstName(b)];
  return first.length - second.length || (first < second ? -1 : 1);
}

function moveReaders(from: Node, to: Node, work: Workspace): void {
  for (const [index, value] of from.outputs.entries()) {
    const other = to.outputs[index];
    if (!value || !other) continue;
    if (!work.facts.shape(other)) work.facts.copyType(value, other);
    work.graph.replaceUses(value, other);
  }
}

/** The first node stays in its place, and writes the outputs of another, which is gone already. */
function takeName(first: Node, other: Node, work: Workspace): void {
  work.replace(first, { name: other.name, outputs: other.outputs });
  moveReaders(first, other, work);
}

/** Bounds, axes and shapes; weights are not worth reading for this. */
const SMALL = 64;

function contentOf(value: Value): string | undefined {
  const { constant } = value;
  const isLarge = constant !== undefined && (constant.compute !== undefined || sizeOf(constant.shape) > SMALL);
  const tensor = isLarge ? undefined : storedTensor(value);
  if (!tensor || sizeOf(tensor.shape) > SMALL) return undefined;
  const { dtype, shape, data } = tensor;
  const content = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).join()
    : JSON.stringify(data);
  return `${dtype}[${shape.join()}](${content})`;
}

/** Undefined where one attribute has no text. */
function attributesText({ attributes }: Node): string | undefined {
  const texts = Array.from(attributes, ([name, attribute]) => attributeText(name, attribute));
  return texts.includes(undefined) ? undefined : JSON.stringify(texts.toSorted());
}

/** Undefined for bodies, and for kinds that hold tensors. */
function attributeText(name: string, { kind, value }: Attribute): string | undefined {
  if (kind === 'string' || kind === 'strings') return `${name}:${kind}=${JSON.stringify(value)}`;
  if (kind !== 'float' && kind !== 'floats' && kind !== 'int' && kind !== 'ints') return undefined;
  return `${name}:${kind}=${[value].flat().map(numberText).join()}`;
}

const numberText = (value: number | bigint) => (Object.is(value, -0) ? '-0' : String(value));
