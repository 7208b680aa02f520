import type { GivenFile } from './protocol.ts';

export interface ChosenFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The other files, by their path beside it. */
  readonly siblings: ReadonlyMap<string, Uint8Array>;
}

/** Best first: where several files were given, this is the model and the others belong to it. */
const MODEL_FILES = [/\.keras$/, /\.onnx$/, /(^|\/)model\.json$/, /\.json$/, /\.(h5|hdf5)$/, /saved_model\.pb$/];

/** Which of the files is the model; paths of the others become relative to its folder. @throws {Error} for no file. */
export async function chooseFile(files: readonly GivenFile[]): Promise<ChosenFile> {
  const [first] = files;
  if (!first) throw new Error('no file was given');
  checkSize(files);
  const chosen = MODEL_FILES.flatMap((kind) => files.find(({ path }) => kind.test(path.toLowerCase())) ?? [])[0] ?? first; // prettier-ignore
  const folder = chosen.path.slice(0, chosen.path.lastIndexOf('/') + 1);
  const others = files.filter((file) => file !== chosen);
  const named = await Promise.all(others.map(async ({ path, blob }) => [path.startsWith(folder) ? path.slice(folder.length) : path, await bytesOf(blob)] as const)); // prettier-ignore
  return { name: chosen.path.slice(folder.length), bytes: await bytesOf(chosen.blob), siblings: new Map(named) };
}

/** A tab holds the file, both models and what runs them: about six times the file. */
const MOST_BYTES = 2 ** 29;

function checkSize(files: readonly GivenFile[]): void {
  const total = files.reduce((sum, { blob }) => sum + blob.size, 0);
  if (total <= MOST_BYTES) return;
  throw new Error(`${(total / 1e9).toFixed(1)} GB are too much for a tab, which takes ${(MOST_BYTES / 1e9).toFixed(1)} GB. On a command line there is room: npx edgefold ${files[0]!.path.endsWith('.onnx') ? 'fold' : 'export'} ${files[0]!.path}`); // prettier-ignore
}

const bytesOf = async (blob: Blob): Promise<Uint8Array> => new Uint8Array(await blob.arrayBuffer());
