import { sizeOf, stridesOf } from '../../tensor.ts';
import { text, type Rule } from './call.ts';
import { zeros } from './real.ts';
import { roundHalfEven } from './small-float.ts';
import { steps } from './take.ts';

interface Border {
  readonly size: number;
  readonly low: number;
  readonly high: number;
  readonly padding: string;
}

/** Folded back at the borders as often as needed. */
function reflected(x: number, { low, high }: Border): number {
  const span = high - low;
  if (span <= 0) return low;
  const inside = (((x - low) % (2 * span)) + 2 * span) % (2 * span);
  return low + Math.min(inside, 2 * span - inside);
}

/** A coordinate outside of the borders, brought back as the padding says. */
function placed(x: number, border: Border): number {
  if (x >= border.low && x <= border.high) return x;
  if (border.padding === 'border') return Math.min(Math.max(x, 0), border.size - 1);
  return border.padding === 'reflection' ? reflected(x, border) : x;
}

/** The element that stands for index i; −1 for a zero. */
function element(i: number, border: Border): number {
  if (i >= 0 && i < border.size) return i;
  if (border.padding === 'zeros') return -1;
  if (border.padding === 'border') return Math.min(Math.max(i, 0), border.size - 1);
  return Math.min(Math.max(Math.trunc(reflected(i, border)), 0), border.size - 1);
}

/** Keys' cubic with a = −0.75 at distance d. */
function cubic(d: number): number {
  const a = -0.75;
  return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
}

interface Tap {
  readonly at: number;
  readonly weight: number;
}

function tapsOf(x: number, border: Border, mode: string): Tap[] {
  const place = placed(mode === 'nearest' ? roundHalfEven(x) : x, border);
  const floor = Math.floor(place);
  const isCubic = mode.endsWith('cubic');
  const near = mode === 'nearest' ? [floor] : isCubic ? steps(4, 1, floor - 1) : [floor, floor + 1];
  return near.map((i) => {
    const distance = Math.abs(place - i);
    const weight = mode === 'nearest' ? 1 : isCubic ? cubic(distance) : 1 - distance;
    return { at: element(i, border), weight };
  });
}

/**
 * x `[N, C, …]` at places of a grid `[N, …, axes]` whose last axis holds coordinates from −1 to 1, the last spatial
 * axis first. Source: https://onnx.ai/onnx/operators/onnx__GridSample.html
 */
const gridSample: Rule = (call) => {
  const { node } = call;
  const [x, grid] = [call.input(0), call.input(1)];
  const [[N = 0, C = 0], spatial] = [x.shape, x.shape.slice(2)];
  if (grid.shape.at(-1) !== spatial.length || grid.shape[0] !== N) call.fault('the grid does not fit the input', text(x.shape), text(grid.shape)); // prettier-ignore
  const [mode, padding] = [node.string('mode', 'linear'), node.string('padding_mode', 'zeros')];
  const isAligned = node.int('align_corners', 0) === 1;
  const borders = spatial.map((size): Border => {
    return isAligned ? { size, padding, low: 0, high: size - 1 } : { size, padding, low: -0.5, high: size - 0.5 };
  });
  const shape = [N, C, ...grid.shape.slice(1, -1)];
  const points = sizeOf(shape.slice(2));
  const [strides, size] = [stridesOf(spatial), sizeOf(spatial)];
  const data = zeros(shape);
  for (let p = 0; p < N * points; p++) {
    const taps = borders.map((border, axis) => {
      const unit = grid.data[p * spatial.length + spatial.length - 1 - axis]!;
      const at = isAligned ? ((unit + 1) / 2) * (border.size - 1) : ((unit + 1) * border.size - 1) / 2;
      return tapsOf(at, border, mode);
    });
    const combined = product(taps, strides);
    const n = Math.floor(p / points);
    for (let c = 0; c < C; c++) {
      const channel = (n * C + c) * size;
      data[(n * C + c) * points + (p % points)] = combined.reduce((sum, { at, weight }) => sum + weight * x.data[channel + at]!, 0); // prettier-ignore
    }
  }
  return call.one(shape, data);
};

/** All combinations of taps of the axes that lie inside. */
function product(taps: readonly (readonly Tap[])[], strides: readonly number[]): Tap[] {
  return taps.reduce<Tap[]>(
    (all, list, axis) =>
      all.flatMap(({ at, weight }) => {
        return list.filter((tap) => tap.at >= 0).map((tap) => ({ at: at + tap.at * strides[axis]!, weight: weight * tap.weight })); // prettier-ignore
      }),
    [{ at: 0, weight: 1 }],
  );
}

/** The grid of an affine map: theta `[N, axes, axes + 1]` on coordinates from −1 to 1 of an image of the given size. */
const affineGrid: Rule = (call) => {
  const [theta, size] = [call.input(0), call.numbers(1)];
  const spatial = size.slice(2);
  const [N, axes] = [theta.shape[0] ?? 0, spatial.length];
  if (text(theta.shape) !== text([size[0] ?? 0, axes, axes + 1])) call.fault('theta does not fit the size', text(size), text(theta.shape)); // prettier-ignore
  const isAligned = call.node.int('align_corners', 0) === 1;
  const coordinate = (i: number, length: number) => {
    if (!isAligned) return (2 * i + 1) / length - 1;
    return length > 1 ? (2 * i) / (length - 1) - 1 : -1;
  };
  const strides = stridesOf(spatial);
  const points = sizeOf(spatial);
  const shape = [N, ...spatial, axes];
  const data = zeros(shape).map((_, at) => {
    const [row, p, n] = [at % axes, Math.floor(at / axes) % points, Math.floor(at / (axes * points))];
    const line = (n * axes + row) * (axes + 1);
    return steps(axes, 1).reduce(
      (sum, k) => {
        const axis = axes - 1 - k;
        const i = Math.floor(p / strides[axis]!) % spatial[axis]!;
        return sum + theta.data[line + k]! * coordinate(i, spatial[axis]!);
      },
      theta.data[line + axes]!,
    );
  });
  return call.one(shape, data);
};

export const GRID_SAMPLE: Readonly<Record<string, Rule>> = { GridSample: gridSample, AffineGrid: affineGrid };
