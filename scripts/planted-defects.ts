/**
 * Plants one defect after the other into a copy of the engine and runs the tests of folding on it: each has to be
 * caught by a test that fails, or the suite has a hole where other tools have had a bug.
 *
 *     npx tsx scripts/planted-defects.ts [--only TEXT]
 *
 * Exit 0 if all are caught, else 1. Before anything is planted, the tests have to pass.
 */
import { parseArgs } from 'node:util';
import { DEFECTS, type Defect } from './planted-defects/defects.ts';
import { Field, type Harvest } from './planted-defects/field.ts';

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const wanted = DEFECTS.filter(({ name }) => name.includes(values.only));

/** One for each core of the smallest machine that has to do this. */
const FIELDS = 2;

const line = ({ name }: Defect, { kind, test }: Harvest) =>
  `${kind === 'caught' ? '✓' : '✗'} ${name}\n    ${kind}: ${test}`;

/** Takes defects from the common queue until none is left. */
async function work(field: Field, queue: Defect[]): Promise<number> {
  let missed = 0;
  for (let defect; (defect = queue.shift());) {
    const harvest = await field.plant(defect);
    console.log(line(defect, harvest));
    missed += Number(harvest.kind !== 'caught');
  }
  return missed;
}

const fields = await Promise.all(Array.from({ length: FIELDS }, () => Field.open()));
try {
  const unfit = wanted.flatMap((defect) => fields[0]!.unfit(defect) ?? []);
  if (unfit.length > 0) throw new Error(unfit.join('\n'));
  const sound = await fields[0]!.test();
  if (sound.kind !== 'missed') throw new Error(`the tests fail without any defect: ${sound.test}`);
  const queue = [...wanted];
  const missed = await Promise.all(fields.map((field) => work(field, queue)));
  const escaped = missed.reduce((sum, count) => sum + count, 0);
  console.log(
    `${wanted.length - escaped} of ${wanted.length} planted defects are caught, in ${process.uptime().toFixed(0)} s`,
  );
  process.exitCode = escaped > 0 ? 1 : 0;
} finally {
  await Promise.all(fields.map((field) => field.close()));
}
