import { join } from 'node:path';
import { runProgram } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isInstalled } from '../../test-support/consumers.ts';
import { Journey, tbot, tbotInProcess } from '../../test-support/journey.ts';

// A credential for an application of a leaf cluster, with the built programs; it is used at the root's proxy.

const hasCurl = await isInstalled('curl');

describe('an application of a leaf cluster', () => {
  let journey: Journey;
  beforeAll(async () => {
    journey = await Journey.start({ leaves: [{ name: 'leaf.example', roleMap: { 'role-a': ['guest'] } }] });
    const leaf = journey.cluster.leaf('leaf.example');
    leaf.upsertRole({ name: 'guest', allow: { appLabels: { '*': '*' } } });
    await leaf.addApplication({ name: 'far' });
  });
  afterAll(() => journey[Symbol.asyncDispose]());

  const generate = (run: typeof tbotInProcess, socket: string, cluster: string, out: string) =>
    run(['generate', '--socket', socket, 'application', '--app-name', 'far', '--cluster', cluster, '--out', out]);

  test.each([
    ['an auth service', () => journey.cluster.authAddress],
    ["a proxy's web address", () => journey.cluster.proxyAddress],
  ])('through %s; a cluster that is none is told with those that are', async (_, address) => {
    const { webCaPath, proxyAddress } = journey.cluster;
    const { socket, bot } = await journey.agent({ address: address(), env: { NODE_EXTRA_CA_CERTS: webCaPath } });
    const out = journey.fresh('leaf-credentials');
    const made = await generate(tbot, socket, 'leaf.example', out);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toContain('far at far.localhost, cluster leaf.example');

    const elsewhere = await generate(tbotInProcess, socket, 'root.example', journey.fresh('refused'));
    expect(elsewhere.code).not.toBe(0);
    expect(elsewhere.stderr).toMatch(/^error: there is no application "far" in cluster root\.example/);

    const nowhere = await generate(tbotInProcess, socket, 'nosuch.example', journey.fresh('refused'));
    expect(nowhere.code).not.toBe(0);
    expect(nowhere.stderr).toMatch(/^error: .*"nosuch\.example"/);
    expect(nowhere.stderr).toContain('leaf.example');

    if (!hasCurl) return;
    const curl = await runProgram('curl', [
      ...['-sS', '--fail', '--cacert', webCaPath as string],
      ...['--cert', join(out, 'tlscert'), '--key', join(out, 'key'), `https://${proxyAddress}/`],
    ]);
    expect({ code: curl.code, stderr: curl.stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(curl.stdout).caller).toEqual({ user: `remote-bot-${bot}-root.example`, roles: ['guest'] });
  });
});
