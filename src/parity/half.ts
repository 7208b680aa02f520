/**
 * Conversions of the 16-bit floats. float16 (IEEE 754 binary16): 1 sign, 5 exponent (bias 15), 10 fraction bits.
 * bfloat16: the upper half of a float32.
 */
const scratch = new DataView(new ArrayBuffer(4));

export function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

export function bfloat16ToNumber(bits: number): number {
  scratch.setUint32(0, bits * 0x10000);
  return scratch.getFloat32(0);
}

/** Nearest float16, ties to even; too large for one gives infinity. NaN is not served. */
export function numberToFloat16(value: number): number {
  const magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  if (magnitude === 0) return sign;
  const exponent = Math.max(Math.floor(Math.log2(magnitude)), -14);
  // Counted in steps of the binade, a carry into the next binade lands on the right pattern by itself.
  const steps = roundHalfEven(magnitude / 2 ** (exponent - 10));
  return sign + Math.min((exponent + 14) * 1024 + steps, 0x7c00);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
