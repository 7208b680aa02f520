import { EdgefoldError } from '../errors.ts';
import { parseArguments } from './arguments.ts';
import type { Command, ExitCode } from './command.ts';
import { errorDocument, errorText } from './failure.ts';
import { toJson } from './json.ts';
import { Progress } from './progress.ts';
import { closest } from './suggest.ts';

/** The verbs; each is loaded when it is called for, so that none pays for another. */
const VERBS: Readonly<Record<string, { readonly about: string; load(): Promise<Command> }>> = {
  export: {
    about: 'turn a Keras or TF.js model into a folded, verified ONNX file',
    load: async () => (await import('./commands/export.ts')).exportCommand,
  },
  fold: {
    about: 'fold the BatchNormalizations of an ONNX file into their neighbours',
    load: async () => (await import('./commands/fold.ts')).foldCommand,
  },
  verify: {
    about: 'run two ONNX files side by side and compare every output',
    load: async () => (await import('./commands/verify.ts')).verifyCommand,
  },
  bisect: {
    about: 'find the first tensor in which two ONNX files differ by more than rounding',
    load: async () => (await import('./commands/bisect.ts')).bisectCommand,
  },
  inspect: {
    about: 'show what a model file holds and what folding will do to it',
    load: async () => (await import('./commands/inspect.ts')).inspectCommand,
  },
  run: {
    about: 'run a model once on a .npy, .json, IDX or PNG file',
    load: async () => (await import('./commands/run.ts')).runCommand,
  },
  bench: {
    about: 'time a model, or several in turn, from a cold start to warm runs',
    load: async () => (await import('./commands/bench.ts')).benchCommand,
  },
  types: {
    about: 'write the inputs and outputs of a model as a TypeScript module',
    load: async () => (await import('./commands/types.ts')).typesCommand,
  },
  doctor: {
    about: 'show what works on this machine: runtime, providers, memory',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
};

async function main(argv: readonly string[]): Promise<ExitCode> {
  const [verb = '', ...rest] = argv;
  if (verb === '--version' || verb === 'version') return print(await version());
  if (verb === '--help' || verb === '-h' || (verb === 'help' && !rest[0])) return print(await overview());
  if (verb === 'help') return main([rest[0]!, '--help']);
  const progress = new Progress(() => process.stderr);
  try {
    return await runVerb(verb, rest, progress);
  } catch (error) {
    progress.end();
    return fail(error, argv);
  }
}

async function runVerb(verb: string, rest: readonly string[], progress: Progress): Promise<ExitCode> {
  const entry = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (!entry) throw unknownVerb(verb);
  const command = await entry.load();
  const args = parseArguments(command, rest);
  if (args.flag('help')) return print((await import('./help.ts')).commandHelp(command));
  if (args.flag('version')) return print(await version());
  const outcome = await command.run(args, progress);
  progress.end();
  print(args.flag('json') ? toJson(outcome.document) : outcome.table());
  return outcome.exitCode;
}

function unknownVerb(verb: string): EdgefoldError {
  if (verb === '') return new EdgefoldError('USAGE', 'say what to do', { hint: '"edgefold --help" lists the verbs.' });
  const verbs = Object.keys(VERBS);
  if (verb.startsWith('-')) {
    return new EdgefoldError('USAGE', 'the verb comes first', { where: verb, expected: `one of ${verbs.join(', ')}` });
  }
  const suggestion = closest(verb, verbs);
  const hint = suggestion ? `Did you mean "edgefold ${suggestion}"?` : '"edgefold --help" lists the verbs.';
  return new EdgefoldError('USAGE', 'there is no such verb', { where: JSON.stringify(verb), hint });
}

function fail(error: unknown, argv: readonly string[]): ExitCode {
  const debug = argv.includes('--debug');
  if (argv.includes('--json')) print(toJson(errorDocument(error, debug)));
  else process.stderr.write(`${errorText(error, { debug, stream: process.stderr })}\n`);
  return 1;
}

async function version(): Promise<string> {
  const { readVersion } = await import('./version.ts');
  return readVersion();
}

async function overview(): Promise<string> {
  const { programHelp } = await import('./help.ts');
  return programHelp(new Map(Object.entries(VERBS).map(([verb, { about }]) => [verb, about])));
}

function print(text: string): ExitCode {
  process.stdout.write(`${text}\n`);
  return 0;
}

/** A reader that has seen enough (`| head`) is no fault; a full disk is one. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`error: standard output cannot be written: ${error.message}\n`);
  process.exitCode = 1;
});

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
