import { fill, h } from '../dom.ts';
import type { OpenedModel } from '../studio/protocol.ts';

/** Both graphs side by side; each can be scrolled on its own. */
export function graphs(section: HTMLElement, { drawings, fold }: OpenedModel): void {
  fill(
    section,
    h(
      'ul',
      { class: 'legend' },
      h('li', { class: 'gone' }, 'gone'),
      h('li', { class: 'rewritten' }, 'other weights than before'),
      h('li', { class: 'new' }, 'new'),
    ),
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
  // Wide drawings begin where the model does.
  requestAnimationFrame(() => {
    const first = box.querySelector('.node')?.getBoundingClientRect();
    if (first) box.scrollLeft = first.x + first.width / 2 - box.getBoundingClientRect().x - box.clientWidth / 2;
  });
  return h('div', {}, h('h3', {}, title), box);
}
