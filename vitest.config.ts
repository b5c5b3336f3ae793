import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const everywhere = ['packages/*/src/**', 'apps/*/src/**'];
const ending = (suffix: string): string[] => everywhere.map((root) => `${root}/*${suffix}`);

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Most tests wait for sockets, programs and files: more workers than processors keep these busy.
    maxWorkers: Math.max(3, availableParallelism()),
    globalSetup: ['scripts/rsa-keys.mjs'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ending('.test.ts'),
          exclude: [...ending('.e2e.test.ts'), ...ending('.interop.test.ts')],
        },
      },
      // Built programs as a user runs them.
      { extends: true, test: { name: 'e2e', include: ending('.e2e.test.ts') } },
      // A real Teleport 18; skipped, in one line, where TELEPORT_BIN_DIR is not set.
      {
        extends: true,
        test: {
          name: 'interop',
          include: ending('.interop.test.ts'),
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
