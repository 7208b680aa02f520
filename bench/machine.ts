import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

/** What a row must say about where it was measured; nothing that names the machine or its owner. */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
  };
}

export function describeVersions() {
  return {
    edgefold: versionIn('../package.json'),
    node: process.versions.node,
    onnxruntime: versionIn('../node_modules/onnxruntime-node/package.json'),
  };
}

function versionIn(file: string): string {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
