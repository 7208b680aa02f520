import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { inMemoryFiles } from '../../../src/export/read/read-source.ts';
import type { JsonValue, SourceFiles } from '../../../src/export/source-model.ts';
import { formulaPixels, formulaWeight } from './formula.ts';

/** What make-applications.py found out about one model. */
export interface Golden {
  /** Height, width and channels. */
  readonly input: readonly [number, number, number];
  /** Whether the model takes pixels from 0 to 255, and not numbers from −1 to 1. */
  readonly pixels: boolean;
  readonly parameters: number;
  /** Of the first and of the last of {@link BATCH} samples. */
  readonly outputs: readonly [readonly number[], readonly number[]];
  /** By the name of a BatchNormalization. */
  readonly squares: Readonly<Record<string, number>>;
}

export type Generation = 'keras2' | 'keras3';
export const GENERATIONS: readonly Generation[] = ['keras3', 'keras2'];
export const BATCH = 7;

/** Names of models and what they compute, every variant of every family. */
export function goldensOf(generation: Generation): Readonly<Record<string, Golden>> {
  return (JSON.parse(read(`${generation}.json`).toString()) as { models: Record<string, Golden> }).models;
}

/** The models whose topology is here: the smallest of each family. */
export function modelsHere(generation: Generation): string[] {
  const files = readdirSync(new URL('topologies/', import.meta.url)).toSorted();
  return files.flatMap((file) =>
    file.startsWith(`${generation}-`) ? [file.slice(generation.length + 1, -'.json.gz'.length)] : [],
  );
}

interface Topology {
  readonly topology: JsonValue;
  /** Layer, kind and shape of each weight. */
  readonly weights: readonly (readonly [string, string, readonly number[]])[];
}

/** A model as the TF.js converter would write it, its weights made by the formula. */
export function filesOf(generation: Generation, name: string, { squares }: Golden): SourceFiles {
  const text = gunzipSync(read(`topologies/${generation}-${name}.json.gz`)).toString();
  const { topology, weights } = JSON.parse(text) as Topology;
  const listed = weights.map(([layer, kind, shape]) => ({ name: `${layer}/${kind}`, shape, dtype: 'float32' }));
  const weightsManifest = [{ paths: ['weights.bin'], weights: listed }];
  const json = JSON.stringify({ format: 'layers-model', modelTopology: topology, weightsManifest });
  const values = weights.map(([layer, kind, shape], i) => formulaWeight(kind, i + 1, shape, squares[layer] ?? 1));
  const bytes = Buffer.concat(values.map((data) => new Uint8Array(data.buffer)));
  return inMemoryFiles('model.json', new TextEncoder().encode(json), new Map([['weights.bin', bytes]]));
}

/** The images that the goldens were made with, the first `samples` of them. */
export function imagesFor({ input, pixels }: Golden, samples: number): Float32Array {
  const bytes = formulaPixels([samples, ...input]);
  return pixels ? Float32Array.from(bytes) : Float32Array.from(bytes, (byte) => byte / 127.5 - 1);
}

function read(name: string): Buffer {
  return readFileSync(new URL(name, import.meta.url));
}
