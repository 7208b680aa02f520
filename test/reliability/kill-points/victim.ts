import { heldSignals } from '../../../src/cli/signals.ts';
import { failing, watchDisk, type Fault } from './faulty-disk.ts';
import { write, type Kind } from './outputs.ts';

/** A process that does not survive its n-th operation: KIND FOLDER FAULT N. */
const [kind, folder, fault, n] = process.argv.slice(2);
watchDisk(folder!, failing(fault as Fault, Number(n)).happening);
await heldSignals(() => write(kind as Kind, 'new', folder!));
