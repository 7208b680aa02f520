/** What a file is, by its first bytes. */
export type FileKind = 'empty' | 'html' | 'git-lfs' | 'png' | 'jpeg' | 'gif' | 'zip' | 'hdf5' | 'gzip' | 'json' | 'pickle' | 'saved-model' | 'unknown'; // prettier-ignore

const DESCRIPTIONS: Readonly<Record<FileKind, string>> = {
  empty: 'an empty file',
  html: 'an HTML page (a download that failed?)',
  'git-lfs': 'a git-LFS pointer (run `git lfs pull` to get the file itself)',
  png: 'a PNG picture',
  jpeg: 'a JPEG picture',
  gif: 'a GIF picture',
  zip: 'a zip archive (a .keras file is one)',
  hdf5: 'an HDF5 file (a Keras .h5 file is one)',
  gzip: 'a gzip archive',
  json: 'a JSON file (a TF.js model.json is one)',
  pickle: 'a Python pickle',
  'saved-model': 'a TensorFlow SavedModel',
  unknown: 'a file of another kind',
};

const latin1 = (text: string): readonly number[] => Array.from(text, (char) => char.charCodeAt(0));

const MAGIC: readonly (readonly [FileKind, readonly number[]])[] = [
  ['png', [0x89, ...latin1('PNG\r\n')]],
  ['jpeg', [0xff, 0xd8, 0xff]],
  ['gif', latin1('GIF8')],
  ['zip', latin1('PK\x03\x04')],
  ['zip', latin1('PK\x05\x06')],
  ['hdf5', [0x89, ...latin1('HDF\r\n\x1a\n')]],
  ['gzip', [0x1f, 0x8b]],
  ['pickle', [0x80, 0x02]],
  ['pickle', [0x80, 0x03]],
  ['pickle', [0x80, 0x04]],
];

/** Kinds of text, by how it begins once spaces and a byte order mark are gone. */
const TEXT: readonly (readonly [FileKind, RegExp])[] = [
  ['git-lfs', /^version https:\/\/git-lfs/],
  ['html', /^<(!doctype|html|head|\?xml)/i],
  ['json', /^[[{]\s*(["\]}[{]|-?\d)/],
];

/** The kind of a file by its content. ONNX has no mark of its own, so a model is `unknown`. */
export function sniff(bytes: Uint8Array): FileKind {
  if (bytes.length === 0) return 'empty';
  const magic = MAGIC.find(([, mark]) => mark.every((byte, index) => bytes[index] === byte));
  if (magic) return magic[0];
  if (isSavedModel(bytes)) return 'saved-model';
  const start = new TextDecoder().decode(bytes.subarray(0, 512)).trimStart();
  return TEXT.find(([, pattern]) => pattern.test(start))?.[0] ?? 'unknown';
}

/**
 * Schema version 1, then a message whose own first field is a message. Where ONNX has a text at the same place, none
 * begins with a line feed.
 */
function isSavedModel(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x08 || bytes[1] !== 0x01 || bytes[2] !== 0x12) return false;
  const length = bytes.subarray(3, 13).findIndex((byte) => byte < 0x80);
  return length >= 0 && bytes[4 + length] === 0x0a;
}

/** A phrase for messages: `a PNG picture`. */
export function describe(kind: FileKind): string {
  return DESCRIPTIONS[kind];
}
