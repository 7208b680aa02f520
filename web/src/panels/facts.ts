import { fill, h } from '../dom.ts';
import { bytes, duration, plural } from '../numbers.ts';
import type { OpenedModel } from '../studio/protocol.ts';

/** What there is to know at a glance. */
export function facts(section: HTMLElement, { name, format, fold, sizeBytes, ms, warnings }: OpenedModel): void {
  const { found, folded } = fold.batchNormalizations;
  const { before, after } = fold.nodes;
  fill(
    section,
    h(
      'dl',
      { class: 'facts' },
      fact('Model', name, format),
      fact('BatchNormalizations folded', found === 0 ? 'none' : `${folded} of ${found}`, foundText(found, folded)), // prettier-ignore
      fact('Nodes', `${before} → ${after}`, plural(fold.folds.length, 'fold')),
      fact('Size', bytes(sizeBytes.folded), `unfolded ${bytes(sizeBytes.unfolded)}, file ${bytes(sizeBytes.source)}`),
      fact('Read and folded in', duration(ms.read + ms.fold), `folding ${duration(ms.fold)}`),
    ),
    warnings.length > 0 && h('ul', { class: 'warnings' }, ...warnings.map((warning) => h('li', {}, warning))),
  );
}

function foundText(found: number, folded: number): string {
  if (found === 0) return 'this model has none';
  return found === folded ? 'all that there are' : `${found - folded} kept, with reasons`;
}

const fact = (what: string, value: string, more: string) =>
  h('div', {}, h('dt', {}, what), h('dd', {}, h('strong', {}, value), h('span', { class: 'soft' }, more)));
