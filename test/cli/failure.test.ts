import { describe, expect, test } from 'vitest';
import { errorDocument, errorText } from '../../src/cli/failure.ts';
import { EdgefoldError } from '../../src/errors.ts';

const show = (error: unknown, debug = false) => errorText(error, { debug, stream: {} });

describe('an error', () => {
  const known = new EdgefoldError('FORMAT', 'not a model', { where: 'x\x1b[2J.h5', hint: 'Look again.' });

  test('of the input is one message, fit for a terminal, without a stack', () => {
    expect(show(known)).toBe('error: x\\x1b[2J.h5: not a model. Look again.');
    expect(errorDocument(known, false)).toEqual({
      error: {
        code: 'FORMAT',
        message: known.message,
        where: 'x\x1b[2J.h5',
        expected: null,
        received: null,
        hint: 'Look again.',
      },
    });
  });

  test('of ours says so, and how to see the stack', () => {
    expect(show(new TypeError('boom'))).toBe(
      'error: boom\nThis is a fault of Edgefold, not of your file. Run the same command with --debug to see where it happened.',
    );
    expect(errorDocument(new TypeError('boom'), false).error).toMatchObject({ code: 'BUG', message: 'boom' });
    expect(show('thrown text')).toMatch(/^error: thrown text\n/);
  });

  test('shows its stack and those of its causes with --debug', () => {
    const outer = new EdgefoldError('CORRUPT', 'cannot be read', { cause: new RangeError('inner') });
    expect(show(outer, true)).toMatch(
      /EdgefoldError: cannot be read\n\s+at [\s\S]*caused by RangeError: inner\n\s+at /,
    );
    expect(errorDocument(outer, true).error.stack).toMatch(/caused by RangeError/);
  });
});
