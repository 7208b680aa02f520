import { expect, test } from 'vitest';
import { hunt } from './fuzz/hunt.ts';
import { targets } from './fuzz/targets.ts';

const FILES = 300;

/** `scripts/fuzz-read.ts` does the same with as many as there is time for. */
test.each([...(await targets()).values()])(
  '$name reads damaged files or refuses them with an error of ours, within a second',
  async (target) => {
    const { finds, outcomes } = await hunt(target, 20, 0, FILES);
    expect(finds.map(({ number, complaint }) => `${String(number)}: ${complaint}`)).toEqual([]);
    // Neither is all damage harmless, nor is none of it.
    expect(outcomes.get('read')).toBeGreaterThan(0);
    const refused = FILES - (outcomes.get('read') ?? 0);
    expect(refused).toBeGreaterThan(FILES / 20);
  },
  60_000,
);
