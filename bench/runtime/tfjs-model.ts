import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TfjsModel as Model } from '../../src/parity/original/tfjs.ts';

/** A {@link Model} as JSON; its weights are in a file beside it. */
export interface TfjsModel extends Omit<Model, 'weightData' | 'assign'> {
  readonly assign?: readonly { readonly path: readonly string[]; readonly weights: readonly Place[] }[] | undefined;
}

export interface Place {
  readonly name: string;
  readonly shape: readonly number[];
  /** Bytes into the file. */
  readonly at: number;
  /** Elements. */
  readonly length: number;
}

/** `tfjs.json` and `tfjs.bin`. */
export function writeTfjs(folder: string, { assign, weightData, ...model }: Model): void {
  const pieces: Uint8Array[] = [new Uint8Array(weightData)];
  let at = weightData.byteLength;
  const placed = assign?.map(({ path, weights }) => ({
    path,
    weights: weights.map(({ name, tensor }): Place => {
      const { shape, data } = tensor();
      const place = { name, shape, at, length: data.length };
      pieces.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      at += data.byteLength;
      return place;
    }),
  }));
  const written: TfjsModel = { ...model, assign: placed };
  writeFileSync(join(folder, 'tfjs.json'), JSON.stringify(written));
  writeFileSync(join(folder, 'tfjs.bin'), Buffer.concat(pieces));
}
