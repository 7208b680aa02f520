import { EdgefoldError } from '../errors.ts';
import type { ErrorDocument } from './json.ts';
import { safeLines, styles } from './terminal.ts';

const REPORT_BUG = 'This is a fault of Edgefold, not of your file.';

/** What a person reads on stderr: one message, and the stack only when asked for. */
export function errorText(
  error: unknown,
  { debug, stream }: { readonly debug: boolean; readonly stream: { readonly isTTY?: boolean } },
): string {
  const { red } = styles(stream, process.env);
  if (debug) return red(safeLines(stackOf(error)));
  if (error instanceof EdgefoldError) return `${red('error:')} ${safeLines(error.message)}`;
  const what = safeLines(messageOf(error));
  return `${red('error:')} ${what}\n${REPORT_BUG} Run the same command with --debug to see where it happened.`;
}

/** The same for `--json`. An error that is not ours to blame on the input has the code `BUG`. */
export function errorDocument(error: unknown, debug: boolean): ErrorDocument {
  const { code, where, expected, received, hint } =
    error instanceof EdgefoldError
      ? error
      : { code: 'BUG' as const, where: undefined, expected: undefined, received: undefined, hint: REPORT_BUG };
  return {
    error: {
      code,
      message: messageOf(error),
      where: where ?? null,
      expected: expected ?? null,
      received: received ?? null,
      hint: hint ?? null,
      ...(debug && { stack: stackOf(error) }),
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
