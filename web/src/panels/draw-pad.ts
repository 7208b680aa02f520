import { h } from '../dom.ts';

const SIZE = 280;
const PEN = 20;
const STEP = 7;
/** Of the input's side, what MNIST leaves to the digit itself. */
const INSIDE = 20 / 28;

export interface DrawPad {
  readonly element: HTMLElement;
  /** Grey levels 0 to 1, ink 1, [height, width], as MNIST centres them; all 0 where nothing is drawn. */
  readonly read: (width: number, height: number) => Float32Array;
  /** Shows grey levels, as if they had been drawn. */
  readonly show: (levels: Float32Array, width: number, height: number) => void;
  readonly clear: () => void;
}

/** A square to draw on with a mouse, a finger or the arrow keys; `onChange` is called after each stroke. */
export function drawPad(onChange: () => void): DrawPad {
  const canvas = h('canvas', {
    width: SIZE,
    height: SIZE,
    tabindex: 0,
    role: 'application',
    'aria-label': 'Drawing pad. Arrow keys move the pen, with Shift they draw, Delete clears.',
    'aria-describedby': 'pad-help',
    id: 'pad',
  });
  const ink = canvas.getContext('2d', { willReadFrequently: true })!;
  Object.assign(ink, { lineWidth: PEN, lineCap: 'round', lineJoin: 'round' });
  let pen = { x: SIZE / 2, y: SIZE / 2 };
  /** What is shown and not drawn over is read as it was given. */
  let shown: Float32Array | undefined;
  const moveTo = (to: typeof pen, draws: boolean) => {
    if (draws) {
      shown = undefined;
      stroke(ink, pen, to);
    }
    pen = to;
  };
  const element = h('div', { class: 'pad' }, canvas);
  /** Where a keyboard's next stroke begins. */
  const placePen = () => {
    element.style.setProperty('--pen-x', `${(100 * pen.x) / SIZE}%`);
    element.style.setProperty('--pen-y', `${(100 * pen.y) / SIZE}%`);
  };
  const clear = () => {
    shown = undefined;
    ink.clearRect(0, 0, SIZE, SIZE);
    onChange();
  };
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    pen = pointOf(event, canvas);
    moveTo(pen, true);
    event.preventDefault();
  });
  canvas.addEventListener('pointermove', (event) => {
    if (event.buttons === 0) return;
    for (const part of event.getCoalescedEvents()) moveTo(pointOf(part, canvas), true);
  });
  canvas.addEventListener('pointerup', onChange);
  canvas.addEventListener('keydown', (event) => {
    if (event.key === 'Delete' || event.key === 'Backspace') clear();
    const step = ARROWS.get(event.key);
    if (!step) return;
    event.preventDefault();
    moveTo({ x: within(pen.x + step[0] * STEP), y: within(pen.y + step[1] * STEP) }, event.shiftKey);
    placePen();
    if (event.shiftKey) onChange();
  });
  canvas.addEventListener('focus', placePen);
  return {
    element,
    clear,
    read: (width, height) => shown ?? centred(ink, width, height),
    show: (levels, width, height) => {
      ink.clearRect(0, 0, SIZE, SIZE);
      paint(ink, levels, width, height);
      shown = levels;
      onChange();
    },
  };
}

const ARROWS = new Map<string, readonly [number, number]>([
  ['ArrowLeft', [-1, 0]],
  ['ArrowRight', [1, 0]],
  ['ArrowUp', [0, -1]],
  ['ArrowDown', [0, 1]],
]);
const within = (place: number) => Math.min(SIZE, Math.max(0, place));

function pointOf({ clientX, clientY }: PointerEvent, canvas: HTMLCanvasElement): { x: number; y: number } {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  return { x: ((clientX - left) / width) * SIZE, y: ((clientY - top) / height) * SIZE };
}

type Pen = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Always black: the page turns it round where it is dark. */
function stroke(ink: Pen, from: { x: number; y: number }, to: { x: number; y: number }): void {
  ink.beginPath();
  ink.moveTo(from.x, from.y);
  ink.lineTo(to.x + 0.01, to.y);
  ink.stroke();
}

function paint(ink: Pen, levels: Float32Array, width: number, height: number): void {
  const picture = new OffscreenCanvas(width, height);
  const data = new ImageData(width, height);
  for (const [i, level] of levels.entries()) data.data[4 * i + 3] = Math.round(255 * level);
  picture.getContext('2d')!.putImageData(data, 0, 0);
  ink.imageSmoothingEnabled = true;
  ink.drawImage(picture, 0, 0, SIZE, SIZE);
}

/**
 * As MNIST was made: the drawing is scaled into 20 of 28 pixels, then moved so that its centre of mass lies in the
 * middle.
 */
function centred(ink: CanvasRenderingContext2D, width: number, height: number): Float32Array {
  const box = boundsOf(ink);
  if (!box) return new Float32Array(width * height);
  const scale = (INSIDE * Math.min(width, height)) / Math.max(box.width, box.height);
  const [wide, high] = [box.width * scale, box.height * scale];
  const first = levelsOf(ink.canvas, box, { x: (width - wide) / 2, y: (height - high) / 2, wide, high }, width, height);
  const mass = centreOf(first, width);
  const x = (width - wide) / 2 + (width - 1) / 2 - mass.x;
  const y = (height - high) / 2 + (height - 1) / 2 - mass.y;
  return levelsOf(ink.canvas, box, { x: Math.round(x), y: Math.round(y), wide, high }, width, height);
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function boundsOf(ink: CanvasRenderingContext2D): Box | undefined {
  const { data } = ink.getImageData(0, 0, SIZE, SIZE);
  let [left, top, right, bottom] = [SIZE, SIZE, -1, -1];
  for (let i = 0; i < SIZE * SIZE; i++) {
    if (data[4 * i + 3]! < 32) continue;
    const [x, y] = [i % SIZE, Math.floor(i / SIZE)];
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  return right < 0 ? undefined : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

interface Target {
  readonly x: number;
  readonly y: number;
  readonly wide: number;
  readonly high: number;
}

function levelsOf(from: HTMLCanvasElement, box: Box, to: Target, width: number, height: number): Float32Array {
  const small = new OffscreenCanvas(width, height).getContext('2d')!;
  small.imageSmoothingQuality = 'high';
  small.drawImage(from, box.left, box.top, box.width, box.height, to.x, to.y, to.wide, to.high);
  const { data } = small.getImageData(0, 0, width, height);
  return Float32Array.from({ length: width * height }, (_, i) => data[4 * i + 3]! / 255);
}

function centreOf(levels: Float32Array, width: number): { x: number; y: number } {
  let [x, y, total] = [0, 0, 0];
  for (const [i, level] of levels.entries()) {
    x += level * (i % width);
    y += level * Math.floor(i / width);
    total += level;
  }
  return { x: x / total, y: y / total };
}
