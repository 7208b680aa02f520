import type { DecodedPng } from 'fast-png';
import { EdgefoldError } from '../../errors.ts';
import { essentialPng } from './png-chunks.ts';

/** Pixels row by row, channel last, as the file holds them. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array | Uint16Array;
  /** The value of full white: 255 or 65535. */
  readonly white: number;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, index) => bytes[index] === byte);
}

/**
 * Reads a PNG. Palettes become RGB and 1, 2 or 4 bits a sample become 8; an alpha channel is dropped where every
 * pixel is opaque and refused where one is not, because what lies behind it is not ours to choose.
 *
 * @throws {EdgefoldError} CORRUPT, LIMIT, UNSUPPORTED (transparency).
 */
export async function readPng(bytes: Uint8Array, where: string): Promise<Picture> {
  const essential = essentialPng(bytes, where);
  const { decode, convertIndexedToRgb } = await import('fast-png');
  try {
    const png = decode(essential);
    if (!png.palette) return picture(png, unpacked(png), png.channels, where);
    return picture({ ...png, depth: 8 }, convertIndexedToRgb(png), png.palette[0]?.length ?? 3, where);
  } catch (cause) {
    if (cause instanceof EdgefoldError) throw cause;
    throw new EdgefoldError('CORRUPT', 'the PNG is damaged', { where, received: (cause as Error).message, cause });
  }
}

function picture(
  { width, height, depth, transparency }: DecodedPng,
  samples: DecodedPng['data'],
  channels: number,
  where: string,
): Picture {
  const white = depth === 16 ? 65535 : 255;
  const colours = channels < 3 ? 1 : 3;
  const hasAlpha = channels > colours;
  const pixels = white === 255 ? new Uint8Array(width * height * colours) : new Uint16Array(width * height * colours);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const from = pixel * channels;
    if (hasAlpha && samples[from + colours] !== white) throw transparent(where);
    for (let c = 0; c < colours; c++) pixels[pixel * colours + c] = samples[from + c]!;
  }
  if (transparency) throw transparent(where);
  return { width, height, channels: colours, pixels, white };
}

/** Grey samples of 1, 2 or 4 bits, packed first one high and rows begun on a byte, spread to 0…255. */
function unpacked({ width, height, depth, data }: DecodedPng): DecodedPng['data'] {
  if (depth >= 8) return data;
  const most = 2 ** depth - 1;
  const rowBytes = Math.ceil((width * depth) / 8);
  return Uint8Array.from({ length: width * height }, (_, index) => {
    const bit = (index % width) * depth;
    const byte = data[Math.floor(index / width) * rowBytes + (bit >> 3)]!;
    return (((byte >> (8 - depth - (bit & 7))) & most) * 255) / most;
  });
}

function transparent(where: string): EdgefoldError {
  return new EdgefoldError('UNSUPPORTED', 'the picture is transparent in places', {
    where,
    hint: 'Save it on a background of your choice, without an alpha channel.',
  });
}
