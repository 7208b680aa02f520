import { EdgefoldError } from '../errors.ts';

/** How a command line names standard input. */
export const STDIN = '-';

/** Everything that is piped in. @throws {EdgefoldError} USAGE if that is a keyboard. */
export async function readStdin(): Promise<Uint8Array> {
  if (process.stdin.isTTY) {
    throw new EdgefoldError('USAGE', 'nothing is piped in', {
      where: STDIN,
      hint: 'Pipe a model in (edgefold inspect - < model.onnx), or give its path.',
    });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
