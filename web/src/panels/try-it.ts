import { generateSamples, type Input, type Provider } from 'edgefold/web';
import { fill, h } from '../dom.ts';
import type { OpenedModel, Studio } from '../studio/protocol.ts';
import { showAnswer } from './answer.ts';
import { drawPad } from './draw-pad.ts';
import { inputKind, type InputKind } from './input-kind.ts';
import { RANGES, stillFromCamera, valuesOf, type RangeName } from './picture.ts';
import type { Samples } from '../bundled.ts';

interface Trial {
  readonly studio: Studio;
  readonly model: OpenedModel;
  readonly samples: Samples | undefined;
  readonly onError: (error: unknown) => void;
}

/** Gives the model an input by hand and shows what it says. */
export function tryIt(section: HTMLElement, trial: Trial): void {
  const answer = h(
    'div',
    { class: 'answer', 'aria-live': 'polite' },
    h('p', { class: 'soft' }, 'What the model says comes here.'),
  );
  const provider = h('select', { id: 'provider' }, option('wasm', 'CPU (WebAssembly)'), option('webgpu', 'GPU (WebGPU)')); // prettier-ignore
  const run = latestOnly(async (input: Record<string, Input>) => {
    const result = await trial.studio.run(input, provider.value as Provider);
    showAnswer(answer, result, trial.samples?.classes ?? []);
  }, trial.onError);
  const kind = inputKind(trial.model);
  const give = GIVERS[kind.kind](kind as never, trial, (input) => void run(input));
  provider.addEventListener('change', give.again);
  fill(
    section,
    h(
      'div',
      { class: 'columns' },
      h('div', {}, ...give.elements, h('label', { class: 'field' }, 'Run on ', provider)),
      answer,
    ),
  );
  give.again();
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
}
type Give = (input: Record<string, Input>) => void;
type Kind<K extends InputKind['kind']> = Extract<InputKind, { kind: K }>;

const GIVERS: { readonly [K in InputKind['kind']]: (kind: Kind<K>, trial: Trial, give: Give) => Giver } = {
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

  picture(kind, { onError }, give) {
    const range = h('select', {}, ...Object.keys(RANGES).map((name) => option(name, name)));
    const preview = h('canvas', { width: kind.width, height: kind.height, class: 'preview', role: 'img', 'aria-label': 'The picture as it was given' }); // prettier-ignore
    const box = h('div');
    let image: ImageBitmap | undefined;
    const again = () => {
      if (!image) return;
      preview.getContext('2d')?.drawImage(image, 0, 0, preview.width, preview.height);
      const shape = kind.spec.shape.map((dim, axis) =>
        typeof dim === 'number' ? dim : axis === 0 ? 1 : sideOf(kind, axis),
      );
      give({ [kind.spec.name]: { data: valuesOf(image, kind, range.value as RangeName), shape } });
    };
    const take = (taken: Promise<ImageBitmap>) => {
      void taken.then((bitmap) => {
        image = bitmap;
        again();
      }, onError);
    };
    range.addEventListener('change', again);
    const file = h('input', { type: 'file', accept: 'image/*', id: 'picture', onchange: () => { if (file.files?.[0]) take(createImageBitmap(file.files[0])); } }); // prettier-ignore
    const camera = h('button', { type: 'button', onclick: () => { take(stillFromCamera(box)); } }, 'Use the camera'); // prettier-ignore
    return {
      again,
      elements: [
        h('label', { class: 'field' }, 'A picture ', file),
        camera,
        box,
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
