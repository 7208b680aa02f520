import { expect } from 'vitest';
import { checkGraph } from '../../../src/onnx/check.ts';
import type { Graph } from '../../../src/onnx/graph.ts';
import { writeOnnx } from '../../../src/onnx/write.ts';
import { load } from '../../../src/runtime/node.ts';
import { asTensors } from '../run-export.ts';
import { BATCH, imagesFor, type Golden } from './application-models.ts';

/** Largest difference from Keras, relative to the largest output. */
export const TOLERANCE = 1e-4;

/**
 * The larger error of the two batches 1 and {@link BATCH}, of the first sample and of the last, on onnxruntime without
 * its optimiser. The graph may take its image channels first.
 */
export async function errorOf(graph: Graph, golden: Golden): Promise<number> {
  checkGraph(graph);
  await using model = await load(writeOnnx(graph), { optimization: 'disabled' });
  const errors = [1, BATCH].map(async (batch) => {
    const outputs = Object.values(await model.run(asTensors(model.inputs, imageFor(graph, golden, batch))));
    expect(outputs.map(({ shape }) => shape)).toEqual([[batch, golden.outputs[0].length]]);
    return largestError([...(outputs[0]!.data as Float32Array)], golden, batch);
  });
  return Math.max(...(await Promise.all(errors)));
}

function largestError(actual: readonly number[], { outputs: [first, last] }: Golden, batch: number): number {
  const expected = [...first, ...(batch === BATCH ? last : [])];
  const ends = [...actual.slice(0, first.length), ...(batch === BATCH ? actual.slice(-last.length) : [])];
  const range = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(value - ends[i]!) / range));
}

function imageFor(graph: Graph, golden: Golden, batch: number) {
  const { name, shape } = graph.inputs[0]!;
  const images = imagesFor(golden, batch);
  const isMoved = shape![3] === golden.input[1];
  return {
    [name]: { shape: [batch, ...shape!.slice(1).map(Number)], data: isMoved ? moved(images, golden) : [...images] },
  };
}

/** [N, H, W, C] → [N, C, H, W] */
function moved(images: Float32Array, { input: [height, width, channels] }: Golden): number[] {
  const points = height * width;
  return Array.from(images, (_, at) => {
    const [n, c, point] = [Math.floor(at / points / channels), Math.floor(at / points) % channels, at % points];
    return images[(n * points + point) * channels + c]!;
  });
}
