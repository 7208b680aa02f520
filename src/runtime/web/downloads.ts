import { wordsOf } from '../faults.ts';

/**
 * Why a file of the runtime cannot be used, in words that `import()` and `Worker` do not give: it is asked for once more.
 * Nothing where it can be read by now.
 */
export async function whyUnusable(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { credentials: 'same-origin' });
    const reason = whyUnfit(response);
    await (reason === undefined ? response.arrayBuffer() : response.body?.cancel());
    return reason;
  } catch (error) {
    return whyUnreachable(url, error);
  }
}

/** What is wrong with an answer before it is read. */
export function whyUnfit({ ok, status, statusText, headers }: Response): string | undefined {
  if (!ok) return `the server answered ${`${status} ${statusText}`.trim()}`;
  return headers.get('content-type')?.startsWith('text/html')
    ? 'the server answered with a web page, as many do for paths that they do not have'
    : undefined;
}

/** A browser does not tell a script why it gives nothing of another origin. */
export function whyUnreachable(url: string, error: unknown): string {
  const { protocol, origin: itsOrigin } = new URL(url);
  if (protocol === 'file:') return 'pages that were opened from a disk can read no files; serve the folder instead';
  const words = wordsOf(error);
  return itsOrigin === origin ? words : `${words}; its server has to allow ${origin} to read it (Access-Control-Allow-Origin)`; // prettier-ignore
}
