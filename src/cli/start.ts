#!/usr/bin/env node
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { compiled } from './code-cache.ts';

/*
 * Starts the command line, which lies beside this file, from what V8 made of it when it was built. Compiling it takes
 * longer than folding a small model.
 */
compiled(join(__dirname, 'edgefold.js'), process.argv[2]).run();

/*
 * There is nobody whom a pause would disturb, so garbage is looked for only when memory runs short, and then at once;
 * and most of what is there stays in use to the end, so the next time comes when there is eleven times as much.
 * V8 begins to optimise what has run for a millisecond or two; a small model is done before that pays, at a cost of up
 * to a third of the processor time. With a budget nine times the usual one, whatever runs for long is still optimised.
 * Only the V8 of Node 20 has that flag, and one that has not says so on standard error.
 * A cache is good for the flags only under which it was made, that of Node's own modules too: so they come first.
 */
setImmediate(() => {
  setFlagsFromString('--no-incremental-marking');
  setFlagsFromString('--heap-growing-percent=1000');
  if (process.versions.v8.startsWith('11.3.')) setFlagsFromString('--interrupt-budget=600000');
});
