import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const everywhere = ['packages/*/src/**', 'apps/*/src/**'];
const ending = (suffix: string): string[] => everywhere.map((root) => `${root}/*${suffix}`);

/** Tests of what a process holds, its memory or its handles, and tests whose set-up is made once in a process. */
const alone = [
  'apps/dev-cluster/src/dev-cluster.test.ts',
  'apps/dev-cluster/src/memory.test.ts',
  'apps/dev-cluster/src/pki/rsa-key-stock.test.ts',
  'apps/dev-cluster/src/proxy/held-connections.test.ts',
  'packages/api-client/src/areas/memory.test.ts',
  'packages/api-client/src/close.test.ts',
  'packages/api-client/src/many-clients.test.ts',
  'packages/tbot-daemon/src/*.test.ts',
  'packages/tbot-daemon/src/{diagnostics,service,sockets,store,systemd}/**/*.test.ts',
];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A second, the default, is short on a machine that does other things too.
    expect: { poll: { timeout: 10_000 } },
    // Most tests wait for sockets, programs and files: more workers than processors keep these busy.
    maxWorkers: Math.max(3, availableParallelism()),
    // What is built is loaded as it is: a package is not transformed once more for each file that stands on it.
    server: { deps: { external: [/\/dist\//] } },
    globalSetup: ['scripts/rsa-keys.mjs'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ending('.test.ts'),
          exclude: [...ending('.e2e.test.ts'), ...ending('.interop.test.ts'), ...alone],
          // Half of the time of most files went into loading, again and again, what they all stand on.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'unit-alone',
          include: alone,
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
