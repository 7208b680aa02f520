import { EdgefoldError } from '../../../errors.ts';

/** The bytes of a file, with HDF5's own two widths: addresses ("offsets") and sizes ("lengths"). */
export class Hdf5Bytes {
  readonly bytes: Uint8Array;
  readonly where: string;
  readonly addressBytes: number;
  readonly lengthBytes: number;
  readonly #data: DataView;

  constructor(bytes: Uint8Array, where: string, addressBytes: number, lengthBytes: number) {
    this.bytes = bytes;
    this.where = where;
    this.addressBytes = addressBytes;
    this.lengthBytes = lengthBytes;
    this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get size(): number {
    return this.bytes.length;
  }

  u8(at: number): number {
    return this.#data.getUint8(at);
  }

  u16(at: number): number {
    return this.#data.getUint16(at, true);
  }

  u32(at: number): number {
    return this.#data.getUint32(at, true);
  }

  /** Little-endian unsigned integer; beyond 2⁵³ it loses its low bits, and is out of every range here. */
  uint(at: number, width: number): number {
    let value = 0;
    for (let index = width - 1; index >= 0; index--) value = value * 256 + this.#data.getUint8(at + index);
    return value;
  }

  /** `undefined` is HDF5's undefined address, all bits set. */
  address(at: number): number | undefined {
    const value = this.uint(at, this.addressBytes);
    return value >= 256 ** this.addressBytes - 1 ? undefined : value;
  }

  length(at: number): number {
    return this.uint(at, this.lengthBytes);
  }

  slice(at: number, byteLength: number): Uint8Array {
    if (!(at >= 0 && byteLength >= 0 && at + byteLength <= this.size)) throw this.broken('a piece lies outside it');
    return this.bytes.subarray(at, at + byteLength);
  }

  text(at: number, byteLength: number): string {
    return new TextDecoder().decode(this.slice(at, byteLength));
  }

  /** Text up to the first NUL. */
  textUpToNul(at: number, limit = this.size): string {
    const end = this.bytes.subarray(0, limit).indexOf(0, at);
    if (end < 0) throw this.broken('a name has no end');
    return this.text(at, end - at);
  }

  expectSignature(at: number, signature: string): void {
    for (let index = 0; index < signature.length; index++) {
      if (this.u8(at + index) !== signature.charCodeAt(index)) throw this.broken(`no ${signature} where one must be`);
    }
  }

  /** A part of HDF5 that no file of Keras uses. */
  unread(what: string): EdgefoldError {
    return new EdgefoldError('UNSUPPORTED', `the HDF5 file uses ${what}, which is not read`, {
      where: this.where,
      hint: 'Save the model again with Keras.',
    });
  }

  broken(what: string): EdgefoldError {
    return new EdgefoldError('CORRUPT', `the HDF5 file is damaged: ${what}`, {
      where: this.where,
      hint: 'It may be cut short; fetch it again.',
    });
  }
}
