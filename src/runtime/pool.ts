import type { Remote } from './remote.ts';
import type { Runner } from './runner.ts';

/** One model in several workers: each run goes to the one that has least to do. */
export function poolOf(runners: readonly Runner[], remotes: readonly Remote[]): Runner {
  const [first] = runners as [Runner, ...Runner[]];
  if (runners.length === 1) return first;
  const idlest = (): Runner => {
    let best = 0;
    for (let i = 1; i < remotes.length; i++) if (remotes[i]!.load < remotes[best]!.load) best = i;
    return runners[best]!;
  };
  return {
    inputs: first.inputs,
    outputs: first.outputs,
    report: first.report,
    run: (inputs, signal) => idlest().run(inputs, signal),
    dispose: async () => {
      await Promise.all(runners.map((runner) => runner.dispose()));
    },
  };
}
