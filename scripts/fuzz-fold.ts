/**
 * Folds random graphs and holds every law against each: the same numbers in onnxruntime, and what theory says of it.
 *
 *     npx tsx scripts/fuzz-fold.ts --graphs 1000000 --seed 7
 *     npx tsx scripts/fuzz-fold.ts --replay '{"family":"free","genome":{…}}'
 *
 * What breaks a law is shrunk and printed with the command that replays it. Exit 0 if nothing did, else 1.
 */
import { parseArgs } from 'node:util';
import { describeFind, describeFinds } from '../test/fold/random-graphs/describe.ts';
import { complaintsOf, hunt, type Find, type Hunt } from '../test/fold/random-graphs/hunt.ts';

const { values } = parseArgs({
  options: {
    graphs: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    replay: { type: 'string' },
  },
});

const AT_ONCE = 1000;
/** One defect is found again and again. */
const MOST_FINDS = 10;

async function replay(text: string): Promise<readonly Find[]> {
  const { family, genome } = JSON.parse(text) as Omit<Find, 'complaints'>;
  const complaints = await complaintsOf(genome, family);
  console.log(describeFind({ family, genome, complaints }));
  return complaints.length > 0 ? [{ family, genome, complaints }] : [];
}

async function fuzz(graphs: number, seed: number): Promise<readonly Find[]> {
  const finds: Find[] = [];
  const total = { graphs: 0, exact: 0, gone: 0, kept: 0, folds: 0 };
  for (let chunk = 0; total.graphs < graphs && finds.length < MOST_FINDS; chunk++) {
    const found = await hunt(Math.imul(seed, 1_000_003) + chunk, Math.min(AT_ONCE, graphs - total.graphs));
    finds.push(...found.finds);
    if (found.finds.length > 0) console.log(await describeFinds(found.finds));
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += found[key];
    process.stderr.write(`${progress(total, finds.length)}\n`);
  }
  console.log(progress(total, finds.length));
  return finds;
}

const progress = ({ graphs, exact, gone, kept, folds }: Pick<Hunt, 'graphs' | 'exact' | 'gone' | 'kept' | 'folds'>, bad: number) =>
  `${graphs} graphs (${exact} exact, ${gone} that must fold, ${kept} that must not), ${folds} folds, ${bad} broken laws, ${process.uptime().toFixed(0)} s`; // prettier-ignore

const finds = await (values.replay ? replay(values.replay) : fuzz(Number(values.graphs), Number(values.seed)));
process.exitCode = finds.length > 0 ? 1 : 0;
