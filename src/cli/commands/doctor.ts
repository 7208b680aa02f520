import { fork } from 'node:child_process';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { programBeside } from '../beside.ts';
import type { Command, Outcome } from '../command.ts';
import type { DoctorDocument, ProviderJson } from '../json.ts';
import type { Progress } from '../progress.ts';
import { bytesText } from '../quantities.ts';
import { columns, table } from '../table.ts';
import { safe, styles } from '../terminal.ts';
import type { Trial } from '../try-provider.ts';
import { readVersion } from '../version.ts';

const RUNTIME = 'onnxruntime-node';
/** A driver that hangs must not hang the doctor. */
const TRIAL_MS = 20_000;

export const doctorCommand: Command = {
  verb: 'doctor',
  about:
    'Shows what works on this machine: versions, memory, and every execution provider of the runtime, each tried with a model of one node in a process of its own. Exit code 0 when the CPU works.',
  operands: [],
  options: {},
  examples: [
    ['edgefold doctor', 'before you report a problem'],
    ['edgefold doctor --json', 'the same, to attach to a report'],
  ],
  run: async (_args, progress) => doctor(progress),
};

async function doctor(progress: Progress): Promise<Outcome> {
  const listed = await listedProviders();
  progress.expect(listed.names.length + 1);
  const providers: ProviderJson[] = [];
  for (const name of listed.names) {
    progress.step(`trying ${name}`);
    providers.push(await tryInChild(name));
  }
  progress.step('trying HDF5');
  const document: DoctorDocument = {
    ok: providers.some(({ name, works }) => name === 'cpu' && works),
    edgefold: readVersion(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: { model: cpus()[0]?.model ?? 'unknown', count: availableParallelism() },
    memory: { totalBytes: totalmem(), freeBytes: freemem() },
    runtime: { package: RUNTIME, version: listed.version, telemetry: listed.version === null ? 'unknown' : 'off' },
    providers,
  };
  return { document, table: () => doctorText(document, listed.reason), exitCode: document.ok ? 0 : 1 };
}

interface Listed {
  readonly names: readonly string[];
  readonly version: string | null;
  readonly reason?: string;
}

/** What the runtime says it has; some of it fails when used, so each is tried. */
async function listedProviders(): Promise<Listed> {
  try {
    const { disableTelemetry } = await import('../../runtime/node.ts');
    disableTelemetry();
    const { env, listSupportedBackends } = await import('onnxruntime-node');
    return {
      names: listSupportedBackends().map(({ name }) => name),
      version: env.versions.node ?? env.versions.common,
    };
  } catch (error) {
    return { names: [], version: null, reason: (error as Error).message };
  }
}

/** In a process of its own: a provider whose driver is broken can end the process or never answer. */
function tryInChild(name: string): Promise<ProviderJson> {
  return new Promise((resolve) => {
    const child = fork(programBeside('try-provider'), [name], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      timeout: TRIAL_MS,
    });
    let trial: Trial | undefined;
    child.on('message', (message) => (trial = message as Trial));
    child.on('error', (error) => {
      trial ??= { works: false, reason: error.message };
    });
    child.on('close', (code, signal) => {
      const ended =
        signal === 'SIGTERM' ? `no answer in ${TRIAL_MS / 1000} s` : `the process ended (${signal ?? String(code)})`;
      const result = trial ?? { works: false as const, reason: ended };
      resolve({
        name,
        works: result.works,
        reason: result.works ? null : result.reason,
        ms: result.works ? result.ms : null,
      });
    });
  });
}

function doctorText(document: DoctorDocument, runtimeReason: string | undefined): string {
  const { green, red } = styles(process.stdout, process.env);
  const { cpu, memory, runtime, providers } = document;
  const facts = [
    ['edgefold', document.edgefold],
    ['node', `${document.node} on ${document.platform}`],
    ['cpu', `${cpu.model}, ${cpu.count} in use`],
    ['memory', `${bytesText(memory.freeBytes)} free of ${bytesText(memory.totalBytes)}`],
    [
      'runtime',
      runtime.version
        ? `${runtime.package} ${runtime.version}, telemetry ${runtime.telemetry}`
        : `${runtime.package} cannot be loaded: ${runtimeReason ?? ''}`,
    ],
  ];
  const rows = providers.map(({ name, works, reason, ms }) => [
    name,
    works ? 'works' : 'no',
    works ? `${(ms ?? 0).toFixed(0)} ms to load and run` : firstSentence(reason ?? ''),
  ]);
  const verdict = document.ok ? green('Models run on this machine.') : red('Models do not run on this machine.');
  const hint = document.ok ? [] : [`Install the runtime with: npm install ${RUNTIME}`];
  const trials = rows.length === 0 ? [] : ['', table(['provider', 'state', ''], rows, { wrapLast: true })];
  return [columns(facts.map((row) => row.map(safe))), ...trials, '', verdict, ...hint].join('\n');
}

function firstSentence(reason: string): string {
  return safe(reason.split('\n')[0] ?? '');
}
