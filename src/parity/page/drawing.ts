import * as dagre from '@dagrejs/dagre';
import type { Graph, Node, Value } from '../../onnx/graph.ts';
import { Html, html } from './html.ts';

/** What became of a node between the two graphs; a word and a class of the style sheet. */
export type Mark = 'gone' | 'rewritten' | 'new' | undefined;

/** Larger graphs take minutes to lay out, and nobody reads them. */
const MOST_NODES = 1500;
const HEIGHT = 40;
const LETTER = 6.6;
const LONGEST = 30;

/**
 * A graph as a picture, inputs at the top: one box a node that computes something, with the shapes of its constants. It is laid out by dagre
 * and needs no script to be seen.
 */
export function drawing(graph: Graph, title: string, markOf: (node: Node) => Mark): Html {
  if (graph.nodes.length > MOST_NODES) {
    return html`<p class="soft">${title}: ${graph.nodes.length} nodes, too many to be drawn.</p>`;
  }
  const laidOut = layOut(graph);
  const { width, height } = laidOut.graph();
  const edges = laidOut.edges().map((edge) => html`<path class="edge" d="${pathOf(laidOut.edge(edge).points)}" />`);
  const boxes = laidOut.nodes().map((id) => boxOf(laidOut.node(id), markOf));
  const size = `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`;
  return html`<svg
    viewBox="${size}"
    width="${Math.ceil(width)}"
    height="${Math.ceil(height)}"
    role="img"
    aria-label="${title}"
  >
    ${edges}${boxes}
  </svg>`;
}

/**
 * Both graphs as SVG, as text: what is not in the other graph is dashed (class `gone`), what reads other inputs is
 * `rewritten`, what is `new` says so. The styles of these classes are up to the page.
 */
export function drawGraphs(reference: Graph, candidate: Graph): { reference: string; candidate: string } {
  const marked = marks(reference, candidate);
  return {
    reference: drawing(reference, 'before', marked.reference).text,
    candidate: drawing(candidate, 'after', marked.candidate).text,
  };
}

interface Box {
  readonly label: string;
  readonly detail: string;
  readonly title: string;
  readonly node: Node | undefined;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

type Place = Point & { readonly width: number; readonly height: number };

/** What is used of dagre, whose own declarations do not resolve under Node's rules (3.1.3). */
interface Layout {
  setGraph(label: object): void;
  setDefaultEdgeLabel(label: () => object): void;
  setNode(id: string, label: Box & { readonly width: number; readonly height: number }): void;
  hasNode(id: string): boolean;
  setEdge(from: string, to: string): void;
  graph(): { readonly width: number; readonly height: number };
  nodes(): readonly string[];
  node(id: string): Box & Place;
  edges(): readonly object[];
  edge(edge: object): { readonly points: readonly Point[] };
}
const { graphlib, layout } = dagre as unknown as {
  readonly graphlib: { readonly Graph: new () => Layout };
  readonly layout: (graph: Layout) => void;
};

function layOut({ nodes, inputs, outputs }: Graph): Layout {
  const laidOut = new graphlib.Graph();
  laidOut.setGraph({ nodesep: 16, ranksep: 26, marginx: 8, marginy: 8 });
  laidOut.setDefaultEdgeLabel(() => ({}));
  const ids = new Map<Value, string>();
  const add = (id: string, box: Box) => {
    const letters = Math.max(box.label.length, box.detail.length);
    laidOut.setNode(id, { ...box, width: Math.max(60, letters * LETTER + 20), height: HEIGHT });
  };
  const ports = inputs.filter(({ constant }) => !constant);
  for (const [i, value] of ports.entries()) {
    ids.set(value, `input ${i}`);
    add(`input ${i}`, { label: shortened(value.name), detail: 'input', title: value.name, node: undefined });
  }
  for (const [i, node] of nodes.entries()) {
    if (node.opType === 'Constant') continue;
    for (const output of node.outputs) if (output) ids.set(output, `node ${i}`);
    add(`node ${i}`, { label: node.opType, detail: detailOf(node), title: node.label, node });
  }
  for (const [i, node] of nodes.entries()) if (laidOut.hasNode(`node ${i}`)) connect(node.inputs, `node ${i}`);
  for (const [i, value] of outputs.entries()) {
    add(`output ${i}`, { label: shortened(value.name), detail: 'output', title: value.name, node: undefined });
    connect([value], `output ${i}`);
  }
  layout(laidOut);
  return laidOut;

  function connect(values: readonly (Value | undefined)[], to: string): void {
    for (const value of values) {
      const from = value && ids.get(value);
      if (from !== undefined && from !== to) laidOut.setEdge(from, to);
    }
  }
}

/** The shapes of its constants, or else its name. */
function detailOf(node: Node): string {
  const shapes = node.inputs.flatMap((value) => (value?.constant && value.constant.shape.length > 0 ? [value.constant.shape.join('×')] : [])); // prettier-ignore
  return shortened(shapes.length > 0 ? shapes.join('  ') : node.name);
}

const shortened = (text: string): string => (text.length <= LONGEST ? text : `…${text.slice(1 - LONGEST)}`);

function boxOf({ label, detail, title, node, x, y, width, height }: Box & Place, markOf: (node: Node) => Mark): Html {
  const mark = node && markOf(node);
  const [left, top] = [x - width / 2, y - height / 2];
  return html`<g class="node ${mark ?? ''}"
    ><title>${title}${mark ? ` (${mark})` : ''}</title
    ><rect x="${left}" y="${top}" width="${width}" height="${height}" rx="6" />
    <text x="${x}" y="${y - 3}" text-anchor="middle">${label}</text
    ><text class="soft" x="${x}" y="${y + 13}" text-anchor="middle">${detail}</text></g
  >`;
}

const pathOf = (points: readonly Point[]): Html =>
  new Html(points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)},${y.toFixed(1)}`).join(''));

/** Which nodes two graphs do not share; a node is known by its name, by its first output, or by what it reads. */
export function marks(
  reference: Graph,
  candidate: Graph,
): { reference: (node: Node) => Mark; candidate: (node: Node) => Mark } {
  const [twinInCandidate, twinInReference] = [finderIn(candidate), finderIn(reference)];
  return {
    reference: (node) => (twinInCandidate(node) ? undefined : 'gone'),
    candidate: (node) => {
      const twin = twinInReference(node);
      if (!twin) return 'new';
      return sameInputs(twin, node) ? undefined : 'rewritten';
    },
  };
}

function finderIn({ nodes }: Graph): (node: Node) => Node | undefined {
  const known = new Map(nodes.toReversed().flatMap((node) => keysOf(node).map((key) => [key, node] as const)));
  return (node) => keysOf(node).map((key) => known.get(key)).find((twin) => twin?.opType === node.opType); // prettier-ignore
}

/** Most telling first; a Conv that has taken in what was behind it writes another output, and still reads the same. */
const keysOf = ({ name, opType, inputs, outputs }: Node): string[] => [
  ...(name ? [`node ${name}`] : []),
  `output ${outputs.find(Boolean)?.name ?? ''}`,
  `${opType} of ${inputs[0]?.name ?? ''}`,
];

/** Whether both read the same constants, and the same number of others, whose names may have changed. */
function sameInputs(a: Node, b: Node): boolean {
  const constants = ({ inputs }: Node) => inputs.map((value) => (value?.constant ? value.name : '')).join('\n');
  return constants(a) === constants(b);
}
