import { join } from 'node:path';
import { build } from 'vite';
import { buildWeb } from '../../scripts/build-web.mjs';
import { repositoryPath } from '../support/cli.ts';

/** The page as it is published, over the package as it is now rather than as it was built last. */
export async function buildPage(folder: string): Promise<void> {
  const web = join(folder, 'package');
  await buildWeb(web);
  await build({
    configFile: repositoryPath('web/vite.config.ts'),
    logLevel: 'error',
    resolve: { alias: { 'edgefold/web': join(web, 'edgefold.js') } },
    build: { outDir: join(folder, 'page') },
  });
}
