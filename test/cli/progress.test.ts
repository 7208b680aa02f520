import { afterEach, describe, expect, test, vi } from 'vitest';
import { Progress } from '../../src/cli/progress.ts';

/** A stream that remembers what was written. */
function stream(isTTY: boolean) {
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  return { written, stream: { isTTY, write } as unknown as NodeJS.WriteStream };
}

afterEach(() => {
  vi.restoreAllMocks();
});

/** Sets the clock to so many milliseconds. */
function at(ms: number): void {
  vi.spyOn(Date, 'now').mockReturnValue(ms);
}

describe('progress', () => {
  test('is silent for a second, then shows how far the work is, and leaves a clean line', () => {
    const { written, stream: terminal } = stream(true);
    at(0);
    const progress = new Progress(() => terminal);
    progress.expect(4);
    progress.step('reading');
    at(999);
    progress.step('folding');
    expect(written).toEqual([]);
    at(2500);
    progress.step('comparing');
    expect(written).toEqual([`\r\x1b[K${'█'.repeat(12)}${'░'.repeat(12)} comparing … 2.5 s`]);
    progress.part(1, 2);
    at(3000);
    progress.step('writing');
    expect(written.at(-1)).toContain(`${'█'.repeat(18)}${'░'.repeat(6)} writing`);
    progress.end();
    expect(written.at(-1)).toBe('\r\x1b[K');
  });

  test('never writes to what is no terminal', () => {
    const { written, stream: pipe } = stream(false);
    at(0);
    const progress = new Progress(() => pipe);
    at(5000);
    progress.step('reading');
    progress.end();
    expect(written).toEqual([]);
  });
});
