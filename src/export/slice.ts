import type { Dim } from '../tensor.ts';
import type { GraphWriter } from './graph-writer.ts';
import { physicalAxis, physicalShape, type Handle } from './layout.ts';

/** A part of one axis of the Keras tensor. A negative `end` counts from the end. */
export interface Cut {
  readonly axis: number;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** Default 1. */
  readonly step?: number;
  readonly size: Dim;
}

/** The end of an axis of any size. */
export const TO_THE_END = Number.MAX_SAFE_INTEGER;

/** A part of `x`, which must not be reordered along the axes that are cut. */
export function slice(graph: GraphWriter, x: Handle, cuts: readonly Cut[], suffix?: string): Handle {
  const shape = x.shape.map((dim, axis) => cuts.find((cut) => cut.axis === axis)?.size ?? dim);
  const integers = (name: string, values: readonly number[]) =>
    graph.integers(suffix === undefined ? name : `${suffix}_${name}`, values);
  const inputs = [
    x.value,
    integers(
      'starts',
      cuts.map(({ start }) => start),
    ),
    integers(
      'ends',
      cuts.map(({ end }) => end),
    ),
    integers(
      'axes',
      cuts.map(({ axis }) => physicalAxis(x, axis)),
    ),
    ...(cuts.every(({ step = 1 }) => step === 1)
      ? []
      : [
          integers(
            'steps',
            cuts.map(({ step = 1 }) => step),
          ),
        ]),
  ];
  const output = {
    shape: physicalShape(shape, x.layout),
    dtype: x.value.dtype,
    ...(suffix === undefined ? {} : { suffix }),
  };
  return graph.handle(graph.node('Slice', inputs, output), shape, x.layout);
}
