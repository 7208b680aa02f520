import type { ErrorCode } from '../../src/errors.ts';

/** A file, or something that is none. */
export type Entry =
  | Uint8Array
  /** A symbolic link; where it leads is relative to it, or absolute. */
  | { readonly link: string }
  /** Another name of a file, named from the folder of the model. */
  | { readonly hardLink: string }
  | 'pipe'
  | 'folder'
  /** A file of zeros that takes no room. */
  | { readonly zeros: number };

/** By path from the model's folder; `../outside/…` lies beside it. */
export type Folder = Readonly<Record<string, Entry>>;

export type Format =
  | 'onnx'
  | 'onnx-external'
  | 'keras-h5'
  | 'keras-zip'
  | 'keras-folder'
  | 'keras-json'
  | 'tfjs-layers'
  | 'tfjs-graph'
  | 'saved-model'
  | 'png'
  | 'npy'
  | 'idx'
  | 'json-input';

/** What must come of it. */
export type Expected =
  /** An error of one of these codes, whose message says this. */
  | { readonly refused: readonly ErrorCode[]; readonly saying: RegExp }
  /** What the model makes of the fixed input, folded and not; `kept` BatchNormalizations stay. */
  | { readonly answer: readonly number[]; readonly kept?: number }
  /** It is read; what it would compute is not asked. */
  | { readonly read: true }
  /** Random damage: either will do. */
  | { readonly either: true };

export interface HostileFile {
  /** Number of the kind in the list of `kinds.ts`. */
  readonly kind: number;
  /** What is wrong with it. */
  readonly name: string;
  readonly format: Format;
  /** The model file in the folder. */
  readonly main: string;
  readonly make: () => Folder;
  readonly expected: Expected;
}

export const refused = (codes: ErrorCode | readonly ErrorCode[], saying: RegExp): Expected => ({
  refused: typeof codes === 'string' ? [codes] : codes,
  saying,
});

export const answers = (answer: readonly number[], kept = 0): Expected => ({ answer, kept });
export const READ: Expected = { read: true };
export const EITHER: Expected = { either: true };
