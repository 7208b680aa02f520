type Child = Node | string | null | undefined | false;
type Handlers = { readonly [K in keyof HTMLElementEventMap as `on${K}`]?: (event: HTMLElementEventMap[K]) => void };

/**
 * An element with attributes, listeners (`onclick`) and children. Text becomes text nodes, so nothing that a model file
 * says is ever markup. An attribute that is `false` or undefined is left out, and one that is `true` is empty.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Handlers & Readonly<Record<string, unknown>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener);
    else if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : `${value as string | number}`);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** The element of `index.html` with this id. */
export function place(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no element "${id}"`);
  return element;
}

/** Fills a section anew and keeps its heading. */
export function fill(section: HTMLElement, ...children: readonly Child[]): void {
  const heading = section.querySelector('h2');
  section.replaceChildren(...[heading, ...children].filter((child) => child !== null && child !== undefined && child !== false)); // prettier-ignore
}

/** Columns of nothing but numbers stand at their right; the first names its row. */
export function table(caption: string, headings: readonly string[], rows: readonly (readonly Child[])[]): HTMLElement {
  const classes = headings.map((_, column) => (column > 0 && rows.every((cells) => isNumeric(cells[column])) ? 'number' : undefined)); // prettier-ignore
  const head = h('tr', {}, ...headings.map((heading, column) => h('th', { scope: 'col', class: classes[column] }, heading))); // prettier-ignore
  const body = rows.map((cells) => h('tr', {}, ...cells.map((cell, column) => h('td', { class: classes[column] }, cell)))); // prettier-ignore
  return h(
    'div',
    { class: 'wide', tabindex: 0, role: 'region', 'aria-label': caption },
    h('table', {}, h('caption', {}, caption), h('thead', {}, head), h('tbody', {}, ...body)),
  );
}

const isNumeric = (cell: Child): boolean => typeof cell === 'string' && (cell === '' || /^[−\d][\d.,e×+−\s/-]*( \S{1,3})?$/.test(cell)); // prettier-ignore
