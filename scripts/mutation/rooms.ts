/** Which tests are asked, by the folder below src/. */
export const ROOMS: Readonly<
  Record<
    string,
    { readonly tests: readonly string[]; readonly without: readonly string[]; readonly also?: readonly string[] }
  >
> = {
  fold: { tests: ['fold'], without: ['cost.test.ts', 'planted-defects.test.ts', 'random-graphs.test.ts'], also: ['scripts/mutation/random-graphs.ts'] }, // prettier-ignore
  onnx: { tests: ['onnx'], without: ['evaluate/corpus.test.ts', 'runtime.test.ts'], also: ['test/fold/fold-functions.test.ts', 'test/fold/overridable.test.ts', 'test/runtime/threads.test.ts'] }, // prettier-ignore
  'export/read': { tests: ['export/read'], without: ['faulted.test.ts', 'tfjs-saved.test.ts'] },
};
