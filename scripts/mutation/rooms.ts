/** Which tests are asked, by the folder below src/. */
export const ROOMS: Readonly<
  Record<string, { readonly tests: readonly string[]; readonly without: readonly string[] }>
> = {
  fold: { tests: ['fold'], without: ['cost.test.ts', 'corpus.test.ts', 'planted-defects.test.ts', 'random-graphs.test.ts', 'metamorphic.test.ts', 'order.test.ts'] }, // prettier-ignore
  onnx: { tests: ['onnx'], without: ['evaluate/corpus.test.ts', 'runtime.test.ts'] },
  'export/read': { tests: ['export/read'], without: ['faulted.test.ts', 'tfjs-saved.test.ts'] },
};
