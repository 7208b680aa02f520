import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import type { SourceDigest } from '../onnx/provenance.ts';
import { failed } from './faults.ts';
import type { OpenedSource } from './source.ts';

export const sha256 = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');

/** Of every file that a model was read from; files beside the model are read again, piece by piece. */
export async function sourceDigests({
  path,
  name,
  bytes,
  sha256: known,
  pathsRead,
}: OpenedSource): Promise<SourceDigest[]> {
  const main = { name: path === undefined ? '-' : basename(name), sha256: known ?? sha256(bytes) };
  const others = [...pathsRead].filter((other) => other !== path);
  const digests = await Promise.all(others.map(async (other) => ({ name: basename(other), sha256: await ofFile(other) }))); // prettier-ignore
  return [main, ...digests.sort((a, b) => (a.name < b.name ? -1 : 1))];
}

async function ofFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array);
  } catch (cause) {
    failed('cannot be read', path, cause);
  }
  return hash.digest('hex');
}
