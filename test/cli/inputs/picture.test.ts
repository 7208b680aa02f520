import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readPng } from '../../../src/cli/inputs/picture.ts';
import { crc32, POLYNOMIAL } from '../../../src/export/read/crc32.ts';

const read = (base64: string) => readPng(new Uint8Array(Buffer.from(base64, 'base64')), 'x.png');

/** Pictures written by TensorFlow's encode_png (libpng), and hand-made ones as its decode_png reads them. */
const FILES = {
  grey: 'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAAAAAC4HznGAAAAEElEQVQImWNkcHBg+M/IBAAF0QGEklx+VQAAAABJRU5ErkJggg==',
  rgb: 'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAGElEQVQImWP4z8DA8J+BgeE/IyMTMwQAAC1eAxeksNW2AAAAAElFTkSuQmCC',
  opaque:
    'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAYAAACddGYaAAAAG0lEQVQImQXBAQEAAAiDMC79M+NGEBHUdqai8ntGBxPLaX8DAAAAAElFTkSuQmCC',
  transparent:
    'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAYAAACddGYaAAAAHUlEQVQImQXBsQEAAAiAIMut//81IDgiqJk1FZUHZjgGHhRMjx0AAAAASUVORK5CYII=',
  grey16: 'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACEAAAAAAHTY67AAAAEklEQVQImWNgYPj/n6GBgYERAA7+AoA6V6VbAAAAAElFTkSuQmCC',
  oneBit: 'iVBORw0KGgoAAAANSUhEUgAAAAoAAAACAQAAAABJGnB9AAAADklEQVR42mPY4MDwvwEABvQCcLdLDAUAAAAASUVORK5CYII=',
  fourBits: 'iVBORw0KGgoAAAANSUhEUgAAAAMAAAABBAAAAAD7e6ZpAAAAC0lEQVR42mPgLwAAAJEAgK5ZEuYAAAAASUVORK5CYII=',
  palette:
    'iVBORw0KGgoAAAANSUhEUgAAAAMAAAABAgMAAABmjvwnAAAACVBMVEUJCAf/AAAAAP/wRD7hAAAACklEQVR42mOQAAAAGgAZgACOuwAAAABJRU5ErkJggg==',
  transparentPalette:
    'iVBORw0KGgoAAAANSUhEUgAAAAMAAAABAgMAAABmjvwnAAAACVBMVEUJCAf/AAAAAP/wRD7hAAAAAXRSTlMAQObYZgAAAApJREFUeNpjkAAAABoAGYAAjrsAAAAASUVORK5CYII=',
  /** Its header claims (2³¹ − 1)² pixels. */
  bomb: 'iVBORw0KGgoAAAANSUhEUn////9/////CAIAAACbq5wxAAAAAElFTkSuQmCC',
};

describe('readPng', () => {
  test('reads grey and colour', async () => {
    const rgb = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    const grey = Uint8Array.of(0, 64, 128, 255, 1, 2);
    expect(await read(FILES.grey)).toEqual({ width: 3, height: 2, channels: 1, pixels: grey, white: 255 });
    expect(await read(FILES.rgb)).toEqual({ width: 3, height: 2, channels: 3, pixels: rgb, white: 255 });
    expect(await read(FILES.opaque)).toEqual({ width: 3, height: 2, channels: 3, pixels: rgb, white: 255 });
  });

  test('reads 16 bits a sample with their own white', async () => {
    const pixels = Uint16Array.of(0, 65535, 32768, 1);
    expect(await read(FILES.grey16)).toEqual({ width: 2, height: 2, channels: 1, pixels, white: 65535 });
  });

  test('spreads 1 and 4 bits a sample to the full range', async () => {
    const oneBit = [
      [255, 0, 255, 255, 0, 0, 0, 0, 0, 255],
      [...new Array<number>(9).fill(255), 0],
    ].flat();
    expect((await read(FILES.oneBit)).pixels).toEqual(Uint8Array.from(oneBit));
    expect((await read(FILES.fourBits)).pixels).toEqual(Uint8Array.of(0, 255, 119));
  });

  test('looks up the colours of a palette', async () => {
    const pixels = Uint8Array.of(9, 8, 7, 255, 0, 0, 0, 0, 255);
    expect(await read(FILES.palette)).toEqual({ width: 3, height: 1, channels: 3, pixels, white: 255 });
  });

  test('refuses transparency, whose background is not ours to choose', async () => {
    await expect(read(FILES.transparent)).rejects.toThrow(/x\.png: the picture is transparent in places/);
    await expect(read(FILES.transparentPalette)).rejects.toThrow(/transparent/);
  });

  test('refuses a picture larger than memory before it unpacks a byte', async () => {
    await expect(read(FILES.bomb)).rejects.toThrow(/1 to 67108864 pixels, found 2147483647×2147483647/);
  });

  test('refuses every file that is cut off, and one whose check sums are wrong', async () => {
    const whole = Buffer.from(FILES.rgb, 'base64');
    for (let length = 8; length < whole.length; length++) {
      await expect(readPng(new Uint8Array(whole.subarray(0, length)), 'x.png'), String(length)).rejects.toThrow(
        /x\.png: /,
      );
    }
    const flipped = new Uint8Array(whole);
    flipped[45]! ^= 1;
    await expect(readPng(flipped, 'x.png')).rejects.toThrow(/the PNG is damaged/);
  });

  test('inflates no pixels beyond those that the header declares, and wants all of these', async () => {
    await expect(readPng(png({ raw: new Uint8Array(2 ** 24) }), 'x.png')).rejects.toThrow(/more pixels than it says/);
    await expect(readPng(png({ raw: new Uint8Array(7) }), 'x.png')).rejects.toThrow(/fewer pixels than it says/);
    const large = png({ width: 8192, height: 8192, raw: new Uint8Array(8192 * 8193) });
    await expect(readPng(large, 'x.png')).rejects.toThrow(/too large for what it is packed into/);
  });

  test('leaves out what it does not need, however much that inflates to', async () => {
    const packed = deflateSync(new Uint8Array(2 ** 20));
    const chunks = [chunk('iCCP', [Buffer.from('a\0\0'), packed]), chunk('zTXt', [Buffer.from('a\0\0'), packed])];
    expect((await readPng(png({ chunks }), 'x.png')).pixels).toEqual(new Uint8Array(6));
  });

  test('takes the palette that colours may carry as advice for no palette', async () => {
    const raw = Uint8Array.of(0, ...Array.from({ length: 9 }, (_, i) => i), 0, ...new Array<number>(9).fill(7));
    const { channels, pixels } = await readPng(
      png({ colour: 2, raw, chunks: [chunk('PLTE', [Buffer.alloc(6)])] }),
      'x.png',
    );
    expect({ channels, pixels }).toEqual({
      channels: 3,
      pixels: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, ...new Array<number>(9).fill(7)),
    });
  });

  test('refuses what decoders make something up for', async () => {
    const bad: readonly [RegExp, PngParts][] = [
      [/no palette/, { colour: 3 }],
      [/IHDR.*where none may be/, { chunks: [chunk('IHDR', [Buffer.alloc(13)])] }],
      [/PLTE comes twice/, { colour: 3, chunks: [chunk('PLTE', [Buffer.alloc(3)]), chunk('PLTE', [Buffer.alloc(3)])] }],
      [/interlaced PNG of less than 8 bits/, { depth: 1, interlace: 1 }],
      [/colours of kind 5/, { colour: 5 }],
    ];
    for (const [saying, parts] of bad) await expect(readPng(png(parts), 'x.png')).rejects.toThrow(saying);
  });

  test('reads an interlaced picture', async () => {
    // 3 × 2 pixels, 0 to 5, in the order of the passes: (0, 0); (2, 0); (1, 0); then the second row.
    const raw = Uint8Array.of(0, 0, 0, 2, 0, 1, 0, 3, 4, 5);
    expect((await readPng(png({ interlace: 1, raw }), 'x.png')).pixels).toEqual(Uint8Array.of(0, 1, 2, 3, 4, 5));
  });
});

interface PngParts {
  readonly width?: number;
  readonly height?: number;
  readonly depth?: number;
  readonly colour?: number;
  readonly interlace?: number;
  readonly raw?: Uint8Array;
  readonly chunks?: readonly Buffer[];
}

/** 3 × 2 grey pixels, unless something else is said. */
function png({
  width = 3,
  height = 2,
  depth = 8,
  colour = 0,
  interlace = 0,
  raw = new Uint8Array(8),
  chunks = [],
}: PngParts): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([depth, colour, 0, 0, interlace], 8);
  const whole = [chunk('IHDR', [header]), ...chunks, chunk('IDAT', [deflateSync(raw)]), chunk('IEND', [])];
  return new Uint8Array(Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...whole]));
}

function chunk(type: string, parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat([Buffer.from(type), ...parts]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(body.length - 4);
  frame.writeUInt32BE(crc32(body, POLYNOMIAL.zip), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
