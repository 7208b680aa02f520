import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const FORMS = ['norm-before-activation', 'norm-after-activation'] as const;

interface JsonTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** What the framework that trained a model gave for it; models/README.md describes the fields. */
export interface Golden {
  readonly framework: string;
  readonly form: string;
  readonly files: readonly string[];
  readonly batchNormalization: { readonly momentum: number; readonly epsilon: number };
  readonly training: { readonly images: number; readonly epochs: number; readonly batchSize: number };
  readonly accuracy: { readonly images: number; readonly correct: number; readonly share: number };
  readonly labels: readonly number[];
  readonly cases: readonly { readonly name: string; readonly input: JsonTensor; readonly output: JsonTensor }[];
}

/** Absolute path of a file of one form: `digitPath('norm-before-activation', 'model.keras')`. */
export function digitPath(form: string, file: string): string {
  return fileURLToPath(new URL(`../../models/digits/${form}/${file}`, import.meta.url));
}

export function goldensOf(form: string): Golden[] {
  return readdirSync(digitPath(form, ''))
    .filter((file) => file.startsWith('golden-'))
    .map((file) => JSON.parse(readFileSync(digitPath(form, file), 'utf8')) as Golden);
}

/** Every model file of both forms with the golden it has to meet. */
export function digitModels(): { readonly form: string; readonly file: string; readonly golden: Golden }[] {
  return FORMS.flatMap((form) =>
    goldensOf(form).flatMap((golden) => golden.files.map((file) => ({ form, file, golden }))),
  );
}

/** The elements in rows of the last axis. */
export function rowsOf({ shape, data }: JsonTensor): number[][] {
  const width = shape.at(-1)!;
  return Array.from({ length: data.length / width }, (_, row) => data.slice(row * width, (row + 1) * width));
}
