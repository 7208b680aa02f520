/** Markup that is safe to put into a page. */
export class Html {
  readonly text: string;

  /** @param text taken as it is: nothing from a file goes in here unescaped. */
  constructor(text: string) {
    this.text = text;
  }
}

type Content = Html | string | number | readonly Html[];

/** Markup with every value escaped that is no markup itself; names come from files, and a name can be a script. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(strings.reduce((text, string, i) => text + textOf(values[i - 1]!) + string));
}

function textOf(content: Content): string {
  if (content instanceof Html) return content.text;
  if (typeof content === 'object') return content.map(({ text }) => text).join('');
  return escaped(String(content));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control and bidirectional characters could show a name as another, so they are shown by their number. */
const plain = (text: string): string =>
  text.replace(
    /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const escaped = (text: string): string => plain(text).replace(/[&<>"']/g, (mark) => ENTITIES[mark]!);

/** Data for a script element. JSON may hold `</script>` and `<!--`; with every < escaped it cannot. */
export function jsonIn(value: unknown): Html {
  const text = JSON.stringify(value, (_, item: unknown) => (typeof item === 'string' ? plain(item) : item));
  return new Html(text.replaceAll('<', '\\u003c'));
}

export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => Html | string;
  readonly numeric?: boolean;
}

/** A table with a caption for those who cannot see where it stands. */
export function table<Row>(caption: string, rows: readonly Row[], columns: readonly Column<Row>[]): Html {
  const heads = columns.map(({ heading, numeric }) => html`<th scope="col" ${classOf(numeric)}>${heading}</th>`);
  const body = rows.map(
    (row) =>
      html`<tr>
        ${columns.map(({ cell, numeric }) => html`<td${classOf(numeric)}>${cell(row)}</td>`)}
      </tr>`,
  );
  return html`<div class="wide" tabindex="0" role="region" aria-label="${caption}">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div>`;
}

const classOf = (numeric = false): Html => new Html(numeric ? ' class="number"' : '');
