import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { externalDataReader } from '../../../src/files/external-data.ts';
import { writeFileWhole, writeModelFiles } from '../../../src/files/write.ts';
import { Graph } from '../../../src/onnx/graph.ts';
import { readOnnx } from '../../../src/onnx/read.ts';
import { float32 } from '../../../src/tensor.ts';

/** What is written, and over what. */
export const KINDS = ['inline', 'external', 'report'] as const;
export type Kind = (typeof KINDS)[number];
export type Content = 'old' | 'new';

export const nameOf = (kind: Kind): string => (kind === 'report' ? 'out.html' : 'out.onnx');

/** Two models of the same names and other weights. */
function model(content: Content): Graph {
  const graph = new Graph('model');
  const sign = content === 'old' ? -1 : 1;
  const type = { dtype: 'float32', shape: [500] } as const;
  const x = graph.input('x', type);
  const weights = Float32Array.from({ length: 500 }, (_, i) => sign * i);
  const inputs = [x, graph.constant('w', float32([500], weights))];
  graph.outputs.push(graph.node('Add', { inputs, output: { name: 'y', ...type } }));
  return graph;
}

const page = (content: Content): Uint8Array => new TextEncoder().encode(`<p>${content}</p>`.repeat(1000));

export async function write(kind: Kind, content: Content, folder: string): Promise<void> {
  const path = join(folder, nameOf(kind));
  const options = { force: true, removeReplacedData: true };
  if (kind === 'report') await writeFileWhole(path, [page(content)], options);
  else await writeModelFiles(path, model(content), { ...options, ...(kind === 'external' && { maxInlineBytes: 100 }) });
}

/** Which of both the output holds, whole and with the data it refers to; `undefined` for no file. */
export function contentOf(kind: Kind, folder: string): Content | undefined {
  const path = join(folder, nameOf(kind));
  if (!existsSync(path)) return undefined;
  const bytes = new Uint8Array(readFileSync(path));
  const is = (content: Content) => (kind === 'report' ? Buffer.from(page(content)).equals(bytes) : isModel(bytes, path, content)); // prettier-ignore
  if (is('old')) return 'old';
  if (is('new')) return 'new';
  throw new Error('the output is neither the old nor the new');
}

function isModel(bytes: Uint8Array, path: string, content: Content): boolean {
  const weights = (graph: Graph) => graph.initializers[0]!.constant!.tensor().data;
  const read = readOnnx(bytes, { externalData: externalDataReader(path) });
  return JSON.stringify(weights(read)) === JSON.stringify(weights(model(content)));
}

/** What belongs there when all is done: the output, and one data file if it has weights in one. */
export function litter(kind: Kind, folder: string): string[] {
  const name = nameOf(kind);
  const text = existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'latin1') : '';
  return readdirSync(folder).filter((other) => other !== name && !text.includes(other));
}
