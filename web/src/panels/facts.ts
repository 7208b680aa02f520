import { fill, h } from '../dom.ts';
import { bytes, duration } from '../numbers.ts';
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
      fact('BatchNormalizations folded', found === 0 ? 'none there' : `${folded} of ${found}`, found === folded ? 'all that there are' : `${found - folded} kept, with reasons`), // prettier-ignore
      fact('Nodes', `${before} → ${after}`, `${fold.folds.length} folds`),
      fact('Size', bytes(sizeBytes.folded), `unfolded ${bytes(sizeBytes.unfolded)}, file ${bytes(sizeBytes.source)}`),
      fact('Read and folded in', duration(ms.read + ms.fold), `folding ${duration(ms.fold)}`),
    ),
    warnings.length > 0 && h('ul', { class: 'warnings' }, ...warnings.map((warning) => h('li', {}, warning))),
  );
}

const fact = (what: string, value: string, more: string) =>
  h('div', {}, h('dt', {}, what), h('dd', {}, h('strong', {}, value), h('span', { class: 'soft' }, more)));
