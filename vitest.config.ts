import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The native runtime loads once per worker process; threads would share its environment.
    pool: 'forks',
    testTimeout: 30_000,
    globalSetup: './test/support/build-cli.ts',
    reporters: ['default', './test/support/closing-line.ts'],
  },
});
