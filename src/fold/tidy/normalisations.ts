import type { Node, Value } from '../../onnx/graph.ts';
import { isStandard } from '../../onnx/shapes/infer.ts';
import { affine as affineOf, isIdentity, MOST_ENTRIES, stretch, zip, type Affine } from '../algebra/affine.ts';
import { entriesOf } from '../lift/constants.ts';
import { add, exact, multiply, ZERO } from '../algebra/double-double.ts';
import { certify } from '../accuracy/certificate.ts';
import type { Refusal } from '../facts.ts';
import { unlessCorrupt } from '../lift/lift.ts';
import { changesBias, NO_EDIT } from '../algebra/linear.ts';
import { writeOperands } from '../plan/operands.ts';
import { planForward, type Plan, type Site } from '../plan/plan.ts';
import type { Fold } from '../report.ts';
import { isStorage, roundAll, type Storage } from '../algebra/rounding.ts';
import { ruleOf } from '../rules/index.ts';
import { ownAffineOf, widened } from '../rules/normalization.ts';
import type { Workspace } from '../workspace.ts';

const NORMALISATIONS: ReadonlySet<string> = new Set([
  'GroupNormalization',
  'InstanceNormalization',
  'LayerNormalization',
  'RMSNormalization',
  'SimplifiedLayerNormalization',
]);

/**
 * The affine at the end of a LayerNormalization and its kin goes into the weights behind it, if every reader takes it
 * in and none needs another node for it:
 *
 *   gamma · norm(x) + beta, read by W · y + b:   W′ = W · gamma     b′ = b + W · beta     gamma = 1, beta = 0
 *
 * The node stays and only normalises. Its scale is then the same for all nodes of one size, and its bias is left out
 * where the operator lets it be.
 */
export function foldNormalisations(work: Workspace): Fold[] {
  const nodes = work.graph.nodes.filter((node) => NORMALISATIONS.has(node.opType) && isStandard(node, work.graph));
  return nodes.flatMap((node) => foldOwn(node, work) ?? []);
}

function foldOwn(node: Node, work: Workspace): Fold | undefined {
  const affine = unlessCorrupt(node, () => pendingAffine(node, work));
  const [input, output] = [node.inputs[0], node.outputs[0]];
  if (affine.kind === 'refuse' || !input || !output || isIdentity(affine)) return undefined;
  const { dtype } = affine;
  const plan = planForward({ kind: 'site', node, affine, dtype, input, output } satisfies Site, work);
  if (plan.kind === 'refuse' || !isFree(plan, work)) return undefined;
  const fold: Fold = {
    name: node.name || output.name,
    opType: node.opType,
    direction: 'forward',
    way: 'forward',
    through: plan.through.map(({ label }) => label),
    into: [...plan.edits.keys()].map(({ label }) => label),
    certificate: certify(plan, work),
  };
  commitOwn(plan, work);
  return fold;
}

type Own = Affine & { readonly kind: 'affine'; readonly dtype: Storage };

/** gamma and beta with all that the node has yet to absorb. */
function pendingAffine(node: Node, work: Workspace): Own | Refusal {
  const own = ownAffineOf(node, work.facts);
  if (own.kind === 'refuse') return own;
  const { linear, axis, copies } = own;
  const { weight, bias, outputs } = linear;
  const { dtype } = weight;
  if (copies === undefined || outputs * copies > MOST_ENTRIES || !isStorage(dtype))
    return { kind: 'refuse', reason: `${node.label} has parameters of an unknown length or dtype` };
  const { outScale, shift } = work.edit(node)?.edit ?? NO_EDIT;
  const beta = bias ? entriesOf(bias) : [ZERO];
  const scale = zip(entriesOf(weight), outScale, multiply);
  const narrow = affineOf(axis, scale, zip(zip(beta, outScale, multiply), shift, add));
  return { ...widened(narrow, outputs, copies), kind: 'affine', dtype };
}

/** Whether no reader needs another node or a copy of weights that others read. */
function isFree(plan: Plan, work: Workspace): boolean {
  return [...plan.edits].every(([node, { linear, edit }]) => {
    if (linear.rows > 0 && (node.inputs[linear.weightInput ?? 1]?.uses.size ?? 2) > 1) return false;
    const needsBias = changesBias(edit, linear) && !changesBias(work.edit(node)?.edit ?? NO_EDIT, linear);
    return !needsBias || (ruleOf(node, work.graph)?.biasNodes ?? 0) === 0 || hasShiftBehind(node, work);
  });
}

/** Whether an Add of its own follows, into which the new bias goes. */
function hasShiftBehind({ outputs: [y] }: Node, work: Workspace): boolean {
  const [use] = y?.uses ?? [];
  if (!use || y?.uses.size !== 1 || work.graph.isOutput(y) || !work.owns(use.node)) return false;
  const lifted = work.lifted(use.node);
  return lifted.kind === 'affine' && lifted.affine.axis === work.facts.lastAxis(y);
}

function commitOwn({ site, edits, vanishing, crossed, operands }: Plan, work: Workspace): void {
  writeOperands(operands, work);
  edits.forEach((edit, node) => work.edits.set(node, edit));
  for (const node of vanishing) {
    const lifted = work.lifted(node);
    const x = lifted.kind === 'affine' ? node.inputs[lifted.input] : undefined;
    if (x) work.bypass(node, x);
  }
  const [x, gamma, beta] = site.node.inputs;
  const neutral = (value: Value, entry: number) => {
    const length = work.facts.constant(value)?.shape[0] ?? 0;
    const data = roundAll(site.dtype, stretch([exact(entry)], length));
    return work.constant(`${value.name}_${entry === 1 ? 'one' : 'zero'}`, { dtype: site.dtype, shape: [length], data });
  };
  const needsBeta = beta && site.node.opType !== 'LayerNormalization';
  work.edits.delete(site.node);
  work.replace(site.node, { inputs: [x, neutral(gamma!, 1), needsBeta ? neutral(beta, 0) : undefined] });
  for (const value of [site.output, ...crossed]) if (value.producer && work.owns(value.producer)) work.renew(value);
}
