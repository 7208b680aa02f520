import type { Dim } from '../../tensor.ts';
import type { ValueType } from '../graph.ts';
import { broadcast, dimOf, isPermutation, normalAxis, productOf, quotient, sliceOf } from './dims.ts';
import type { Operands, ShapeRule } from './types.ts';

const typed = (x: Operands, shape: readonly Dim[] | undefined): ValueType[] => [{ dtype: x.dtype(0), shape }];

/** 0 copies the input's dimension (unless `allowzero`), −1 is what is left over. */
export const reshape: ShapeRule = (x) => {
  const target = x.node.ints('shape') ?? x.content(1);
  const source = x.shape(0);
  const copies = x.node.int('allowzero', 0) === 0;
  const shape = target?.map((dim, axis) => (dim === 0 && copies ? (source?.[axis] ?? '') : dim));
  const open = shape?.indexOf(-1) ?? -1;
  if (shape && open >= 0) shape[open] = source ? leftOver(source, shape.toSpliced(open, 1)) : '';
  return typed(x, shape);
};

function leftOver(source: readonly Dim[], others: readonly Dim[]): Dim {
  const [all, known] = [productOf(source), productOf(others)];
  return all && known && known.factor !== 0 ? dimOf(quotient(all, known)) : '';
}

export const flatten: ShapeRule = (x) => {
  const source = x.shape(0);
  const axis = x.node.int('axis', 1);
  if (!source || Math.abs(axis) > source.length) return typed(x, undefined);
  const at = axis < 0 ? axis + source.length : axis;
  return typed(x, [dimOf(productOf(source.slice(0, at))), dimOf(productOf(source.slice(at)))]);
};

export const transpose: ShapeRule = (x) => {
  const source = x.shape(0);
  const permutation = x.node.ints('perm') ?? source?.map((_, axis) => source.length - 1 - axis);
  const isSound = permutation && isPermutation(permutation, source?.length);
  return typed(x, source && isSound ? permutation.map((axis) => source[axis]!) : undefined);
};

export const squeeze: ShapeRule = (x) => {
  const source = x.shape(0);
  const axes = x.ints('axes', 1);
  if (!source || (axes === undefined && x.has(1))) return typed(x, undefined);
  if (axes === undefined && source.some((dim) => typeof dim === 'string')) return typed(x, undefined);
  const gone = axes?.map((axis) => normalAxis(axis, source.length));
  return typed(x, source.filter((dim, axis) => (gone ? !gone.includes(axis) : dim !== 1))); // prettier-ignore
};

export const unsqueeze: ShapeRule = (x) => {
  const source = x.shape(0);
  const axes = x.ints('axes', 1);
  if (!source || !axes) return typed(x, undefined);
  const rank = source.length + axes.length;
  const fresh = axes.map((axis) => normalAxis(axis, rank));
  let from = 0;
  return typed(
    x,
    Array.from({ length: rank }, (_, axis) => (fresh.includes(axis) ? 1 : (source[from++] ?? ''))),
  );
};

export const concat: ShapeRule = (x) => {
  const shapes = x.node.inputs.map((_, index) => x.shape(index));
  const [first] = shapes;
  const axis = first && normalAxis(x.node.int('axis', 1), first.length);
  if (axis === undefined || !shapes.every((shape) => shape?.length === first?.length)) return typed(x, undefined);
  const parts = shapes.map((shape) => shape![axis]!);
  const sum = parts.every((part) => typeof part === 'number') ? parts.reduce((a, b) => a + b, 0) : '';
  return typed(x, first!.map((dim, a) => (a === axis ? sum : (shapes.find((s) => typeof s![a] === 'number')?.[a] ?? dim)))); // prettier-ignore
};

export const split: ShapeRule = (x) => {
  const source = x.shape(0);
  const axis = source && normalAxis(x.node.int('axis', 0), source.length);
  const sizes = x.ints('split', 1);
  return x.node.outputs.map((_, part) => ({
    dtype: x.dtype(0),
    shape: source?.map((dim, a) => (a === axis ? (sizes?.[part] ?? evenPart(dim, x, part)) : dim)),
  }));
};

/** Without sizes all parts are equal, the last one smaller if it does not come out even (opset 18). */
function evenPart(size: Dim, x: Operands, part: number): Dim {
  if (typeof size !== 'number' || x.has(1)) return '';
  const parts = x.node.outputs.length;
  const each = Math.ceil(size / parts);
  return part < parts - 1 ? each : size - each * (parts - 1);
}

export const slice: ShapeRule = (x) => {
  const source = x.shape(0);
  const [starts, ends] = [x.ints('starts', 1), x.ints('ends', 2)];
  if (!source || !starts || !ends)
    return typed(
      x,
      source?.map(() => ''),
    );
  const given = x.ints('axes', 3);
  if (!given && x.has(3)) return typed(x, source.map(() => '')); // prettier-ignore
  const axes = (given ?? starts.map((_, axis) => axis)).map((axis) => normalAxis(axis, source.length));
  const steps = x.has(4) ? x.numbers(4) : starts.map(() => 1);
  return typed(x, source.map((size, axis) => {
      const at = axes.indexOf(axis);
      return at < 0 ? size : sliceSize(size, starts[at]!, ends[at]!, steps?.[at]);
    })); // prettier-ignore
};

function sliceSize(size: Dim, start: number, end: number, step: number | undefined): Dim {
  return typeof size === 'number' && step ? sliceOf(size, start, end, step).count : '';
}

export const gather: ShapeRule = (x) => {
  const [source, indices] = [x.shape(0), x.shape(1)];
  const axis = source && normalAxis(x.node.int('axis', 0), source.length);
  if (axis === undefined || !indices) return typed(x, undefined);
  return typed(x, [...source!.slice(0, axis), ...indices, ...source!.slice(axis + 1)]);
};

/** Pads of all axes, beginnings first; since opset 18 possibly of some axes only. */
export const pad: ShapeRule = (x) => {
  const source = x.shape(0);
  const pads = x.node.ints('pads') ?? x.node.ints('paddings') ?? x.numbers(1);
  if (!source || !pads || x.has(3))
    return typed(
      x,
      source?.map(() => ''),
    );
  const size = (dim: Dim, axis: number) =>
    typeof dim === 'number' ? dim + (pads[axis] ?? 0) + (pads[axis + source.length] ?? 0) : '';
  return typed(
    x,
    source.map((dim, axis) => (pads[axis] || pads[axis + source.length] ? size(dim, axis) : dim)),
  );
};

export const expand: ShapeRule = (x) => {
  const [source, target] = [x.shape(0), x.content(1)];
  return typed(x, source && target && broadcast(source, target));
};

export const tile: ShapeRule = (x) => {
  const repeats = x.numbers(1);
  return typed(x, x.shape(0)?.map((dim, axis) => {
      const times = repeats?.[axis];
      if (times === 1) return dim;
      return typeof dim === 'number' && times !== undefined ? dim * times : '';
    })); // prettier-ignore
};

export const constantOfShape: ShapeRule = (x) => {
  const value = x.node.attributes.get('value');
  return [{ dtype: value?.kind === 'tensor' ? value.value.dtype : 'float32', shape: x.content(0) }];
};

/** Resize since opset 10 and Upsample: sizes given, or ⌊in · scale⌋. */
export const resize: ShapeRule = (x) => {
  const source = x.shape(0);
  const [scalesAt, sizesAt] = x.node.opType === 'Upsample' || x.opset < 11 ? [1, 3] : [2, 3];
  const plain = !x.node.attributes.has('axes') && x.node.string('keep_aspect_ratio_policy', 'stretch') === 'stretch';
  const crops = x.node.string('coordinate_transformation_mode', '') === 'tf_crop_and_resize';
  const unknown = typed(x, source?.map(() => '')); // prettier-ignore
  if (!plain || crops) return unknown;
  const sizes = x.numbers(sizesAt);
  if (sizes?.length) return typed(x, sizes);
  const scales = x.node.opType === 'Upsample' && x.opset < 9 ? upsampleScales(x) : x.numbers(scalesAt);
  if (!source || scales?.length !== source.length) return unknown;
  return typed(x, source.map((dim, axis) => scaled(dim, scales[axis]!))); // prettier-ignore
};

const scaled = (dim: Dim, scale: number): Dim => {
  if (scale === 1) return dim;
  return typeof dim === 'number' ? Math.floor(dim * scale) : '';
};

function upsampleScales(x: Operands): readonly number[] | undefined {
  const scales = x.node.attributes.get('scales');
  return scales?.kind === 'floats' ? scales.value : undefined;
}

export const depthToSpace: ShapeRule = (x) =>
  typed(
    x,
    blocked(x, (block) => [1 / (block * block), block, block]),
  );
export const spaceToDepth: ShapeRule = (x) =>
  typed(
    x,
    blocked(x, (block) => [block * block, 1 / block, 1 / block]),
  );

function blocked(x: Operands, factors: (block: number) => readonly number[]): Dim[] | undefined {
  const source = x.shape(0);
  if (source?.length !== 4) return undefined;
  const [, ...factor] = [1, ...factors(x.node.int('blocksize', 1))];
  return source.map((dim, axis) => {
    if (axis === 0) return dim;
    return typeof dim === 'number' ? Math.floor(dim * factor[axis - 1]! + 1e-9) : '';
  });
}
