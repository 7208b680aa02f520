/**
 * Text of a model file made fit for a terminal: control characters (ESC and the C1 range among them), line breaks
 * and the marks that reverse writing direction are shown as escapes, and a name that fills the screen is cut.
 */
export function safe(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text;
  return cut.replace(UNFIT, (character) => {
    const code = character.codePointAt(0)!;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

const LONGEST = 300;
/** Cc and Cs, line and paragraph separators, and the bidirectional controls of Unicode TR 9. */
const UNFIT = /[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** As {@link safe}, for text of several lines that we laid out: line breaks stay. */
export function safeLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(UNFIT, (character) => safe(character)))
    .join('\n');
}

/** ANSI styles, or nothing where the stream is no terminal or `NO_COLOR` is set (no-color.org). */
export function styles(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
) {
  const on = stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb';
  const style = (code: number) => (text: string) => (on ? `\x1b[${code}m${text}\x1b[0m` : text);
  return { bold: style(1), dim: style(2), red: style(31), green: style(32), yellow: style(33) };
}
