import { chmod, copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from './dev-cluster.ts';
import { runProgram } from './testing/program.ts';
import { RealTeleport, teleportBinDir } from './testing/real-teleport.ts';
import { TemporaryDirectory } from './testing/temporary-directory.ts';

// tctl does to every kind of resource here what it does to a real cluster: the same calls, and their outcomes compared.

const binDir = teleportBinDir();

/** One kind: how a resource of it looks, and what an editor changes in the text of it. */
interface Subject {
  readonly kind: string;
  readonly version: string;
  readonly name?: string;
  readonly subKind?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly expires?: string;
  readonly spec: object;
  /** What is created over it by force. */
  readonly changed: object;
  /** From the text in the file to another one. */
  readonly edit: readonly [from: string, to: string];
  /** Why a real cluster does not let this identity, or tctl itself, edit it. */
  readonly noEdit?: string;
  /** Is there from the start, and is reset where others are removed. */
  readonly single?: true;
}

const LABELS = { env: 'made' };
const tomorrow = new Date(Date.now() + 86_400_000).toISOString();

const subjects: readonly Subject[] = [
  {
    ...{ kind: 'role', version: 'v7', spec: { allow: { app_labels: { a: 'b' } } } },
    ...{ changed: { allow: { app_labels: { a: 'c' }, logins: ['root'] } }, edit: ['- root', '- ubuntu'] },
  },
  {
    ...{ kind: 'user', version: 'v2', spec: { roles: ['tester'] } },
    ...{ changed: { roles: ['tester', 'other'], traits: { logins: ['root'] } }, edit: ['- root', '- ubuntu'] },
    noEdit: 'tctl asks for the secrets of users, which no user may read',
  },
  {
    ...{
      kind: 'token',
      version: 'v2',
      expires: tomorrow,
      spec: { roles: ['Bot'], join_method: 'token', bot_name: 'ci' },
    },
    ...{ changed: { roles: ['Bot'], join_method: 'token', bot_name: 'cd' }, edit: ['bot_name: cd', 'bot_name: ce'] },
  },
  {
    ...{ kind: 'app', version: 'v3', labels: LABELS, spec: { uri: 'http://127.0.0.1:1' } },
    ...{ changed: { uri: 'http://127.0.0.1:2' }, edit: ['127.0.0.1:2', '127.0.0.1:3'] },
  },
  {
    ...{ kind: 'db', version: 'v3', labels: LABELS, spec: { protocol: 'postgres', uri: 'localhost:1' } },
    ...{ changed: { protocol: 'postgres', uri: 'localhost:2' }, edit: ['localhost:2', 'localhost:3'] },
  },
  {
    ...{ kind: 'kube_cluster', version: 'v3', labels: LABELS, spec: {} },
    ...{ changed: {}, edit: ['env: made', 'env: edited'] },
  },
  {
    ...{
      kind: 'node',
      version: 'v2',
      subKind: 'openssh',
      name: '5f8eb7a3-1d0c-4a43-a1a3-8ba4bd39a5a5',
      labels: LABELS,
    },
    ...{ spec: { addr: '10.0.0.1:22', hostname: 'made-1' }, changed: { addr: '10.0.0.1:22', hostname: 'made-2' } },
    ...{ edit: ['hostname: made-2', 'hostname: made-3'] },
  },
  {
    ...{ kind: 'lock', version: 'v2', spec: { target: { user: 'nobody' }, message: 'one' } },
    ...{ changed: { target: { user: 'nobody' }, message: 'two' }, edit: ['message: two', 'message: three'] },
  },
  {
    ...{ kind: 'bot', version: 'v1', spec: { roles: ['tester'] } },
    ...{ changed: { roles: ['tester', 'other'] }, edit: ['- other', '- another'] },
    noEdit: 'tctl 18.0.0 reads the YAML that it wrote as JSON',
  },
  {
    ...{ kind: 'cluster_auth_preference', version: 'v2', name: 'cluster-auth-preference', single: true },
    ...{ spec: { type: 'local', second_factors: ['otp'], message_of_the_day: 'hello' } },
    ...{ changed: { type: 'local', second_factors: ['otp'], message_of_the_day: 'good morning' } },
    ...{ edit: ['good morning', 'good night'] },
  },
];

interface Step {
  readonly step: string;
  readonly code: number | null;
  readonly said: unknown;
}

describe.skipIf(binDir === undefined)('tctl', () => {
  let directory: TemporaryDirectory;
  let ours: DevCluster;
  let real: RealTeleport;
  const identities: Record<'ours' | 'real', string> = { ours: '', real: '' };

  beforeAll(async () => {
    directory = await TemporaryDirectory.create();
    [ours, real] = await Promise.all([DevCluster.start({ name: 'root.test' }), RealTeleport.start()]);
    const labels = { app_labels: { '*': '*' }, db_labels: { '*': '*' }, kubernetes_labels: { '*': '*' } };
    const rules = [{ resources: ['*'], verbs: ['*'] }];
    await real.createRole('tester', { allow: { rules, node_labels: { '*': '*' }, ...labels } });
    const everything = { '*': '*' };
    const conditions = { nodeLabels: everything, appLabels: everything, databaseLabels: everything };
    ours.upsertRole({
      name: 'tester',
      allow: { ...conditions, kubernetesLabels: everything, rules: [{ resources: ['*'], verbs: ['*'] }] },
    });
    for (const name of ['other', 'another']) {
      ours.upsertRole({ name });
      await real.createRole(name, {});
    }
    ours.upsertUser({ name: 'alice', roles: ['tester'] });
    await real.tctl(['users', 'add', 'alice', '--roles=tester']);
    for (const name of ['ours', 'real'] as const) identities[name] = directory.join(`${name}.id`);
    const { identityFile } = await ours.issueUserCredentials({ user: 'alice' });
    await writeFile(identities.ours, identityFile, { mode: 0o600 });
    await copyFile(await real.identityFile('alice'), identities.real);
    // What people do in an editor, by itself.
    await writeFile(directory.join('editor'), '#!/bin/sh\nexec sed -i "s/$EDIT_FROM/$EDIT_TO/" "$1"\n');
    await chmod(directory.join('editor'), 0o700);
  });

  afterAll(async () => {
    await Promise.all([ours?.stop(), real?.stop()]);
    await directory[Symbol.asyncDispose]();
  });

  /** Everything that tctl does to a resource, and what comes of each. */
  async function life(which: 'ours' | 'real', subject: Subject, expected: readonly Step[] = []): Promise<Step[]> {
    const { kind, version, subKind, labels, expires, single, edit } = subject;
    const { authAddress } = which === 'ours' ? ours : real;
    const name = subject.name ?? `made-${kind.replaceAll('_', '-')}`;
    const steps: Step[] = [];
    const run = async (step: string, args: readonly string[], input: string): Promise<Step> => {
      const { code, stdout, stderr } = await runProgram(
        join(binDir as string, 'tctl'),
        [`--auth-server=${authAddress}`, '-i', identities[which], ...args],
        {
          input,
          env: {
            TELEPORT_HOME: directory.join(`home-${which}`),
            SSL_CERT_FILE: which === 'ours' ? undefined : real.webCaPath,
            EDITOR: directory.join('editor'),
            EDIT_FROM: edit[0],
            EDIT_TO: edit[1],
          },
        },
      );
      const isShown = code === 0 && args[0] === 'get';
      return { step, code, said: isShown ? comparable(JSON.parse(stdout)) : withoutNames(`${stdout}${stderr}`) };
    };
    const tctl = async (step: string, args: readonly string[], input = ''): Promise<void> => {
      let done = await run(step, args, input);
      // A real cluster reads from a cache that lags behind.
      const wanted = expected[steps.length];
      for (let again = 0; again < 50 && args[0] === 'get' && wanted; again++) {
        if (isDeepStrictEqual(done, wanted)) break;
        await setTimeout(200);
        done = await run(step, args, input);
      }
      steps.push(done);
    };
    const resource = (spec: object): string =>
      JSON.stringify({
        ...{ kind, version, metadata: { name, ...(labels && { labels }), ...(expires && { expires }) }, spec },
        ...(subKind && { sub_kind: subKind }),
      });
    const named = single ? kind : `${kind}/${name}`;
    const get = (step: string): Promise<void> => tctl(step, ['get', named, '--format=json']);
    if (!single) {
      await tctl('create', ['create'], resource(subject.spec));
      await get('get');
    }
    await tctl('create again', ['create'], resource(subject.spec));
    await tctl('create by force', ['create', '-f', ...(single ? ['--confirm'] : [])], resource(subject.changed));
    await get('get after that');
    await tctl('edit', ['edit', named]);
    await get('get what was edited');
    await tctl('remove', ['rm', named]);
    await get('get what is gone');
    await tctl('remove again', ['rm', named]);
    return steps;
  }

  it.each(subjects)('creates, replaces, edits, gets and removes as with a real cluster: $kind', async (subject) => {
    const here = await life('ours', subject);
    const there = await life('real', subject, here);
    const edited = there.find(({ step }) => step === 'get what was edited');
    const isEdited = expect(JSON.stringify(edited?.said));
    (subject.noEdit ? isEdited.not : isEdited).toContain(subject.edit[1].replace(/^- |^.*: /, ''));
    expect(here).toEqual(there);
  });
});

/** A real cluster's text about a lock that is not there names another resource; an editor's file has a name of its own. */
const withoutNames = (text: string): string =>
  text.replace(/("lock" )"(?:made-lock|autoupdate-config)"/, '$1"…"').replaceAll(/\/tmp\/\S+/g, '/tmp/…');

/** Without what no two clusters have in common. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  const own = new Set(['revision', 'created_by', 'created_at', 'locked_time', 'lock_expires']);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (own.has(key) ? [] : [[key, comparable(member)]])),
  );
}
