import { expect } from 'vitest';
import type { Graph } from '../../../src/onnx/graph.ts';
import { runGraph } from '../run-export.ts';
import { BATCH, imagesFor, type Golden } from './application-models.ts';

/** Largest difference from Keras, relative to the largest output. */
export const TOLERANCE = 1e-4;

/** Error of the first sample and, in a whole batch, of the last. The graph may take its image channels first. */
export async function errorAt(graph: Graph, golden: Golden, batch: number): Promise<number> {
  const [input] = graph.inputs;
  const images = imagesFor(golden, batch);
  const isMoved = input!.shape![3] === golden.input[1];
  const x = {
    shape: [batch, ...input!.shape!.slice(1)].map(Number),
    data: isMoved ? moved(images, golden) : [...images],
  };
  const [y] = Object.values(await runGraph(graph, { [input!.name]: x }));
  const [first, last] = golden.outputs;
  expect(y!.shape).toEqual([batch, first.length]);
  const actual = [...(y!.data as Float32Array)];
  const pairs: (readonly [readonly number[], readonly number[]])[] = [[first, actual.slice(0, first.length)]];
  if (batch === BATCH) pairs.push([last, actual.slice(-last.length)]);
  const range = Math.max(...pairs.flatMap(([expected]) => expected.map(Math.abs)));
  return Math.max(...pairs.flatMap(([expected, got]) => expected.map((value, i) => Math.abs(value - got[i]!) / range)));
}

/** [N, H, W, C] → [N, C, H, W] */
function moved(images: Float32Array, { input: [height, width, channels] }: Golden): number[] {
  const points = height * width;
  return Array.from(images, (_, at) => {
    const [n, c, point] = [Math.floor(at / points / channels), Math.floor(at / points) % channels, at % points];
    return images[(n * points + point) * channels + c]!;
  });
}
