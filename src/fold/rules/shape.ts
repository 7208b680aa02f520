import { push, type Rule } from './rule.ts';

/**
 * Shape and Size read how large a tensor is and none of its elements, so an affine of their input asks nothing of
 * their output, and they may go on reading a value that changes.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Shape.html, https://onnx.ai/onnx/operators/onnx__Size.html
 */
const readsNoElements = (opType: string): Rule => ({ opType, forward: () => push(), ignoresElements: true });

export const shape = readsNoElements('Shape');
export const size = readsNoElements('Size');
