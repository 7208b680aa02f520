const WIDTH = 100;

export interface ColumnOptions {
  /** Spaces before each line. */
  readonly indent?: number;
  /** Columns whose cells are set flush right: numbers. */
  readonly right?: readonly number[];
  /** Breaks the last column at the width of the page, indented to its start. */
  readonly wrapLast?: boolean;
}

/** Cells set in columns two spaces apart, without trailing spaces. Cells hold no colour codes. */
export function columns(rows: readonly (readonly string[])[], options: ColumnOptions = {}): string {
  const { indent = 0, right = [], wrapLast = false } = options;
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(0, ...rows.map((row) => displayWidth(row[column] ?? ''))),
  );
  const start = indent + widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const line = (row: readonly string[]): string =>
    ' '.repeat(indent) +
    row
      .map((cell, column) => {
        if (wrapLast && column === count - 1) return wrap(cell, { indent: start, width: WIDTH }).trimStart();
        return pad(cell, widths[column]!, right.includes(column));
      })
      .join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

/** A table with a heading, and a rule below it. */
export function table(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  options?: ColumnOptions,
): string {
  const lines = columns([heading, ...rows], options).split('\n');
  const width = Math.max(...lines.map(displayWidth)) - (options?.indent ?? 0);
  const rule = ' '.repeat(options?.indent ?? 0) + '─'.repeat(width);
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

/** Text broken at spaces so that no line is longer than `width`, where words allow it. */
export function wrap(text: string, { indent = 0, width = WIDTH } = {}): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && indent + displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line].map((each) => ' '.repeat(indent) + each).join('\n');
}

function pad(cell: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(cell)));
  return right ? space + cell : cell + space;
}

/** Terminal cells: combining marks take none, East Asian wide characters and emoji two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{Mark}/u.test(character)) continue;
    width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
