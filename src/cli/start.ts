#!/usr/bin/env node
import { join } from 'node:path';
import { compiled } from './code-cache.ts';

/*
 * Starts the command line, which lies beside this file, from what V8 made of it when it was built. Compiling it takes
 * longer than folding a small model.
 */
compiled(join(__dirname, 'edgefold.js')).run();
