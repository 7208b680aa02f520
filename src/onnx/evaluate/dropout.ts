import { type Rule } from './call.ts';

/** Nothing is dropped at inference; the mask is all ones, bool since opset 10. */
const dropout: Rule = (call) => {
  const x = call.input(0);
  const isTraining = call.opset < 7 ? call.node.int('is_test', 0) === 0 && call.node.outputs[1] !== undefined : call.scalar(2, 0) !== 0; // prettier-ignore
  const ratio = call.opset < 12 ? call.node.float('ratio', 0.5) : call.scalar(1, 0.5);
  if (isTraining && ratio !== 0) call.unsupported('random numbers are not evaluated');
  const mask = new Float64Array(x.data.length).fill(1);
  return [x, { dtype: call.opset < 10 ? x.dtype : 'bool', shape: x.shape, data: mask }];
};

export const DROPOUT: Readonly<Record<string, Rule>> = { Dropout: dropout };
