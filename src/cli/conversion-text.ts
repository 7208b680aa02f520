import { explainText } from './explain-text.ts';
import type { FoldDocument, SourceJson } from './json.ts';
import { parityText } from './parity-text.ts';
import { bytesText, countText, interfaceRows, plural } from './quantities.ts';
import { columns, wrap } from './table.ts';
import { safe, styles } from './terminal.ts';

/** What became of the model, for a person. */
export function conversionText(document: FoldDocument, explains = false): string {
  const { source, model, fold, parity, warnings } = document;
  const { yellow } = styles(process.stdout, process.env);
  const facts = [
    ...(source ? [['source', sourceText(source)]] : []),
    ...interfaceRows(model.inputs, model.outputs),
    ['nodes', [...new Set([model.nodes.before, model.nodes.after])].map(countText).join(' → ')],
    ['folded', foldedText(fold)],
  ];
  return [
    headline(document),
    columns(facts, { indent: 2 }),
    ...(explains && fold ? explainText(fold) : []),
    ...keptText(fold),
    parityText(parity),
    ...warnings.map((warning) => yellow(wrap(`warning: ${safe(warning)}`))),
  ].join('\n');
}

function headline({ written, model, parity }: FoldDocument): string {
  const { bold, red } = styles(process.stdout, process.env);
  if (written !== null) return bold(`${safe(written)}  ${bytesText(model.sizeBytes)}, opset ${model.opset}`);
  if (parity.verdict === 'fail')
    return red('No file was written: the comparison failed. --no-verify writes it all the same.');
  return red('No file was written: nothing could be compared. --no-verify writes it unproven.');
}

/** `keras-h5, Keras 2.4.0`; TF.js names itself in its version. */
export function sourceText({ format, kerasVersion }: Pick<SourceJson, 'format' | 'kerasVersion'>): string {
  if (kerasVersion === '') return format;
  return `${format}, ${/^\d/.test(kerasVersion) ? 'Keras ' : ''}${safe(kerasVersion)}`;
}

function foldedText(fold: FoldDocument['fold']): string {
  if (!fold) return 'nothing (--no-fold)';
  const { found, folded } = fold.batchNormalizations;
  const others = fold.folds.filter(({ opType }) => opType !== 'BatchNormalization').length;
  const adds = fold.folds.filter(({ leaves }) => leaves === 'Add').length;
  const subs = fold.folds.filter(({ leaves }) => leaves === 'Sub').length;
  const more = `${adds > 0 ? ` (of ${countText(adds)} the shift stays, as an Add)` : ''}${subs > 0 ? ` (of ${countText(subs)} the mean is still subtracted, which keeps the accuracy)` : ''}${others > 0 ? `, ${plural(others, 'other node')}` : ''}`;
  if (found === 0) return `no BatchNormalization found${more}`;
  return `${countText(folded)} of ${plural(found, 'BatchNormalization')}${more}`;
}

function keptText(fold: FoldDocument['fold']): string[] {
  const kept = fold?.batchNormalizations.kept ?? [];
  if (kept.length === 0) return [];
  const rows = kept.map(({ name, reason }) => [safe(name), safe(reason)]);
  return ['kept:', columns(rows, { indent: 2, wrapLast: true })];
}
