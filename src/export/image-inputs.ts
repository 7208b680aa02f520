import { refsIn } from './call-order.ts';
import type { SourceCall, SourceLayer, SourceModel, TensorRef } from './source-model.ts';

export type DataFormat = 'channels_last' | 'channels_first';

/** Layers behind which the axes are no longer those of the image. */
const ENDS_IMAGE = /^(Reshape|Permute|RepeatVector|TimeDistributed|Transpose|Flatten|.*(LSTM|GRU|RNN)(1D|2D|3D)?)$/;

/**
 * How the layers that read an input of the model see its axes: `channels_last` or `channels_first` for an image, by
 * the first layer for images that it reaches; `undefined` where it reaches none, so that it is no image.
 */
export function imageFormat(model: SourceModel, input: TensorRef): DataFormat | undefined {
  const seen = new Set<string>();
  const pending: TensorRef[] = [input];
  for (let ref = pending.shift(); ref; ref = pending.shift()) {
    for (const { layer, call, position } of readersOf(model, ref)) {
      const key = `${call}:${layer.name}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const format = formatOf(layer) ?? formatInside(layer, position);
      if (format) return format;
      if (!ENDS_IMAGE.test(layer.className)) pending.push({ layer: layer.name, call, tensor: 0 });
    }
  }
  return undefined;
}

function formatOf({ className, config }: SourceLayer): DataFormat | undefined {
  if (config.data_format === 'channels_first' || config.data_format === 'channels_last') return config.data_format;
  return className.endsWith('2D') ? 'channels_last' : undefined;
}

/** Models used as layers; what a wrapper wraps has no inputs of its own. */
function formatInside({ model }: SourceLayer, position: number): DataFormat | undefined {
  const input = model?.inputs[position];
  return input && imageFormat(model, input);
}

interface Reader {
  readonly layer: SourceLayer;
  readonly call: number;
  /** Among the tensors that the call reads. */
  readonly position: number;
}

function readersOf({ layers }: SourceModel, ref: TensorRef): Reader[] {
  return layers.flatMap((layer) =>
    layer.calls.flatMap((written, call) => {
      const position = tensorsOf(written).findIndex((read) => isSame(read, ref));
      return position < 0 ? [] : [{ layer, call, position }];
    }),
  );
}

const tensorsOf = ({ args, kwargs }: SourceCall) => [...args, ...Object.values(kwargs)].flatMap(refsIn);

function isSame(a: TensorRef, b: TensorRef): boolean {
  return a.layer === b.layer && a.call === b.call && a.tensor === b.tensor;
}
