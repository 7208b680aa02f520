import { sizeOf, type DType } from '../tensor.ts';
import type { Attribute, AttributeKind, AttributeValues } from './attribute.ts';
import type { Constant } from './constant.ts';
import type { Graph, Node, Value } from './graph.ts';

/** Integer, bool and string constants of up to this many elements show them: they are shapes, axes and pads. */
const MAX_SHOWN_ELEMENTS = 8;

/**
 * A graph as text, close to ONNX's own textual syntax: one line for each constant and each node.
 *
 *     main (x: float32[N, 4]) => (y: float32[N, 2]) {
 *       W: float32[4, 2]
 *       y = Gemm<transB=1>(x, W)
 *     }
 *
 * Equal graphs print equally: attributes are in alphabetical order. Node names and weights are not shown.
 */
export function printGraph(graph: Graph): string {
  return `${graphText(graph, '')}\n`;
}

/** A text from a file with its control characters spelled out, so that no terminal acts on them. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function graphText(graph: Graph, indent: string): string {
  const inner = `${indent}  `;
  const lines = [
    ...graph.initializers.map((value) => `${inner}${typed(value)}${elements(value.constant)}`),
    ...graph.nodes.map((node) => `${inner}${nodeText(node, inner)}`),
  ];
  const head = `${printable(graph.name)} (${list(graph.inputs, typed)}) => (${list(graph.outputs, typed)}) {`;
  return [head.trimStart(), ...lines, `${indent}}`].join('\n');
}

function nodeText(node: Node, indent: string): string {
  const operator = printable(node.domain === '' ? node.opType : `${node.domain}.${node.opType}`);
  const attributes = [...node.attributes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, attribute]) => `${printable(name)}=${attributeText(attribute, indent)}`);
  const shown = attributes.length === 0 ? '' : `<${attributes.join(', ')}>`;
  return `${list(node.outputs, nameOf)} = ${operator}${shown}(${list(node.inputs, nameOf)})`;
}

const TEXT: {
  readonly [K in AttributeKind]: (value: AttributeValues[K], indent: string) => string;
} = {
  float: floatText,
  floats: (values) => `[${list(values, floatText)}]`,
  int: String,
  ints: (values) => `[${list(values, String)}]`,
  string: quoted,
  strings: (values) => `[${list(values, quoted)}]`,
  tensor: tensorText,
  tensors: (values) => `[${list(values, tensorText)}]`,
  graph: graphText,
  graphs: (values, indent) => `[${list(values, (graph) => graphText(graph, indent))}]`,
  opaque: () => '?',
};

function attributeText({ kind, value }: Attribute, indent: string): string {
  return TEXT[kind](value as never, indent);
}

/** The shortest decimal that reads back as the same float32. */
function floatText(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Object.is(Math.fround(short), value)) return String(short);
  }
  return String(value);
}

function tensorText(constant: Constant): string {
  return `${constant.dtype}[${constant.shape.join(', ')}]${elements(constant)}`;
}

function elements(constant: Constant | undefined): string {
  if (!constant || !isShown(constant.dtype) || sizeOf(constant.shape) > MAX_SHOWN_ELEMENTS) return '';
  const { data } = constant.tensor();
  const shown = Array.from<unknown, string>(data, (element) =>
    typeof element === 'string' ? quoted(element) : String(element),
  );
  return ` = {${shown.join(', ')}}`;
}

function isShown(dtype: DType): boolean {
  return /^(u?int(8|16|32|64)|bool|string)$/.test(dtype);
}

function typed(value: Value): string {
  const dims = value.shape?.map((dim) => (dim === '' ? '?' : printable(String(dim))));
  return `${nameOf(value)}: ${value.dtype ?? '?'}${dims ? `[${dims.join(', ')}]` : ''}`;
}

const nameOf = (value: Value | undefined): string => printable(value?.name ?? '');

function quoted(text: string): string {
  return printable(JSON.stringify(text));
}

function list<T>(items: readonly T[], text: (item: T) => string): string {
  return items.map((item) => text(item)).join(', ');
}
