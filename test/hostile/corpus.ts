import type { HostileFile } from './hostile-file.ts';
import { archiveKinds } from './kinds/archives.ts';
import { externalKinds } from './kinds/external.ts';
import { graphKinds } from './kinds/graph.ts';
import { hdf5Kinds } from './kinds/hdf5.ts';
import { inputKinds } from './kinds/inputs.ts';
import { kerasKinds } from './kinds/keras.ts';
import { normalizationKinds } from './kinds/normalization.ts';
import { tensorKinds } from './kinds/tensors.ts';
import { tfjsKinds } from './kinds/tfjs.ts';
import { wireKinds } from './kinds/wire.ts';

/** All files, in the order of their kinds. */
export function corpus(): HostileFile[] {
  return [
    ...wireKinds(),
    ...graphKinds(),
    ...tensorKinds(),
    ...externalKinds(),
    ...normalizationKinds(),
    ...hdf5Kinds(),
    ...kerasKinds(),
    ...archiveKinds(),
    ...tfjsKinds(),
    ...inputKinds(),
  ];
}
