import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { inMemoryFiles } from '../../../src/export/read/read-source.ts';
import type { SourceFiles } from '../../../src/export/source-model.ts';
import type { Values } from '../source-builder.ts';

/** A model as Keras saved it, and what it computes. */
export interface FileGolden {
  /** gzip in base 64. */
  readonly file: string;
  readonly inputs: Readonly<Record<string, Values>>;
  readonly outputs: readonly Values[];
  /** Types of the outputs, as numpy names them. */
  readonly dtypes: readonly string[];
}

/** The cases of a file of `test/export/goldens`, by name. */
export function fileGoldens(name: string): readonly (readonly [string, FileGolden])[] {
  const text = readFileSync(new URL(`../goldens/${name}`, import.meta.url), 'utf8');
  return Object.entries((JSON.parse(text) as { readonly cases: Readonly<Record<string, FileGolden>> }).cases);
}

export function filesOf({ file }: FileGolden): SourceFiles {
  return inMemoryFiles('the model', new Uint8Array(gunzipSync(Buffer.from(file, 'base64'))));
}
