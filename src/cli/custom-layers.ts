import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EdgefoldError } from '../errors.ts';
import type { CustomLayers } from '../export/custom/custom-layer.ts';
import type { Arguments, OptionSpecs } from './arguments.ts';

/** The option of the verbs that read a model whose layers are not all known. */
export const CUSTOM_LAYERS_OPTION = {
  'custom-layers': {
    value: 'FILE.js',
    help: 'a module of your own code for layers that are not known: exports {"Package>Class" or "layer name": (layer, inputs, graph) => tensor}',
  },
} as const satisfies OptionSpecs;

/**
 * The custom layers of the user's own module: its default export, or all that it exports by name.
 * @throws {EdgefoldError} USAGE if it cannot be loaded or exports no functions.
 */
export async function customLayersOf(args: Arguments): Promise<CustomLayers | undefined> {
  const path = args.text('custom-layers');
  if (path === undefined) return undefined;
  const module = await loaded(path);
  const layers: unknown = module.default ?? module;
  if (isObject(layers) && Object.values(layers).every((layer) => typeof layer === 'function')) {
    if (Object.keys(layers).length > 0) return layers as CustomLayers;
  }
  throw new EdgefoldError('USAGE', 'it exports no custom layers', {
    where: path,
    expected: 'functions by the class or the name of a layer: export default { "Package>Class": (layer, inputs, graph) => tensor }',
    received: described(layers),
  });
} // prettier-ignore

async function loaded(path: string): Promise<Readonly<Record<string, unknown>>> {
  const moduleUrl = pathToFileURL(resolve(path)).href;
  try {
    return (await import(moduleUrl)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new EdgefoldError('USAGE', 'the custom layers cannot be loaded', {
      where: path,
      expected: 'an ES module (.mjs, or .js beside a package.json with "type": "module")',
      received: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function described(layers: unknown): string {
  if (!isObject(layers)) return typeof layers;
  const entries = Object.entries(layers);
  return entries.map(([name, layer]) => `${name}: ${typeof layer}`).join(', ') || 'nothing';
}
