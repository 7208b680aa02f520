import { EdgefoldError } from '../../errors.ts';
import type { TensorSpec } from '../../runtime/model.ts';
import { fitPicture } from './fit-picture.ts';
import { fitTensor, type FitOptions, type FittedInput } from './fit-tensor.ts';
import type { InputContent } from './input-file.ts';

/** Fits whatever a file holds to one input of the model. @throws {EdgefoldError} INPUT. */
export function fitInput(content: InputContent, spec: TensorSpec, options: FitOptions): FittedInput {
  if (content.kind === 'picture') return fitPicture(content.picture, spec, options);
  if (content.kind === 'tensor') return fitTensor(content, spec, options);
  const tensor = content.tensors.get(spec.name);
  if (tensor) return fitTensor({ tensor }, spec, options);
  throw new EdgefoldError('INPUT', 'the file holds no values for this input', {
    where: `input ${spec.name}`,
    received: [...content.tensors.keys()].join(', ') || 'nothing',
  });
}
