import { string, type Attribute } from '../onnx/attribute.ts';

/** Attributes of a bilinear ONNX Resize; `corners` samples at o·scale, else at (o + ½)·scale − ½. */
export function bilinear(corners = false): Record<string, Attribute> {
  return {
    mode: string('linear'),
    coordinate_transformation_mode: string(corners ? 'asymmetric' : 'half_pixel'),
  };
}
