// The house of docs/architecture.md: an import goes down, never up or sideways,
// and enters a package by its exports map.
const floors = {
  'packages/api-types': [],
  'packages/api-client': ['packages/api-types'],
  'packages/tbot-core': ['packages/api-types', 'packages/api-client'],
  'packages/tbot-daemon': ['packages/api-types', 'packages/api-client', 'packages/tbot-core'],
  'packages/access-router': ['packages/api-types', 'packages/api-client'],
  'packages/tbot-cli': ['packages/api-types', 'packages/api-client', 'packages/tbot-core', 'packages/tbot-daemon'],
  'apps/dev-cluster': ['packages/api-types'],
};

const layers = Object.entries(floors).map(([from, below]) => ({
  name: `layers: ${from}`,
  comment: `${from} may import ${below.join(', ') || 'no other package of this repository'}`,
  severity: 'error',
  from: { path: `^${from}/src/`, pathNot: '\\.test\\.ts$' },
  to: { path: '^(packages|apps)/', pathNot: [from, ...below].map((room) => `^${room}/`).join('|') },
}));

module.exports = {
  forbidden: [
    ...layers,
    {
      name: 'no cycles',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'every import is declared and found',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/src/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'published code does not stand on development dependencies',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '^(packages|apps)/' },
    },
    {
      name: 'api-types: no I/O, no gRPC',
      severity: 'error',
      from: { path: '^packages/api-types/src/', pathNot: '\\.test\\.ts$' },
      to: { path: '@grpc/|^(node:)?(fs|net|tls|http2?|https|dns|child_process)(/|$)' },
    },
    {
      name: 'tbot-core/client stays small',
      comment: 'a program that asks a socket pulls in no joining, no configuration, no gRPC library',
      severity: 'error',
      from: { path: '^packages/tbot-core/src/client/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '@grpc/|/zod/|/yaml/|^packages/tbot-core/src/(join|config|bot|cluster|rotation/authority)',
        reachable: true,
      },
    },
    {
      name: 'tbot-core: the client of the cluster is loaded by a bot, or when it is asked for',
      comment: 'what tbot-core/client can reach names it in types, and imports it when a program wants a client',
      severity: 'error',
      from: {
        path: '^packages/tbot-core/src/',
        pathNot: '\\.test\\.ts$|^packages/tbot-core/src/(bot[^/]*\\.ts|(bot-identity|cluster|join|rotation)/)',
      },
      to: { path: '^packages/api-client/', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.tests.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
