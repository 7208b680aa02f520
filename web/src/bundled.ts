import beforeActivation from '../../models/digits/norm-before-activation/model.keras?url';
import afterActivation from '../../models/digits/norm-after-activation/model.h5?url';
import images from '../../models/digits/sample/digits-images-idx3-ubyte?url';
import labels from '../../models/digits/sample/digits-labels-idx1-ubyte?url';
import type { GivenFile } from './studio/protocol.ts';

/** Digits that a person can press instead of drawing. */
export interface Samples {
  readonly classes: readonly string[];
  readonly images: readonly Float32Array[];
  readonly labels: readonly number[];
}

interface BundledModel {
  readonly title: string;
  readonly url: string;
  readonly file: string;
}

export const BUNDLED: readonly BundledModel[] = [
  { title: 'Digits, normalised before ELU (.keras)', url: beforeActivation, file: 'digits.keras' },
  { title: 'Digits, normalised after ELU (.h5)', url: afterActivation, file: 'digits.h5' },
];

export async function bundledFile({ url, file }: BundledModel): Promise<GivenFile> {
  return { path: file, blob: await (await fetch(url)).blob() };
}

const SIDE = 28;
const IMAGES_HEADER = 16;
const LABELS_HEADER = 8;

/** The first sample of each digit, of an IDX file as MNIST has it: [n, 28, 28] bytes, 255 is ink. */
export async function digitSamples(): Promise<Samples> {
  const [pixels, digits] = await Promise.all([images, labels].map(async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer()))); // prettier-ignore
  const all = Array.from(digits!.subarray(LABELS_HEADER));
  const firsts = all.map((label, i) => ({ label, i })).filter(({ label, i }) => all.indexOf(label) === i);
  firsts.sort((a, b) => a.label - b.label);
  return {
    classes: Array.from({ length: 10 }, (_, digit) => String(digit)),
    labels: firsts.map(({ label }) => label),
    images: firsts.map(({ i }) => levels(pixels!.subarray(IMAGES_HEADER + i * SIDE * SIDE, IMAGES_HEADER + (i + 1) * SIDE * SIDE))), // prettier-ignore
  };
}

const levels = (bytes: Uint8Array): Float32Array => Float32Array.from(bytes, (byte) => byte / 255);
