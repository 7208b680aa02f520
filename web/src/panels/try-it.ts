import { generateSamples, type Input, type Provider } from 'edgefold/web';
import { fill, h } from '../dom.ts';
import type { OpenedModel, Studio } from '../studio/protocol.ts';
import { showAnswer } from './answer.ts';
import { drawPad } from './draw-pad.ts';
import { inputKind, type InputKind } from './input-kind.ts';
import { drawCentred, pictureOf, RANGES, stillFromCamera, valuesOf, type RangeName } from './picture.ts';
import type { Samples } from '../bundled.ts';

interface Trial {
  readonly studio: Studio;
  readonly model: OpenedModel;
  readonly samples: Samples | undefined;
  readonly onError: (error: unknown) => void;
}

interface LiveTrial extends Trial {
  /** Aborted when another model is opened. */
  readonly signal: AbortSignal;
}

export interface Trying {
  /** Gives the model a picture; absent where it takes none. */
  readonly showPicture?: ((picture: Blob) => void) | undefined;
  /** Ends what is still going on, such as the camera. */
  readonly end: () => void;
}

/** Gives the model an input by hand and shows what it says. */
export function tryIt(section: HTMLElement, trial: Trial): Trying {
  const ending = new AbortController();
  const said = h('p', { class: 'visually-hidden', role: 'status' });
  const answer = h('div', {}, h('p', { class: 'soft' }, 'What the model says comes here.'));
  const provider = h('select', { id: 'provider' }, option('wasm', 'CPU (WebAssembly)'), option('webgpu', 'GPU (WebGPU)')); // prettier-ignore
  const run = latestOnly(async (input: Record<string, Input>) => {
    const result = await trial.studio.run(input, provider.value as Provider);
    if (!ending.signal.aborted) said.textContent = showAnswer(answer, result, trial.samples?.classes ?? []);
  }, (error) => { if (!ending.signal.aborted) trial.onError(error); }); // prettier-ignore
  const kind = inputKind(trial.model);
  const give = GIVERS[kind.kind](kind as never, { ...trial, signal: ending.signal }, (input) => void run(input));
  provider.addEventListener('change', give.again);
  const choices = h('label', { class: 'field' }, 'Run on ', provider);
  fill(section, h('div', { class: 'columns' }, h('div', {}, ...give.elements, choices), h('div', { class: 'answer' }, said, answer))); // prettier-ignore
  give.again();
  return { showPicture: give.showPicture, end: () => { ending.abort(); } }; // prettier-ignore
}

const option = (value: string, text: string) => h('option', { value }, text);

/** Runs that were asked for while one was going on are one run, of the last input. */
function latestOnly<T>(
  work: (input: T) => Promise<void>,
  onError: (error: unknown) => void,
): (input: T) => Promise<void> {
  let [running, next] = [false, undefined as T | undefined];
  return async (input) => {
    next = input;
    if (running) return;
    running = true;
    while (next !== undefined) {
      const now = next;
      next = undefined;
      await work(now).catch(onError);
    }
    running = false;
  };
}

interface Giver {
  readonly elements: readonly HTMLElement[];
  /** Gives the input that is there once more. */
  readonly again: () => void;
  readonly showPicture?: (picture: Blob) => void;
}
type Give = (input: Record<string, Input>) => void;
type Kind<K extends InputKind['kind']> = Extract<InputKind, { kind: K }>;

const GIVERS: { readonly [K in InputKind['kind']]: (kind: Kind<K>, trial: LiveTrial, give: Give) => Giver } = {
  drawing({ spec, width, height }, { samples }, give) {
    const again = () => {
      const data = pad.read(width, height);
      if (data.every((level) => level === 0)) return;
      give({ [spec.name]: { data, shape: spec.shape.map((dim) => (typeof dim === 'number' ? dim : 1)) } });
    };
    const pad = drawPad(again);
    const examples = (samples?.images ?? []).map((image, i) =>
      h('button', { type: 'button', onclick: () => { pad.show(image, width, height); } }, String(samples?.labels[i])),
    ); // prettier-ignore
    const clear = h('button', { type: 'button', onclick: pad.clear }, 'Clear');
    return {
      again,
      elements: [
        h('p', { id: 'pad-help' }, 'Draw here, or take one of the examples.'),
        pad.element,
        h('div', { class: 'row', role: 'group', 'aria-label': 'Examples' }, clear, ...examples),
      ],
    };
  },

  picture(kind, { onError, signal }, give) {
    const range = h('select', { id: 'range' }, ...Object.keys(RANGES).map((name) => option(name, name)));
    const preview = h('canvas', { width: kind.width, height: kind.height, class: 'preview', role: 'img', 'aria-label': 'The picture as the model sees it', hidden: true }); // prettier-ignore
    const empty = h('p', { class: 'soft place' }, 'Drop a picture here, choose one, or take one.');
    const box = h('div');
    let image: ImageBitmap | undefined;
    const again = () => {
      if (!image) return;
      [preview.hidden, empty.hidden] = [false, true];
      const pen = preview.getContext('2d')!;
      pen.clearRect(0, 0, preview.width, preview.height);
      drawCentred(pen, image);
      const shape = kind.spec.shape.map((dim, axis) =>
        typeof dim === 'number' ? dim : axis === 0 ? 1 : sideOf(kind, axis),
      );
      give({ [kind.spec.name]: { data: valuesOf(image, kind, range.value as RangeName), shape } });
    };
    const take = async (taken: Promise<ImageBitmap | undefined>) => {
      try {
        image = (await taken) ?? image;
        again();
      } catch (error) {
        if (!signal.aborted) onError(error);
      }
    };
    const showPicture = (picture: Blob) => void take(pictureOf(picture));
    range.addEventListener('change', again);
    const file = h('input', { type: 'file', accept: 'image/*', id: 'picture', class: 'visually-hidden', onchange: () => { if (file.files?.[0]) showPicture(file.files[0]); file.value = ''; } }); // prettier-ignore
    const camera = h('button', { type: 'button', id: 'camera' }, 'Use the camera');
    camera.addEventListener('click', () => {
      camera.disabled = true;
      void take(stillFromCamera(box, signal)).finally(() => { camera.disabled = false; camera.focus(); });
    }); // prettier-ignore
    return {
      again,
      showPicture,
      elements: [
        h('div', { class: 'row chooser' }, file, h('label', { for: 'picture', class: 'button' }, 'Choose a picture'), camera), // prettier-ignore
        box,
        empty,
        preview,
        h('label', { class: 'field' }, 'Pixels become ', range),
      ],
    };
  },

  numbers(_, { model }, give) {
    let seed = 0;
    const again = () => {
      const [sample = {}] = generateSamples(model.inputs, { samples: 1, seed: seed++ });
      give(sample);
    };
    const shapes = model.inputs.map(({ name, dtype, shape }) => `${name}: ${dtype} [${shape.join(', ')}]`).join('; ');
    return {
      again,
      elements: [
        h('p', {}, `It takes ${shapes}.`),
        h('button', { type: 'button', onclick: again }, 'Run it on random numbers'),
      ],
    };
  },
};

/** The side that was chosen where the model leaves it open. */
const sideOf = ({ layout, width, height }: Kind<'picture'>, axis: number): number =>
  axis === (layout === 'nhwc' ? 1 : 2) ? height : width;
