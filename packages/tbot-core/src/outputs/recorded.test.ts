import { expect, test } from 'vitest';
import { identityOf, type RecordedSet, recordedSet } from '../../test-support/recorded-output.ts';
import type { FileSet } from '../destinations/destination.ts';
import type { Identity } from '../identity.ts';
import { applicationFiles } from './application.ts';
import { baseFiles } from './base-files.ts';
import { databaseFiles } from './database.ts';
import { identityFiles } from './identity.ts';
import { kubernetesFiles } from './kubernetes.ts';
import { tlsRoutingEndpoints } from './proxy-endpoints.ts';

// Sets that the outputs of Go's tbot 18.0.0 wrote, taken apart and written again.

const tbotPath = '/usr/local/bin/tbot';
const proxy = tlsRoutingEndpoints('localhost:15080');
const ssh = (path: string) => (identity: Identity) => identityFiles(identity, { proxy, directory: { path, tbotPath } });

const WRITERS: Readonly<Record<string, (identity: Identity) => FileSet>> = {
  application: (identity) => applicationFiles(identity),
  'application-tls': (identity) => applicationFiles(identity, { specificTlsNaming: true }),
  'legacy-application-tls': (identity) => applicationFiles(identity, { specificTlsNaming: true }),
  identity: ssh('/opt/machine-id/identity'),
  'identity-leaf': ssh('/opt/machine-id/identity-leaf'),
  'legacy-identity': ssh('/opt/machine-id-legacy/identity'),
  'database-tls': (identity) => databaseFiles(identity, { format: 'tls' }),
  'database-mongo': (identity) => databaseFiles(identity, { format: 'mongo' }),
  kubernetes: (identity) =>
    kubernetesFiles(identity, {
      proxy,
      exec: { command: tbotPath, args: ['kube', 'credentials', '--destination-dir=/opt/machine-id/kubernetes'] },
    }),
  'kubernetes-inline': (identity) => kubernetesFiles(identity, { proxy }),
};

function compare(files: FileSet, recorded: RecordedSet): void {
  expect(Object.keys(files).sort()).toEqual(Object.keys(recorded).sort());
  expect(files).toEqual(recorded);
}

test.each(Object.keys(WRITERS))('writes the recorded set %s again, byte for byte', (name) => {
  const recorded = recordedSet(name);
  compare(WRITERS[name]!(identityOf(recorded)), recorded);
});

test('so for CockroachDB, where the authorities of servers are written too', () => {
  const recorded = recordedSet('database-cockroach');
  expect(recorded['cockroach/ca.crt']).toBe('');
  const files = databaseFiles(identityOf(recorded), { format: 'cockroach' });
  compare(files, { ...recorded, 'cockroach/ca.crt': recorded['teleport-database-ca.crt']! });
});

test('without a format a database has the files of every output', () => {
  const identity = identityOf(recordedSet('database-tls'));
  expect(databaseFiles(identity)).toEqual(baseFiles(identity));
  expect(identityFiles(identity)).toEqual(baseFiles(identity));
});
