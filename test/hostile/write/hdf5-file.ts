import { floats, joined, uint, utf8 } from './bytes.ts';

/**
 * HDF5 by hand, of the oldest layout, which Keras writes: superblock 0, symbol tables, object headers 1. Whatever a
 * file may lie about can be given. Source: HDF5 File Format Specification 3.0.
 */
export const UNDEFINED = 0xffffffffffffffffn;
const SUPERBLOCK_BYTES = 96;
/** Half the entries of a symbol table node, and half the children of an inner node. */
const LEAF_K = 32;
const INNER_K = 16;

/** Where a name leads: a header's address; the root, whose address is known last; or a path. */
export type Target = number | bigint | 'root' | { readonly soft: string };

export interface DatasetParts {
  readonly shape: readonly (number | bigint)[];
  readonly bytes?: Uint8Array;
  readonly type?: Uint8Array;
  /** Messages in the place of the layout, and beside it. */
  readonly layout?: Message;
  readonly more?: readonly Message[];
  /** Where the bytes are, where that is elsewhere, and how many. */
  readonly at?: number | bigint;
  readonly byteLength?: number | bigint;
  readonly space?: Uint8Array;
}

export interface Message {
  readonly type: number;
  readonly body: Uint8Array;
  readonly flags?: number;
}

const MESSAGE = { dataspace: 1, linkInfo: 2, datatype: 3, link: 6, external: 7, layout: 8, groupInfo: 10, filters: 11, attribute: 12, continuation: 16, symbolTable: 17 } as const; // prettier-ignore

const padded = (bytes: Uint8Array): Uint8Array => joined(bytes, new Uint8Array((8 - (bytes.length % 8)) % 8));

/** Floating-point types: bytes, exponent at, exponent bits, mantissa bits, bias. */
const floatType = (bytes: number, exponent: number, bits: number, mantissa: number, bias: number, bigEndian = 0): Uint8Array =>
  joined(
    Uint8Array.of(0x11, 0x20 | bigEndian, bytes * 8 - 1, 0),
    uint(bytes, 4),
    ...[uint(0, 2), uint(bytes * 8, 2), Uint8Array.of(exponent, bits, 0, mantissa), uint(bias, 4)],
  ); // prettier-ignore

export const TYPE = {
  float32: floatType(4, 23, 8, 23, 127),
  bigFloat32: floatType(4, 23, 8, 23, 127, 1),
  float64: floatType(8, 52, 11, 52, 1023),
  float16: floatType(2, 10, 5, 10, 15),
  int32: joined(Uint8Array.of(0x10, 8, 0, 0), uint(4, 4), uint(0, 2), uint(32, 2)),
  int24: joined(Uint8Array.of(0x10, 8, 0, 0), uint(3, 4), uint(0, 2), uint(24, 2)),
  reference: joined(Uint8Array.of(0x17, 0, 0, 0), uint(8, 4)),
  compound: joined(Uint8Array.of(0x16, 1, 0, 0), uint(4, 4), utf8('a\0\0\0\0\0\0\0'), uint(0, 4), new Uint8Array(24), floatType(4, 23, 8, 23, 127)), // prettier-ignore
  variableFloats: joined(Uint8Array.of(0x19, 0, 0, 0), uint(16, 4), floatType(4, 23, 8, 23, 127)),
  variableText: joined(Uint8Array.of(0x19, 1, 1, 0), uint(16, 4), Uint8Array.of(0x13, 0, 0, 0), uint(1, 4)),
  text: (bytes: number): Uint8Array => joined(Uint8Array.of(0x13, 1, 0, 0), uint(bytes, 4)),
} as const;

export const dataspace = (shape: readonly (number | bigint)[]): Uint8Array =>
  joined(Uint8Array.of(1, shape.length, 0, 0, 0, 0, 0, 0), ...shape.map((size) => uint(size, 8)));

/** Builds a file from the inside out: each thing gives its address, which those around it name. */
export class Hdf5Writer {
  readonly #pieces: Uint8Array[] = [new Uint8Array(SUPERBLOCK_BYTES)];
  readonly #toRoot: number[] = [];
  #end = SUPERBLOCK_BYTES;

  /** Puts bytes at the end, on a multiple of eight, and gives their address. */
  put(bytes: Uint8Array): number {
    const at = this.#end;
    const whole = padded(bytes);
    this.#pieces.push(whole);
    this.#end += whole.length;
    return at;
  }

  get end(): number {
    return this.#end;
  }

  header(messages: readonly Message[]): number {
    const list = messages.map(({ type, body, flags = 0 }) => {
      const content = padded(body);
      return joined(uint(type, 2), uint(content.length, 2), Uint8Array.of(flags, 0, 0, 0), content);
    });
    const all = joined(...list);
    return this.put(joined(Uint8Array.of(1, 0), uint(messages.length, 2), uint(1, 4), uint(all.length, 4), uint(0, 4), all)); // prettier-ignore
  }

  dataset({
    shape,
    bytes = new Uint8Array(),
    type = TYPE.float32,
    layout,
    more = [],
    at,
    byteLength,
    space,
  }: DatasetParts): number {
    // prettier-ignore
    const address = at ?? this.put(bytes);
    return this.header([
      { type: MESSAGE.dataspace, body: space ?? dataspace(shape) },
      { type: MESSAGE.datatype, body: type },
      layout ?? contiguous(address, byteLength ?? bytes.length),
      ...more,
    ]);
  }

  /** A group with a symbol table; names in order, as the library looks for them. */
  group(members: Readonly<Record<string, Target>>, messages: readonly Message[] = []): number {
    return this.header([this.symbolTable(members), ...messages]);
  }

  symbolTable(members: Readonly<Record<string, Target>>): Message {
    const entries = Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1));
    const names: Uint8Array[] = [new Uint8Array(8)];
    let nameAt = 8;
    const placed = entries.map(([name, target]) => {
      const text = padded(utf8(`${name}\0`));
      const links = typeof target === 'object' ? padded(utf8(`${target.soft}\0`)) : new Uint8Array();
      const offsets = { nameAt, softAt: nameAt + text.length, target };
      names.push(text, links);
      nameAt += text.length + links.length;
      return offsets;
    });
    const heap = this.localHeap(joined(...names));
    const symbols = this.#symbols(placed);
    const last = placed.at(-1)?.nameAt ?? 0;
    const tree = this.put(treeNode({ type: 0, level: 0, keys: [uint(0, 8), uint(last, 8)], children: [symbols], room: 2 * INNER_K })); // prettier-ignore
    return { type: MESSAGE.symbolTable, body: joined(uint(tree, 8), uint(heap, 8)) };
  }

  localHeap(data: Uint8Array, statedBytes: number | bigint = data.length): number {
    const at = this.put(data);
    return this.put(joined(utf8('HEAP'), Uint8Array.of(0, 0, 0, 0), uint(statedBytes, 8), uint(1, 8), uint(at, 8)));
  }

  /** A group whose header holds its links: the only old way to say an external one. */
  compactGroup(links: readonly Message[], messages: readonly Message[] = []): number {
    const linkInfo = { type: MESSAGE.linkInfo, body: joined(Uint8Array.of(0, 0), uint(UNDEFINED, 8), uint(UNDEFINED, 8)) }; // prettier-ignore
    return this.header([linkInfo, { type: MESSAGE.groupInfo, body: Uint8Array.of(0, 0) }, ...links, ...messages]);
  }

  /** A collection of texts; gives what attributes hold for each: length, address, index. */
  texts(texts: readonly (string | Uint8Array)[]): Uint8Array[] {
    const contents = texts.map((text) => (typeof text === 'string' ? utf8(text) : text));
    const objects = contents.map((content, index) => joined(uint(index + 1, 2), uint(1, 2), uint(0, 4), uint(content.length, 8), padded(content))); // prettier-ignore
    const used = objects.reduce((sum, { length }) => sum + length, 16);
    const size = Math.max(4096, used + 16);
    const free = joined(uint(0, 8), uint(size - used, 8), new Uint8Array(size - used - 16));
    const at = this.put(joined(utf8('GCOL'), Uint8Array.of(1, 0, 0, 0), uint(size, 8), ...objects, free));
    return contents.map((content, index) => joined(uint(content.length, 4), uint(at, 8), uint(index + 1, 4)));
  }

  /** An attribute of one text, in the heap, where any length fits. */
  text(name: string, value: string | Uint8Array): Message {
    return attribute(name, TYPE.variableText, [], this.texts([value])[0]!);
  }

  /** An attribute of a list of texts of one width, as Keras writes names. */
  list(name: string, values: readonly string[]): Message {
    const width = Math.max(1, ...values.map((value) => utf8(value).length));
    const data = values.map((value) => joined(utf8(value), new Uint8Array(width - utf8(value).length)));
    return attribute(name, TYPE.text(width), [values.length], joined(...data));
  }

  finish(root: number, { endOfFile = this.#end }: { readonly endOfFile?: number | bigint } = {}): Uint8Array {
    const whole = joined(...this.#pieces);
    for (const place of this.#toRoot) whole.set(uint(root, 8), place);
    whole.set(superblock(root, endOfFile));
    return whole;
  }

  #symbols(entries: readonly { readonly nameAt: number; readonly softAt: number; readonly target: Target }[]): number {
    const list = entries.map(({ nameAt, softAt, target }, index) => {
      const isSoft = typeof target === 'object';
      if (target === 'root') this.#toRoot.push(this.#end + 8 + 40 * index + 8);
      const address = isSoft ? UNDEFINED : target === 'root' ? 0 : target;
      return joined(uint(nameAt, 8), uint(address, 8), uint(isSoft ? 2 : 0, 4), uint(0, 4), uint(isSoft ? softAt : 0, 4), new Uint8Array(12)); // prettier-ignore
    });
    const room = Math.max(2 * LEAF_K, entries.length);
    const rest = new Uint8Array(40 * (room - entries.length));
    return this.put(joined(utf8('SNOD'), Uint8Array.of(1, 0), uint(entries.length, 2), ...list, rest));
  }
}

function superblock(root: number, endOfFile: number | bigint): Uint8Array {
  return joined(
    Uint8Array.of(0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10),
    ...[Uint8Array.of(0, 0, 0, 0, 0, 8, 8, 0), uint(LEAF_K, 2), uint(INNER_K, 2), uint(0, 4)],
    ...[uint(0, 8), uint(UNDEFINED, 8), uint(endOfFile, 8), uint(UNDEFINED, 8)],
    ...[uint(0, 8), uint(root, 8), uint(0, 4), uint(0, 4), new Uint8Array(16)],
  );
}

interface TreeParts {
  readonly type: 0 | 1;
  readonly level: number;
  readonly keys: readonly Uint8Array[];
  readonly children: readonly (number | bigint)[];
  readonly room: number;
  readonly count?: number;
}

/** Keys stand around and between the children; the node has room for more than it holds. */
export function treeNode({ type, level, keys, children, room, count }: TreeParts): Uint8Array {
  const body = keys.map((key, index) => joined(key, index < children.length ? uint(children[index]!, 8) : new Uint8Array())); // prettier-ignore
  const keyBytes = keys[0]?.length ?? 8;
  const rest = new Uint8Array(Math.max(0, room - children.length) * (keyBytes + 8));
  return joined(utf8('TREE'), Uint8Array.of(type, level), uint(count ?? children.length, 2), uint(UNDEFINED, 8), uint(UNDEFINED, 8), ...body, rest); // prettier-ignore
}

/** Size on disk, filters left out, offsets in elements, and 0 for the place in an element. */
export const chunkKey = (packedBytes: number, offsets: readonly (number | bigint)[], mask = 0): Uint8Array =>
  joined(uint(packedBytes, 4), uint(mask, 4), ...offsets.map((offset) => uint(offset, 8)), uint(0, 8));

export const contiguous = (at: number | bigint, byteLength: number | bigint): Message => ({
  type: MESSAGE.layout,
  body: joined(Uint8Array.of(3, 1), uint(at, 8), uint(byteLength, 8)),
});

export const compact = (bytes: Uint8Array, byteLength = bytes.length): Message => ({
  type: MESSAGE.layout,
  body: joined(Uint8Array.of(3, 0), uint(byteLength, 2), bytes),
});

export const chunked = (tree: number | bigint, chunkShape: readonly number[], elementBytes = 4): Message => ({
  type: MESSAGE.layout,
  body: joined(Uint8Array.of(3, 2, chunkShape.length + 1), uint(tree, 8), ...[...chunkShape, elementBytes].map((size) => uint(size, 4))), // prettier-ignore
});

/** Layout 4, whose chunk index our own reader leaves to the library. */
export const unfamiliar = (bytes: Uint8Array): Message => ({
  type: MESSAGE.layout,
  body: joined(Uint8Array.of(4, 2, 0, 2, 1), Uint8Array.of(bytes.length / 4, 4), Uint8Array.of(1), uint(UNDEFINED, 8)),
});

export const virtual = (heap: number): Message => ({
  type: MESSAGE.layout,
  body: joined(Uint8Array.of(4, 3), uint(heap, 8), uint(1, 4)),
});

export const externalFiles = (heap: number, size: number | bigint, offset: number | bigint = 0): Message => ({
  type: MESSAGE.external,
  body: joined(Uint8Array.of(1, 0, 0, 0), uint(1, 2), uint(1, 2), uint(heap, 8), uint(0, 8), uint(offset, 8), uint(size, 8)), // prettier-ignore
});

export const filters = (...ids: readonly number[]): Message => ({
  type: MESSAGE.filters,
  body: joined(Uint8Array.of(1, ids.length, 0, 0, 0, 0, 0, 0), ...ids.map((id) => joined(uint(id, 2), uint(0, 2), uint(0, 2), uint(0, 2)))), // prettier-ignore
});

export const continuation = (at: number | bigint, byteLength: number | bigint): Message => ({
  type: MESSAGE.continuation,
  body: joined(uint(at, 8), uint(byteLength, 8)),
});

export function attribute(
  name: string,
  type: Uint8Array,
  shape: readonly (number | bigint)[],
  data: Uint8Array,
): Message {
  // prettier-ignore
  const text = utf8(`${name}\0`);
  const space = dataspace(shape);
  const sizes = [text, type, space].map(({ length }) => uint(length, 2));
  return { type: MESSAGE.attribute, body: joined(Uint8Array.of(1, 0), ...sizes, padded(text), padded(type), padded(space), data) }; // prettier-ignore
}

const LINK = { hard: 0, soft: 1, external: 64, own: 65 } as const;

/** A link in a header: to an address, along a path, into another file, or of a kind that a plugin knows. */
export function link(
  name: string,
  to: number | { readonly soft: string } | { readonly file: string; readonly path: string } | 'own',
): Message {
  // prettier-ignore
  const head = (kind: number) => joined(Uint8Array.of(1, 8, kind), Uint8Array.of(utf8(name).length), utf8(name));
  if (typeof to === 'number') return { type: MESSAGE.link, body: joined(head(LINK.hard), uint(to, 8)) };
  if (to === 'own') return { type: MESSAGE.link, body: joined(head(LINK.own), uint(4, 2), utf8('abcd')) };
  if ('soft' in to) return { type: MESSAGE.link, body: joined(head(LINK.soft), uint(to.soft.length, 2), utf8(to.soft)) }; // prettier-ignore
  const target = utf8(`\0${to.file}\0${to.path}\0`);
  return { type: MESSAGE.link, body: joined(head(LINK.external), uint(target.length, 2), target) };
}

export const numbers = (values: readonly number[]): Uint8Array => floats(values);
