import { BUNDLED, bundledFile } from '../bundled.ts';
import { fill, h } from '../dom.ts';
import type { GivenFile } from '../studio/protocol.ts';

export interface SourceHandlers {
  readonly onFiles: (files: readonly GivenFile[], isBundled: boolean) => void;
  /** A picture was dropped: something for the model that is open. */
  readonly onPicture: (picture: Blob) => void;
  readonly onError: (error: unknown) => void;
}

/** A model is dropped anywhere, chosen from the disk, or taken from the bundled ones. */
export function sourcePanel(section: HTMLElement, { onFiles, onPicture, onError }: SourceHandlers): void {
  const file = h('input', { type: 'file', multiple: true, id: 'files', class: 'visually-hidden' });
  const bundled = h(
    'select',
    { id: 'bundled' },
    h('option', { value: '', disabled: true, hidden: true }, 'your own file is open'),
    ...BUNDLED.map(({ title }, i) => h('option', { value: i, selected: i === 0 }, title)),
  );
  const openOwn = (files: readonly GivenFile[]) => {
    bundled.value = '';
    onFiles(files, false);
  };
  const drop = (files: readonly GivenFile[]) => {
    const [first] = files;
    if (files.length === 1 && first!.blob.type.startsWith('image/')) onPicture(first!.blob);
    else openOwn(files);
  };
  file.addEventListener('change', () => {
    openOwn(Array.from(file.files ?? [], given));
    file.value = '';
  });
  const open = () => {
    const chosen = BUNDLED[Number(bundled.value)];
    if (chosen) void bundledFile(chosen).then((model) => { onFiles([model], true); }, onError); // prettier-ignore
  };
  bundled.addEventListener('change', open);
  fill(
    section,
    h(
      'div',
      { class: 'source' },
      h('label', { for: 'files', class: 'button primary' }, 'Open a model'),
      file,
      h('span', { class: 'soft hint' }, 'or drop it anywhere: .keras, .h5, .onnx, or the folder of a TF.js model'),
      h('label', { class: 'field push' }, 'Bundled ', bundled),
    ),
  );
  acceptDrops(drop, onError);
  open();
}

const given = (file: File): GivenFile => ({ path: file.webkitRelativePath || file.name, blob: file });

function acceptDrops(onFiles: (files: readonly GivenFile[]) => void, onError: (error: unknown) => void): void {
  const { body } = document;
  body.addEventListener('dragover', (event) => {
    event.preventDefault();
    body.classList.add('dropping');
  });
  for (const end of ['dragleave', 'drop']) body.addEventListener(end, () => { body.classList.remove('dropping'); }); // prettier-ignore
  body.addEventListener('drop', (event) => {
    event.preventDefault();
    // What was dragged out of another page has no entry.
    const parts = Array.from(event.dataTransfer?.items ?? [], (item) => item.webkitGetAsEntry() ?? item.getAsFile()).filter((part) => part !== null); // prettier-ignore
    void Promise.all(parts.map(async (part) => (part instanceof File ? [given(part)] : filesIn(part)))).then(
      (files) => {
        if (files.flat().length > 0) onFiles(files.flat());
      },
      onError,
    );
  });
}

const MOST_FILES = 2000;

/** The files of what was dropped, folders included. */
async function filesIn(entry: FileSystemEntry): Promise<GivenFile[]> {
  const path = entry.fullPath.replace(/^\//, '');
  if (entry.isFile) {
    const blob = await new Promise<File>((resolve, reject) => { (entry as FileSystemFileEntry).file(resolve, reject); }); // prettier-ignore
    return [{ path, blob }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: GivenFile[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => { reader.readEntries(resolve, reject); }); // prettier-ignore
    if (some.length === 0 || found.length > MOST_FILES) return found;
    found.push(...(await Promise.all(some.map(filesIn))).flat());
  }
}
