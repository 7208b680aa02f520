import { afterAll, beforeAll, describe, test } from 'vitest';
import { CHROMIUM } from '../support/chromium.ts';
import { buildTests } from './web/builds.ts';
import { deathTests, lostGpuTests } from './web/deaths.ts';
import { providerTests } from './web/providers.ts';
import { sharedTests } from './web/shared.ts';
import { sourceTests } from './web/sources.ts';
import { openStage, type Stage } from './web/stage.ts';
import { surroundingsTests } from './web/surroundings.ts';
import { threadTests } from './web/threads.ts';

let stage: Stage;

if (CHROMIUM === undefined) {
  test.skip('models in browsers: NOT RUN, because no Chromium was found; CHROMIUM names one', () => undefined);
} else {
  beforeAll(async () => {
    stage = await openStage();
  }, 60_000);
  afterAll(() => stage.close());

  describe('what every platform owes', () => {
    sharedTests(() => stage);
  });
  describe('providers', () => {
    providerTests(() => stage);
  });
  describe('threads', () => {
    threadTests(() => stage);
  });
  describe('sources', () => {
    sourceTests(() => stage);
  });
  describe('surroundings', () => {
    surroundingsTests(() => stage);
  });
  describe('deaths', () => {
    deathTests(() => stage);
  });
  describe('builds', () => {
    buildTests(() => stage);
  });
  describe('the end of a GPU', () => {
    lostGpuTests(() => stage);
  });
}
