import type { Certificate, ErrorBound, Fold } from '../fold/report.ts';
import type { FoldJson } from './json.ts';
import { bytesText, countText, numberText } from './quantities.ts';
import { columns, wrap } from './table.ts';
import { safe, styles } from './terminal.ts';

/** What became of every node that vanished, for a person who asks (`--explain`). */
export function explainText(fold: FoldJson): string[] {
  const { dim } = styles(process.stdout, process.env);
  const legend =
    fold.folds.length === 0
      ? []
      : [dim(wrap('error: largest distance of an output from its exact value, for every input, where S = Σ|W||x| is the size of the products that it sums up; κ: by how many standard deviations the shift moves the values, before and after')), '']; // prettier-ignore
  return ['', summary(fold), '', ...legend, ...fold.folds.flatMap(foldLines), ...removedLines(fold)];
}

/** `35 of 35 folded; 181,504 weights and 2,404 biases, 100 % correctly rounded` */
export function summary({ batchNormalizations: { found, folded }, written }: FoldJson): string {
  const total = (role: string) => sumOf(written.filter((each) => each.role === role).map((each) => each.total));
  const parameters = sumOf(written.map((each) => each.total));
  const exact = sumOf(written.map(({ correctlyRounded }) => correctlyRounded));
  const counts = `${countText(total('weight'))} weights and ${countText(total('bias'))} biases`;
  const head = `${countText(folded)} of ${countText(found)} folded`;
  return parameters === 0 ? head : `${head}; ${counts}, ${shareText(exact, parameters)} correctly rounded`;
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);

/** Never rounded up to 100 %. */
function shareText(part: number, whole: number): string {
  return part === whole ? '100 %' : `${(Math.floor((part / whole) * 1e4) / 100).toFixed(2)} %`;
}

function foldLines(fold: Fold): string[] {
  const { name, opType, way, through, into, leaves, certificate } = fold;
  const path = [
    way,
    into.length > 0 ? `into ${into.map(safe).join(', ')}` : '',
    through.length > 0 ? `through ${through.map(safe).join(', ')}` : '',
    leaves === undefined ? '' : `leaves ${leaves}`,
  ].filter(Boolean);
  const title = wrap(`${safe(name)} (${safe(opType)}): ${path.join(', ')}`, { indent: 2 });
  return certificate ? [title, columns(certificateRows(certificate), { indent: 6, wrapLast: true })] : [title];
}

function certificateRows(certificate: Certificate): string[][] {
  const { kappa, bound, boundInRange, growth, parameters, bytesAdded, uncounted, dtype } = certificate;
  const rows: (readonly [string, string | undefined])[] = [
    ['κ', kappa ? `${short(kappa.unfolded)} → ${short(kappa.folded)}` : undefined],
    ['error', `≤ ${boundText(bound.folded)} (unfolded ${boundText(bound.unfolded)}, ${dtype})`],
    ['in range', boundInRange ? `≤ ${short(boundInRange.folded)} (unfolded ${short(boundInRange.unfolded)}) within 8 standard deviations of the mean` : undefined], // prettier-ignore
    ['growth', growth ? `${short(growth.rms)} expected, ${short(growth.worst)} in the worst output` : undefined],
    ['not counted', uncounted.length > 0 ? `what ${uncounted.map(safe).join(', ')} rounds in both` : undefined],
    ['rounded', parameters && `${countText(parameters.correctlyRounded)} of ${countText(parameters.total)} parameters correctly`], // prettier-ignore
    ['size', bytesAdded === 0 ? undefined : `${bytesAdded < 0 ? '−' : '+'}${bytesText(Math.abs(bytesAdded))}`],
  ];
  return rows.flatMap(([what, text]) => (text === undefined ? [] : [[what, text]]));
}

const boundText = ({ perUnit, constant }: ErrorBound): string => `${short(perUnit)}·S + ${short(constant)}`;
const short = (value: number): string => numberText(value, 3);

function removedLines({ removed }: FoldJson): string[] {
  if (removed.length === 0) return [];
  const rows = removed.map(({ name, opType, reason }) => [safe(name), safe(opType), reason]);
  return ['removed:', columns(rows, { indent: 2, wrapLast: true })];
}
