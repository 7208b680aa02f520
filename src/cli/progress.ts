/** Milliseconds of work before anything is shown. */
const QUIET_MS = 1000;
const BAR_CELLS = 24;

/** A bar on stderr for a person who waits over a second; silent when stderr is no terminal. */
export class Progress {
  readonly #stderr: () => NodeJS.WriteStream;
  // Loading the finer clock takes a millisecond.
  readonly #startMs = Date.now();
  #timer: NodeJS.Timeout | undefined;
  #step = 0;
  #steps = 1;
  #label = '';
  /** Share of the current step that is done. */
  #share = 0;
  #shown = false;

  /** Asks for the stream only when there is something to show: making one takes longer than reading a small model. */
  constructor(stderr: () => NodeJS.WriteStream) {
    this.#stderr = stderr;
  }

  /** How many calls of {@link step} are to come. */
  expect(steps: number): void {
    this.#steps = steps;
  }

  /** Says what begins now, such as "folding". */
  step(label: string): void {
    this.#label = label;
    this.#share = 0;
    this.#step++;
    this.#timer ??= setInterval(() => {
      this.#draw();
    }, 100).unref();
    this.#draw();
  }

  /** Says how far the current step is. */
  part(done: number, total: number): void {
    this.#share = Math.min(1, done / total);
  }

  /** Wipes the bar. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#shown) this.#stderr().write('\r\x1b[K');
    this.#shown = false;
  }

  #draw(): void {
    const elapsedMs = Date.now() - this.#startMs;
    if (elapsedMs < QUIET_MS || !this.#stderr().isTTY) return;
    const done = Math.min(BAR_CELLS, Math.round((BAR_CELLS * (this.#step - 1 + this.#share)) / this.#steps));
    const bar = '█'.repeat(done) + '░'.repeat(BAR_CELLS - done);
    this.#stderr().write(`\r\x1b[K${bar} ${this.#label} … ${(elapsedMs / 1000).toFixed(1)} s`);
    this.#shown = true;
  }
}
