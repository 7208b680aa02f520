import { strFromU8, strToU8, unzipSync } from 'fflate';
import { exportSource } from '../../../../src/export/export-model.ts';
import type { Hdf5File } from '../../../../src/export/read/hdf5/file.ts';
import { openHdf5 } from '../../../../src/export/read/hdf5/open.ts';
import { readSource } from '../../../../src/export/read/read-source.ts';
import type { SourceFile, SourceModel } from '../../../../src/export/source-model.ts';
import { readOnnx } from '../../../../src/onnx/read.ts';
import { writeOnnx } from '../../../../src/onnx/write.ts';
import { sizeOf } from '../../../../src/tensor.ts';
import { attr, GraphBuilder, seeded } from '../../tfjs-graph/graph-builder.ts';
import { fixture, zip } from '../fixtures.ts';
import { filesOf, formatBytes, formatFolder, type Folder } from '../formats.ts';
import { entriesOf, objectsOf, tableOf, withObjects, type Entries } from './checkpoint.ts';
import { mutatedBytes } from './mutate-bytes.ts';
import { mutatedJson } from './mutate-json.ts';
import { mutatedMessage } from './mutate-message.ts';
import type { Random } from './random.ts';
import { inputTargets } from './input-targets.ts';
import { onnxTargets, smallOnnx } from './onnx-targets.ts';
import { smallKeras, smallTfjs } from './seeds.ts';

/** A file that was made to be read wrongly, with those beside it. */
export interface Mutant {
  readonly main: string;
  readonly folder: Folder;
}

/** One reader, and what it is given. */
export interface Target {
  readonly name: string;
  mutant(random: Random): Mutant;
  read(mutant: Mutant): Promise<unknown>;
}

const single = (bytes: Uint8Array): Mutant => ({ main: 'file', folder: { file: bytes } });

/** Everything that a user asks for: the model, each of its weights, and its graph. */
async function readWhole({ main, folder }: Mutant): Promise<void> {
  const source = await readSource(filesOf(folder, main));
  readWeights(source.model);
  exportSource(source);
}

function readWeights({ layers }: SourceModel): void {
  for (const { weights, model } of layers) {
    for (const weight of weights) weight.tensor();
    if (model) readWeights(model);
  }
}

const json = (bytes: Uint8Array, random: Random) => strToU8(mutatedJson(strFromU8(bytes), random));
const withMember = (folder: Folder, name: string, change: (bytes: Uint8Array, random: Random) => Uint8Array, random: Random) => ({ ...folder, [name]: change(folder[name]!, random) }); // prettier-ignore

async function onnxTarget(): Promise<Target> {
  const seeds: Uint8Array[] = [];
  for (const folder of ['keras2/tfjs', 'keras3/tfjs']) {
    const source: SourceFile = await readSource(filesOf(formatFolder(folder), 'model.json'));
    seeds.push(writeOnnx(exportSource(source).graph));
  }
  return {
    name: 'onnx',
    mutant: (random) => single((random.once(8) ? mutatedBytes : mutatedMessage)(random.pick(seeds), random)),
    read: ({ folder }) => {
      const graph = readOnnx(folder.file!);
      for (const { constant } of graph.initializers) constant?.tensor();
      return Promise.resolve(writeOnnx(graph));
    },
  };
}

function hdf5Target(): Target {
  const names = [
    'earliest.h5',
    'v108.h5',
    'compact-links.h5',
    'hostile.h5',
    'foreign.h5',
    'latest.h5',
    'chunk-index.h5',
    'dense.h5',
  ];
  const seeds = [...names.map(fixture), formatBytes('keras2/model.h5')];
  return {
    name: 'hdf5',
    mutant: (random) => single(mutatedBytes(random.pick(seeds), random)),
    read: async ({ folder }) => {
      readGroup(await openHdf5(folder.file!, 'file'), '', 0);
    },
  };
}

/** Objects are walked as readers walk them, each fault of one ending the walk. */
function readGroup(file: Hdf5File, path: string, depth: number): void {
  for (const name of ['layer_names', 'weight_names', 'text', 'variable']) file.strings(path, name);
  for (const name of file.names(path)) {
    const inside = path === '' ? name : `${path}/${name}`;
    if (file.kind(inside) === 'dataset') file.dataset(inside).float32();
    else if (depth < 4) readGroup(file, inside, depth + 1);
  }
}

/** Small files are read many a second; large ones hold what small ones do not. */
const pickSeed = <T>(small: readonly T[], large: readonly T[], random: Random): T =>
  random.pick(random.once(16) ? large : small);

function kerasZipTarget(models: readonly Folder[]): Target {
  const large = ['keras2/model.keras', 'keras3/model.keras', 'keras3/sharded.keras'].map((name) => {
    const bytes = formatBytes(name);
    return { bytes, members: unzipSync(bytes) };
  });
  const small = models.map((members) => ({ bytes: zip(members), members }));
  return {
    name: 'keras-zip',
    mutant: (random) => {
      const { bytes, members } = pickSeed(small, large, random);
      if (random.once(3)) return single(mutatedBytes(bytes, random));
      const name = random.pick(Object.keys(members));
      const change = name.endsWith('.json') && !random.once(4) ? json : mutatedBytes;
      return single(zip(withMember(members, name, change, random), random.once(8) ? 6 : 0));
    },
    read: readWhole,
  };
}

/** The weights stay whole, so that what the JSON says is all that can go wrong. */
function folderTarget(
  name: string,
  small: readonly Mutant[],
  large: readonly Mutant[],
  jsonName: (name: string) => boolean,
): Target {
  return {
    name,
    mutant: (random) => {
      const { main, folder } = pickSeed(small, large, random);
      const files = Object.keys(folder).filter((file) => jsonName(file));
      return { main, folder: withMember(folder, random.pick(files), random.once(20) ? mutatedBytes : json, random) };
    },
    read: readWhole,
  };
}

const folderSeed = (folder: string, main: string): Mutant => ({ main, folder: formatFolder(folder) });

function tfjsTarget(name: string, small: readonly Mutant[], large: readonly Mutant[]): Target {
  return {
    name,
    mutant: (random) => {
      const { main, folder } = pickSeed(small, large, random);
      const name = random.once(8) ? random.pick(Object.keys(folder)) : main;
      return {
        main,
        folder: withMember(folder, name, name === main && !random.once(10) ? json : mutatedBytes, random),
      };
    },
    read: readWhole,
  };
}

/** A frozen graph with operators of every kind: windows, shapes, slices, products, sums. */
function graphSeed(): Mutant {
  const graph = new GraphBuilder();
  const constant = (...shape: number[]) => graph.constant(shape, seeded(sizeOf(shape), shape.length));
  const window = { strides: attr.ints(1, 2, 2, 1), padding: attr.s('SAME'), data_format: attr.s('NHWC') };
  const fused = { fused_ops: attr.strings('BiasAdd', 'Relu6'), num_args: attr.i(1), dilations: attr.ints(1, 1, 1, 1) };
  const x = graph.placeholder('x', [-1, 7, 6, 2]);
  const conv = graph.node('_FusedConv2D', [x, constant(3, 3, 2, 4), constant(4)], { ...window, ...fused });
  const padded = graph.node('Pad', [conv, graph.constant([4, 2], [0, 0, 1, 0, 0, 1, 0, 0], 'int32')]);
  const pooled = graph.node('MaxPool', [padded], { ...window, ksize: attr.ints(1, 2, 2, 1) });
  const turned = graph.node('Transpose', [pooled, graph.integers([0, 3, 1, 2])]);
  const flat = graph.node('Reshape', [turned, graph.integers([-1, 24])]);
  const masks = { begin_mask: attr.i(1), end_mask: attr.i(3) };
  const slice = graph.node('StridedSlice', [flat, graph.integers([0, 4]), graph.integers([0, 0]), graph.integers([1, 2])], masks); // prettier-ignore
  const mean = graph.node('Mean', [pooled, graph.integers([1, 2])], { keep_dims: attr.b(false) });
  const both = graph.node('ConcatV2', [slice, mean, graph.integers(-1)], { N: attr.i(2) });
  const product = graph.node('MatMul', [both, constant(14, 3)], { transpose_a: attr.b(false) });
  graph.outputs.push(graph.node('Softmax', [graph.node('AddV2', [product, constant(3)])]));
  const folder = { 'model.json': strToU8(JSON.stringify(graph.json())), 'group1-shard1of1.bin': graph.bytes() };
  return { main: 'model.json', folder };
}

const INDEX = 'variables/variables.index';
const VALUES = 'variables/variables.data-00000-of-00001';

function savedModelTarget(): Target {
  const small = [savedSeed('keras2/traced')];
  const large = [savedSeed('keras2/saved_model'), savedSeed('keras2/saved_model_24')];
  return {
    name: 'saved-model',
    mutant: (random) => {
      const folder = damagedSavedModel(pickSeed(small, large, random), random);
      return { main: 'saved_model.pb', folder };
    },
    read: readWhole,
  };
}

interface SavedSeed {
  readonly folder: Folder;
  readonly entries: Entries;
  readonly objects: Uint8Array;
}

function savedSeed(name: string): SavedSeed {
  const folder = formatFolder(name);
  const entries = entriesOf(folder[INDEX]!);
  return { folder, entries, objects: objectsOf(entries, folder[VALUES]!) };
}

function damagedSavedModel({ folder, entries, objects }: SavedSeed, random: Random): Folder {
  switch (random.below(5)) {
    case 0:
      return withMember(folder, random.pick(Object.keys(folder)), mutatedBytes, random);
    case 1:
      return { ...folder, [INDEX]: tableOf(entries, (block) => mutatedBytes(block, random)) };
    case 2: {
      const key = random.pick([...entries.keys()]);
      return { ...folder, [INDEX]: tableOf(new Map([...entries, [key, mutatedMessage(entries.get(key)!, random)]])) };
    }
    case 3: {
      const [changed, data] = withObjects(entries, folder[VALUES]!, mutatedMessage(objects, random));
      return { ...folder, [INDEX]: tableOf(changed), [VALUES]: data };
    }
    default:
      return withMember(
        folder,
        folder['keras_metadata.pb'] ? 'keras_metadata.pb' : 'saved_model.pb',
        mutatedMessage,
        random,
      );
  }
}

/** All readers, by name. */
export async function targets(): Promise<ReadonlyMap<string, Target>> {
  const models = await smallKeras(6);
  const unzipped = models.map((folder): Mutant => ({ main: 'config.json', folder }));
  const apart = models.map(({ 'config.json': config, 'model.weights.h5': weights }): Mutant => {
    return { main: 'model.json', folder: { 'model.json': config!, 'model.weights.h5': weights! } };
  });
  const configs = [folderSeed('keras2/apart', 'model.json'), folderSeed('keras3/apart', 'model.json'), folderSeed('keras3/unzipped', 'config.json')]; // prettier-ignore
  const tfjs = smallTfjs().map((folder): Mutant => ({ main: 'model.json', folder }));
  const all = [
    await onnxTarget(),
    hdf5Target(),
    kerasZipTarget(models),
    folderTarget('keras-config', [...apart, ...unzipped], configs, (name) => /^(model|config)\.json$/.test(name)),
    tfjsTarget('tfjs-layers', tfjs, [folderSeed('keras2/tfjs', 'model.json'), folderSeed('keras3/tfjs', 'model.json')]),
    tfjsTarget('tfjs-graph', [graphSeed()], [graphSeed()]),
    savedModelTarget(),
    ...onnxTargets(await smallOnnx(smallTfjs().filter((_, index) => index % 8 === 0))),
    ...inputTargets,
  ];
  return new Map(all.map((target) => [target.name, target]));
}
