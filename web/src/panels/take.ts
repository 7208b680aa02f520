import { fill, h } from '../dom.ts';
import type { OpenedModel, Studio } from '../studio/protocol.ts';

/** Downloads of the folded model and of the report; the latter once what is returned is called. */
export function takePanel(section: HTMLElement, studio: Studio, { name }: OpenedModel): () => void {
  const stem = name.replace(/\.[^.]+$/, '');
  const model = h('button', { type: 'button', class: 'primary', id: 'download-model' }, 'Download the ONNX model');
  model.addEventListener('click', () => void studio.model().then((blob) => { save(blob, `${stem}.onnx`); })); // prettier-ignore
  const report = h('button', { type: 'button', id: 'download-report', disabled: true }, 'Download the report');
  report.addEventListener('click', () => void studio.report().then((blob) => { save(blob, `${stem}-report.html`); })); // prettier-ignore
  fill(section, h('div', { class: 'row' }, model, report));
  return () => {
    report.disabled = false;
  };
}

function save(blob: Blob, name: string): void {
  const href = URL.createObjectURL(blob);
  h('a', { href, download: name }).click();
  setTimeout(() => { URL.revokeObjectURL(href); }, 60_000); // prettier-ignore
}
