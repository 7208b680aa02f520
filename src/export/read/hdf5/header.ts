import { Hdf5Bytes } from './bytes.ts';

/** Header messages that are read here, by HDF5's numbers. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** One message of an object header: its data is `size` bytes from `at`. */
export interface Message {
  readonly type: number;
  readonly at: number;
  readonly size: number;
  /** The data says where the message lies. */
  readonly isShared: boolean;
}

interface Block {
  readonly at: number;
  readonly end: number;
}

/** More blocks than any real header has; keeps a loop of continuations finite. */
const MAX_BLOCKS = 4096;
const SHARED = 0x02;
const CREATION_ORDER_TRACKED = 0x04;
const PHASE_CHANGE_STORED = 0x10;
const TIMES_STORED = 0x20;

/**
 * Opens the superblock, versions 0 to 3, and gives the address of the root group's header.
 * Source: HDF5 File Format Specification 3.0, II.A.
 */
export function readSuperblock(bytes: Uint8Array, where: string): { readonly file: Hdf5Bytes; readonly root: number } {
  const probe = new Hdf5Bytes(bytes, where, 8, 8);
  const version = probe.u8(8);
  if (version > 3) throw probe.unread(`superblock version ${version}`);
  const widths = version < 2 ? 13 : 9;
  const [addressBytes, lengthBytes] = [probe.u8(widths), probe.u8(widths + 1)];
  if (![4, 8].includes(addressBytes) || ![4, 8].includes(lengthBytes)) {
    throw probe.broken('it has odd widths of addresses');
  }
  const file = new Hdf5Bytes(bytes, where, addressBytes, lengthBytes);
  const addresses = version < 2 ? (version === 0 ? 24 : 28) : 12;
  if (file.address(addresses) !== 0) throw probe.unread('a base address');
  // Version 0 and 1 end in the root's symbol table entry: name offset, then header address.
  const root = file.address(addresses + (version < 2 ? 5 : 3) * addressBytes);
  const end = file.address(addresses + 2 * addressBytes) ?? 0;
  if (end > file.size) throw file.broken(`it says that it has ${end} bytes, and has ${file.size}`);
  if (root === undefined) throw file.broken('it has no root group');
  return { file, root };
}

/** All messages of the object header at an address, continuations included, versions 1 and 2. */
export function readHeader(file: Hdf5Bytes, at: number): readonly Message[] {
  return file.u8(at) === 1 ? readVersion1(file, at) : readVersion2(file, at);
}

function readVersion1(file: Hdf5Bytes, at: number): readonly Message[] {
  const first = { at: at + 16, end: at + 16 + file.u32(at + 8) };
  return inBlocks(file, first, (block, messages) => {
    let next = block.at;
    while (next + 8 <= block.end) {
      const size = file.u16(next + 2);
      messages.push(message(file, file.u16(next), next + 8, size, file.u8(next + 4)));
      next += 8 + size;
    }
  });
}

function readVersion2(file: Hdf5Bytes, at: number): readonly Message[] {
  file.expectSignature(at, 'OHDR');
  const flags = file.u8(at + 5);
  const sizeAt = at + 6 + (flags & TIMES_STORED ? 16 : 0) + (flags & PHASE_CHANGE_STORED ? 4 : 0);
  const width = 1 << (flags & 3);
  const start = sizeAt + width;
  const prefix = 4 + (flags & CREATION_ORDER_TRACKED ? 2 : 0);
  const first = { at: start, end: start + file.uint(sizeAt, width) };
  return inBlocks(file, first, (block, messages) => {
    const isFirst = block === first;
    if (!isFirst) file.expectSignature(block.at, 'OCHK');
    let next = isFirst ? block.at : block.at + 4;
    const end = isFirst ? block.end : block.end - 4;
    while (next + prefix <= end) {
      const size = file.u16(next + 1);
      messages.push(message(file, file.u8(next), next + prefix, size, file.u8(next + 3)));
      next += prefix + size;
    }
  });
}

/** Reads a block, then those that its continuation messages name, in order. */
function inBlocks(
  file: Hdf5Bytes,
  first: Block,
  read: (block: Block, messages: Message[]) => void,
): readonly Message[] {
  const messages: Message[] = [];
  const open = [first];
  for (let blocks = 1, block = open.shift(); block; blocks++, block = open.shift()) {
    if (blocks > MAX_BLOCKS) throw file.broken('an object header does not end');
    const from = messages.length;
    file.slice(block.at, block.end - block.at);
    read(block, messages);
    const continued = messages.slice(from).filter(({ type }) => type === MESSAGE.continuation);
    open.push(...continued.map(({ at }) => continuation(file, at)));
  }
  return messages;
}

function continuation(file: Hdf5Bytes, at: number): Block {
  const start = file.address(at);
  if (start === undefined) throw file.broken('an object header goes on nowhere');
  return { at: start, end: start + file.length(at + file.addressBytes) };
}

const READ_TYPES: ReadonlySet<number> = new Set(Object.values(MESSAGE));

function message(file: Hdf5Bytes, type: number, at: number, size: number, flags: number): Message {
  file.slice(at, size);
  const isShared = (flags & SHARED) !== 0 && READ_TYPES.has(type);
  if (isShared && type !== MESSAGE.datatype) throw file.unread('shared header messages');
  return { type, at, size, isShared };
}

const IN_OBJECT = 2;

/**
 * A datatype that is kept as an object of its own, which a shared message names.
 * Source: HDF5 File Format Specification 3.0, IV.A.2 (shared messages, versions 1 to 3).
 */
export function sharedDatatype(file: Hdf5Bytes, at: number): number {
  const version = file.u8(at);
  if (version > 3 || (version === 3 && file.u8(at + 1) !== IN_OBJECT)) throw file.unread('a table of shared messages');
  const header = file.address(at + (version === 1 ? 8 : 2));
  if (header === undefined) throw file.broken('a type lies nowhere');
  const own = readHeader(file, header).find(({ type, isShared }) => type === MESSAGE.datatype && !isShared);
  if (!own) throw file.broken('a type is none');
  return own.at;
}
