import { fill, h } from '../dom.ts';
import type { OpenedModel } from '../studio/protocol.ts';

/** Both graphs side by side; each can be scrolled on its own. */
export function graphs(section: HTMLElement, { drawings, fold }: OpenedModel): void {
  fill(
    section,
    h('p', { class: 'soft' }, 'Dashed: gone. Blue: other weights than before. Green: new.'),
    h(
      'div',
      { class: 'columns' },
      drawing(`Before: ${fold.nodes.before} nodes`, drawings.before),
      drawing(`After: ${fold.nodes.after} nodes`, drawings.after),
    ),
  );
}

function drawing(title: string, markup: string): HTMLElement {
  const box = h('div', { class: 'wide tall', tabindex: 0, role: 'region', 'aria-label': title });
  box.innerHTML = markup;
  return h('div', {}, h('h3', {}, title), box);
}
