/** A slip of one line, as it has been made elsewhere or could be made here. */
export interface Defect {
  /** What goes wrong, and who had it. */
  readonly name: string;
  readonly file: string;
  /** A text that is in the file once. */
  readonly from: string;
  readonly to: string;
}

export const DEFECTS: readonly Defect[] = [
  {
    name: 'a grouped ConvTranspose numbers its output channels as a plain one does (coremltools)',
    file: 'src/fold/rules/conv-transpose.ts',
    from: 'Math.floor(c / (C / group)) * perGroup + j',
    to: 'j * group + Math.floor(c / (C / group))',
  },
  {
    name: 'Gemm keeps its beta although it is in the bias by now (onnxscript #3027)',
    file: 'src/fold/rules/gemm.ts',
    from: "if (bias && attributes.has('beta')) attributes.set('beta', float(1));",
    to: '',
  },
  {
    name: 'a MaxPool lets negative scales through (TVM #2340)',
    file: 'src/fold/rules/max-pool.ts',
    from: 'if (!affine.scale.every(isNotNegative))',
    to: 'if (affine.scale.length === 0)',
  },
];
