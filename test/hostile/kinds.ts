/** The kinds of hostile input, by number. */
const TITLES = [
  'an empty file', 'random bytes', 'a prefix of a model', 'a length beyond the end', 'a varint of eleven bytes', 'odd fields, wire types and groups',
  'deep nesting', 'millions of small parts', 'repeated singular fields', 'packed and unpacked lists', 'odd texts and names', 'files beyond 2 and 4 GiB',
  'another kind of file', 'odd versions', 'a cycle', 'links that lead nowhere', 'an output made twice', 'an initializer twice',
  'an initializer that is something else too', 'bodies that shadow names', 'recursive functions', 'nested Loops', 'a Loop without an end', 'bombs of constants',
  'an unknown domain', 'standard names of foreign domains', 'zeros that kill the runtime', 'dimensions that overflow', 'dimensions below 0', 'too few bytes',
  'too many bytes', 'two fields of data', 'unknown dtypes', 'weights of text', 'sparse weights', 'narrow weights',
  '../x', 'a/../../x', 'absolute paths and addresses', 'a symbolic link', 'a link on the way', 'a hard link',
  'the Hugging Face cache', 'odd offsets and lengths', 'a file cut short', 'names that are no file', 'odd keys', 'addresses of memory',
  'the model itself', 'a file that is swapped', 'external data in odd places', 'a checksum that does not hold', 'a variance below 0', 'parameters that are not finite',
  'odd epsilons', 'scales beyond float32', 'other numbers of channels', 'training mode', 'old operator sets', 'two readers',
  'a shared weight', 'groups', 'an empty name for a bias', 'padding behind', 'an external link', 'external storage',
  'a virtual dataset', 'links in a circle', 'huge shapes', 'prefixes and changed bytes', 'reads that fail', 'unknown filters',
  'odd element types', 'other widths and byte orders', 'odd JSON', 'Lambda', 'classes that are not listed', 'layers that open files',
  'odd names of layers', 'numbers and shapes that do not fit', 'names that leave an archive', 'lies of archives', 'shards elsewhere', 'shards that do not fit',
  'odd quantisation', 'output and input are one', 'failures at every write', 'an input that changes', 'standard input', 'escapes in texts',
  'a provider that is missing', 'a device that is lost', 'inputs that do not fit', 'use after release',
] as const; // prettier-ignore

export const KINDS: ReadonlyMap<number, string> = new Map(TITLES.map((title, index) => [index + 1, title]));

/** Kinds that are no model file, or not a file alone, and where they are tested. */
export const KINDS_ELSEWHERE: ReadonlyMap<number, string> = new Map([
  [86, 'test/cli/output-file.test.ts'],
  [87, 'test/files/write.test.ts'],
  [88, 'test/files/read.test.ts'],
  [89, 'test/cli/verbs.test.ts'],
  [90, 'test/cli/terminal.test.ts'],
  [91, 'test/runtime/node.test.ts'],
  [92, 'test/runtime/process.test.ts'],
  [94, 'test/runtime/suite.test.ts'],
]);
