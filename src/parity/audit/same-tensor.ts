import type { Tensor } from '../../tensor.ts';

/** Whether two tensors of one dtype and shape hold the same bits: −0 is not 0, and a NaN is itself. */
export function isSameTensor({ data: a }: Tensor, { data: b }: Tensor): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b)) {
    return (a as readonly string[]).every((text, i) => text === (b as readonly string[])[i]);
  }
  const [first, second] = [bytesOf(a), bytesOf(b)];
  for (let i = 0; i < first.length; i++) if (first[i] !== second[i]) return false;
  return true;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
