import { printGraph } from '../../../src/onnx/print.ts';
import { shrunk, type Find } from './hunt.ts';
import { grow } from './networks.ts';

/** More than these say little more. */
const MOST_SHOWN = 3;

/** What went wrong, with the smallest graph that shows it and the command that grows it again; '' for nothing. */
export async function describeFinds(finds: readonly Find[]): Promise<string> {
  const texts = [];
  for (const find of finds.slice(0, MOST_SHOWN)) texts.push(describeFind(await shrunk(find)));
  return [...texts, ...(finds.length > MOST_SHOWN ? [`and ${finds.length - MOST_SHOWN} more`] : [])].join('\n\n');
}

export function describeFind({ family, genome, complaints }: Find): string {
  const replay = `npx tsx scripts/fuzz-fold.ts --replay '${JSON.stringify({ family, genome })}'`;
  return [...complaints, printGraph(grow(genome, family).graph), replay].join('\n');
}
