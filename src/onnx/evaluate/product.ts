/**
 * C = A · B for matrices in float64, blocked 4×4: four rows of A against four columns of B are kept in registers.
 * Every element is summed over k in ascending order, so blocking changes no bit. Panels hold four rows of A, or four
 * columns of B, side by side for each k, filled up with zeros.
 */
export const BLOCK = 4;

/** A matrix as it lies in an array: element (row, column) at offset + row · rowStep + column · columnStep. */
export interface Matrix {
  readonly data: Float64Array;
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

export function panelsLength(count: number, K: number): number {
  return Math.ceil(count / BLOCK) * BLOCK * K;
}

/** Panels of four rows. */
export function packRows({ data, offset, rows, columns, rowStep, columnStep }: Matrix): Float64Array {
  const panels = new Float64Array(panelsLength(rows, columns));
  for (let row = 0; row < rows; row++) {
    let to = Math.floor(row / BLOCK) * BLOCK * columns + (row % BLOCK);
    let from = offset + row * rowStep;
    for (let k = 0; k < columns; k++, to += BLOCK, from += columnStep) panels[to] = data[from]!;
  }
  return panels;
}

/** Panels of four columns: the rows of the transposed matrix. */
function packColumns(matrix: Matrix): Float64Array {
  return packRows({
    ...matrix,
    rows: matrix.columns,
    columns: matrix.rows,
    rowStep: matrix.columnStep,
    columnStep: matrix.rowStep,
  });
}

export interface Target {
  readonly data: Float64Array;
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
  readonly rowStep: number;
}

const block = new Float64Array(BLOCK * BLOCK);

/** Writes A · B, both packed, over the target. */
export function multiplyPanels(A: Float64Array, B: Float64Array, K: number, target: Target): void {
  for (let column = 0; column < target.columns; column += BLOCK) {
    for (let row = 0; row < target.rows; row += BLOCK) {
      multiplyBlock(A, row * K, B, column * K, K);
      writeBlock(target, row, column);
    }
  }
}

function writeBlock({ data, offset, rows, columns, rowStep }: Target, row: number, column: number): void {
  const height = Math.min(BLOCK, rows - row);
  const width = Math.min(BLOCK, columns - column);
  for (let r = 0; r < height; r++) {
    const to = offset + (row + r) * rowStep + column;
    for (let c = 0; c < width; c++) data[to + c] = block[r * BLOCK + c]!;
  }
}

function multiplyBlock(A: Float64Array, a: number, B: Float64Array, b: number, K: number): void {
  let c00 = 0, c01 = 0, c02 = 0, c03 = 0, c10 = 0, c11 = 0, c12 = 0, c13 = 0; // prettier-ignore
  let c20 = 0, c21 = 0, c22 = 0, c23 = 0, c30 = 0, c31 = 0, c32 = 0, c33 = 0; // prettier-ignore
  for (const end = a + K * BLOCK; a < end; a += BLOCK, b += BLOCK) {
    const b0 = B[b]!, b1 = B[b + 1]!, b2 = B[b + 2]!, b3 = B[b + 3]!; // prettier-ignore
    const a0 = A[a]!, a1 = A[a + 1]!, a2 = A[a + 2]!, a3 = A[a + 3]!; // prettier-ignore
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c03 += a0 * b3; // prettier-ignore
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c13 += a1 * b3; // prettier-ignore
    c20 += a2 * b0;
    c21 += a2 * b1;
    c22 += a2 * b2;
    c23 += a2 * b3; // prettier-ignore
    c30 += a3 * b0;
    c31 += a3 * b1;
    c32 += a3 * b2;
    c33 += a3 * b3; // prettier-ignore
  }
  block[0] = c00;
  block[1] = c01;
  block[2] = c02;
  block[3] = c03; // prettier-ignore
  block[4] = c10;
  block[5] = c11;
  block[6] = c12;
  block[7] = c13; // prettier-ignore
  block[8] = c20;
  block[9] = c21;
  block[10] = c22;
  block[11] = c23; // prettier-ignore
  block[12] = c30;
  block[13] = c31;
  block[14] = c32;
  block[15] = c33; // prettier-ignore
}

/** Writes A · B over the target, packing B a tile of columns at a time. */
export function multiply(A: Matrix, B: Matrix, target: Target): void {
  const packedA = packRows(A);
  const K = A.columns;
  const tile = tileColumns(K);
  for (let column = 0; column < B.columns; column += tile) {
    const columns = Math.min(tile, B.columns - column);
    const packedB = packColumns({ ...B, offset: B.offset + column * B.columnStep, columns });
    multiplyPanels(packedA, packedB, K, { ...target, offset: target.offset + column, columns });
  }
}

/** Columns whose panels fill about a megabyte. */
export function tileColumns(K: number): number {
  const columns = Math.floor(2 ** 17 / Math.max(K, 1) / BLOCK) * BLOCK;
  return Math.min(Math.max(columns, 4 * BLOCK), 1024);
}
