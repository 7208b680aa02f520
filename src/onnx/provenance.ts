import type { Graph } from './graph.ts';

/** Where a model comes from, so that whoever has the source can make it again and compare. */
export interface Provenance {
  /** Name and version: `edgefold 0.1.0`. */
  readonly tool: string;
  /** Every file that was read, in order of their names; without folders, so that the same files give the same model. */
  readonly sources: readonly SourceDigest[];
  /** SHA-256 of the certificates as canonical JSON; absent where nothing was folded. */
  readonly certificates?: string;
}

export interface SourceDigest {
  readonly name: string;
  readonly sha256: string;
}

const HOW =
  'edgefold.sources is for sha256sum --check; edgefold.certificates is the SHA-256 of the member "fold" of what edgefold prints with --json, as canonical JSON (RFC 8785)';

/** Writes it into the model's `metadata_props`, over what an earlier run has written. It tells no time and no place. */
export function stampProvenance({ model }: Graph, { tool, sources, certificates }: Provenance): void {
  const entries: readonly (readonly [string, string | undefined])[] = [
    ['edgefold.tool', tool],
    ['edgefold.sources', sources.map(({ name, sha256 }) => `${sha256}  ${name}`).join('\n')],
    ['edgefold.certificates', certificates],
    ['edgefold.about', HOW],
  ];
  for (const [key, value] of entries) {
    if (value === undefined) model.metadata.delete(key);
    else model.metadata.set(key, value);
  }
}
