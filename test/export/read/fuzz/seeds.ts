import { readFileSync } from 'node:fs';
import { strToU8 } from 'fflate';
import { isObject, member } from '../../../../src/export/read/json.ts';
import type { JsonValue } from '../../../../src/export/source-model.ts';
import { sizeOf } from '../../../../src/tensor.ts';
import { weightsH5, type Stored } from '../fixtures.ts';
import type { Folder } from '../formats.ts';

/** A model of one or a few layers, as the goldens of the layers have them: small files are read many a second. */
interface SmallModel {
  readonly topology: JsonValue;
  readonly weights: Readonly<Record<string, { readonly shape: readonly number[] }>>;
}

const FILES = ['layer-goldens', 'keras2-recurrent-goldens', 'matrix-keras2', 'matrix-keras3'] as const;

/** Which values a weight has matters to no reader; variances must be positive. */
const stored = (shape: readonly number[]): Stored => ({
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, (_, index) => 1 + (index % 13) / 16),
});

/** Every layer that is exported, with most of its options; all, or one in so many. */
function smallModels(every = 1): readonly SmallModel[] {
  const models = FILES.flatMap((name) => {
    const text = readFileSync(new URL(`../../goldens/${name}.json`, import.meta.url), 'utf8');
    return Object.values((JSON.parse(text) as { readonly cases: Readonly<Record<string, SmallModel>> }).cases);
  });
  return models.filter((_, index) => index % every === 0);
}

/** Folders with a `model.json` as the TF.js converter writes it. */
export function smallTfjs(): readonly Folder[] {
  return smallModels().map(({ topology, weights }) => {
    const entries = Object.entries(weights);
    const manifest = { paths: ['w.bin'], weights: entries.map(([name, { shape }]) => ({ name, shape, dtype: 'float32' })) }; // prettier-ignore
    const model = { format: 'layers-model', modelTopology: topology, weightsManifest: [manifest] };
    const data = Float32Array.from(entries.flatMap(([, { shape }]) => [...stored(shape).data]));
    return { 'model.json': strToU8(JSON.stringify(model)), 'w.bin': new Uint8Array(data.buffer) };
  });
}

/** The members of `.keras` archives, of those models whose weights Keras 3 has named. */
export async function smallKeras(every: number): Promise<readonly Folder[]> {
  const isKeras3 = ({ weights }: SmallModel) => Object.keys(weights).every((name) => name.includes('/vars/'));
  const folders: Folder[] = [];
  for (const { topology, weights } of smallModels(every).filter(isKeras3)) {
    if (!isObject(topology) || member(topology, 'class_name') === undefined) continue;
    const named = Object.entries(weights).map(([name, { shape }]) => [name, stored(shape)] as const);
    folders.push({
      'metadata.json': strToU8('{"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"}'),
      'config.json': strToU8(JSON.stringify(topology)),
      'model.weights.h5': await weightsH5(Object.fromEntries(named)),
    });
  }
  return folders;
}
