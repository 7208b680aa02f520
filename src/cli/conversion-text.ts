import type { FoldDocument } from './json.ts';
import { parityText } from './parity-text.ts';
import { bytesText, countText, plural, specText } from './quantities.ts';
import { columns, wrap } from './table.ts';
import { safe, styles } from './terminal.ts';

/** What became of the model, for a person. */
export function conversionText(document: FoldDocument): string {
  const { source, model, fold, parity, warnings, written } = document;
  const { bold, red, yellow } = styles(process.stdout, process.env);
  const facts: string[][] = [];
  if (source)
    facts.push([
      'source',
      `${safe(source.path)}  ${source.format}${source.kerasVersion ? `, Keras ${safe(source.kerasVersion)}` : ''}`,
    ]);
  for (const spec of model.inputs) facts.push(['input', specText(spec).join('  ')]);
  for (const spec of model.outputs) facts.push(['output', specText(spec).join('  ')]);
  facts.push([
    'nodes',
    model.nodes.before === model.nodes.after
      ? countText(model.nodes.after)
      : `${countText(model.nodes.before)} → ${countText(model.nodes.after)}`,
  ]);
  facts.push(['folded', foldedText(fold)]);
  const head = written
    ? bold(`${safe(written)}  ${bytesText(model.sizeBytes)}, opset ${model.opset}`)
    : red('No file was written: the folded model is not proven equal.');
  return [
    head,
    columns(facts, { indent: 2 }),
    ...keptText(fold),
    parityText(parity),
    ...warnings.map((warning) => yellow(wrap(`warning: ${safe(warning)}`))),
  ].join('\n');
}

function foldedText(fold: FoldDocument['fold']): string {
  if (!fold) return 'nothing (--no-fold)';
  const { found, folded } = fold.batchNormalizations;
  const others = fold.folds.length - folded;
  const more = others > 0 ? `, ${plural(others, 'other node')}` : '';
  return found === 0
    ? `no BatchNormalization found${more}`
    : `${countText(folded)} of ${plural(found, 'BatchNormalization')}${more}`;
}

function keptText(fold: FoldDocument['fold']): string[] {
  const kept = fold?.batchNormalizations.kept ?? [];
  if (kept.length === 0) return [];
  return [
    'kept:',
    columns(
      kept.map(({ name, reason }) => [safe(name), safe(reason)]),
      { indent: 2, wrapLast: true },
    ),
  ];
}
