import type { Node } from './graph.ts';

/** Whether two runs of the operator on the same inputs give different results, a training Dropout aside. */
export const isRandom = ({ opType }: Node): boolean => /^(Random|Multinomial|Bernoulli)/.test(opType);
