import type {
  BatchNormalizationJson,
  FateJson,
  InspectDocument,
  ParametersJson,
  PartJson,
  VariableJson,
} from '../json.ts';
import { sourceText } from '../conversion-text.ts';
import { bytesText, countText, numberText, plural, shapeText, interfaceRows } from '../quantities.ts';
import { columns, table, wrap } from '../table.ts';
import { safe, styles } from '../terminal.ts';

/** Nodes of an ONNX graph beyond which only a count by operator is shown. */
const LISTED_NODES = 60;

export function inspectText(document: InspectDocument): string {
  const { bold, red, yellow } = styles(process.stdout, process.env);
  const { path, format, version, sizeBytes, inputs, outputs, obstacle, warnings } = document;
  const facts = [
    ['format', format === 'onnx' ? `${format}, ${safe(version)}` : sourceText({ format, kerasVersion: version })],
    ['size', bytesText(sizeBytes)],
    ...interfaceRows(inputs ?? [], outputs ?? []),
    ['parameters', parametersText(document.parameters)],
  ];
  return [
    bold(safe(path)),
    columns(facts, { indent: 2 }),
    '',
    partsText(document),
    ...batchNormalizationsText(document.batchNormalizations),
    ...(obstacle
      ? ['', red(wrap(`It cannot be ${format === 'onnx' ? 'folded' : 'exported'}: ${safe(obstacle.message)}`))]
      : []),
    ...warnings.map((warning) => yellow(wrap(`warning: ${safe(warning)}`))),
  ].join('\n');
}

function parametersText({ total, trainable, nonTrainable }: ParametersJson): string {
  if (trainable === null || nonTrainable === null) return countText(total);
  return `${countText(total)}, of them ${countText(trainable)} trainable and ${countText(nonTrainable)} not`;
}

function partsText({ format, parts, batchNormalizations }: InspectDocument): string {
  const isGraph = format === 'onnx' || format === 'tfjs-graph';
  if (isGraph && parts.length > LISTED_NODES)
    return `${operatorTable(parts)}\n--json lists all ${plural(parts.length, 'node')}`;
  const fates = new Map(batchNormalizations.map(({ name, fate }) => [name, fate]));
  const heading = [
    isGraph ? 'node' : 'layer',
    'type',
    'output',
    'parameters',
    ...(format === 'onnx' ? [] : ['becomes']),
  ];
  const rows = parts.map((part) => [
    safe(part.name),
    safe(part.type),
    part.outputShapes.map(shapeText).join(' '),
    part.parameters.total === 0 ? '' : countText(part.parameters.total),
    ...(format === 'onnx' ? [] : [becomesText(part, fates.get(part.name))]),
  ]);
  return table(heading, rows, { right: [3] });
}

/** Operators in order, or where a BatchNormalization has gone. */
function becomesText({ nodes }: PartJson, fates: readonly FateJson[] = []): string {
  const into = fates.flatMap((fate) => (fate.outcome === 'folded' ? fate.into : []));
  const folded = into.length > 0 ? [`→ ${into.map(safe).join(', ')}`] : [];
  return [...(nodes ?? []).map(({ opType }) => opType), ...folded].join(' ');
}

function operatorTable(parts: readonly PartJson[]): string {
  const counts = new Map<string, { nodes: number; parameters: number }>();
  for (const { type, parameters } of parts) {
    const sum = counts.get(type) ?? { nodes: 0, parameters: 0 };
    counts.set(type, { nodes: sum.nodes + 1, parameters: sum.parameters + parameters.total });
  }
  const rows = [...counts]
    .sort(([, a], [, b]) => b.nodes - a.nodes)
    .map(([type, sum]) => [safe(type), countText(sum.nodes), countText(sum.parameters)]);
  return table(['operator', 'nodes', 'parameters'], rows, { right: [1, 2] });
}

function batchNormalizationsText(all: readonly BatchNormalizationJson[]): string[] {
  if (all.length === 0) return [];
  const { bold } = styles(process.stdout, process.env);
  return ['', bold(plural(all.length, 'BatchNormalization')), ...all.map(batchNormalizationText)];
}

function batchNormalizationText({ name, epsilon, momentum, axis, variables, fate }: BatchNormalizationJson): string {
  const settings = `axis ${axis.join(', ')}, epsilon ${numberText(epsilon)}, momentum ${numberText(momentum)}`;
  return [
    `  ${safe(name)}  ${settings}`,
    ...fate.map((each) => wrap(`→ ${fateText(each)}`, { indent: 4 })),
    columns(variables.map(variableCells), { indent: 6 }),
  ].join('\n');
}

function variableCells({ role, name, path, shape, trainable }: VariableJson): string[] {
  if (name === null) return [role, `none (${role === 'gamma' || role === 'variance' ? '1' : '0'} everywhere)`];
  const state = trainable === null ? '' : trainable ? 'trainable' : 'not trainable';
  // Keras 3 files hold variables by number, so their names stand beside the path.
  return [path === name ? role : safe(name), safe(path ?? name), shapeText(shape), state];
}

function fateText(fate: FateJson): string {
  if (fate.outcome === 'folded') {
    const left = fate.leaves ? `; its shift stays, as an ${fate.leaves}` : '';
    return `folded ${fate.direction} into ${fate.into.map(safe).join(', ')}${left}`;
  }
  return fate.outcome === 'kept' ? `kept: ${safe(fate.reason)}` : `unknown: ${safe(fate.reason)}`;
}
