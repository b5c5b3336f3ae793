import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import {
  areInstalled,
  L7Balancer,
  RealTeleport,
  runProgram,
  TemporaryDirectory,
  teleportBinDir,
} from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RealAgent } from '../../test-support/real-services.ts';

// The proxy of a real Teleport 18 that people know by the address of a balancer, which ends TLS: there OpenSSH is the only
// program that still gets through by itself, since its proxy command asks the balancer for an upgrade.

describe.skipIf(!teleportBinDir() || !areInstalled('ssh'))('OpenSSH, behind a balancer', () => {
  let balancer: L7Balancer;
  let teleport: RealTeleport;
  let agent: RealAgent;
  let folder: TemporaryDirectory;
  const login = userInfo().username;

  beforeAll(async () => {
    folder = await TemporaryDirectory.create();
    balancer = await L7Balancer.start({ to: () => teleport.proxyAddress });
    teleport = await RealTeleport.start({
      nodeLabels: { env: 'demo' },
      configure: (config) => {
        config.proxy_service.public_addr = [balancer.address];
      },
    });
    await teleport.createRole('deployer', { allow: { node_labels: { '*': '*' }, logins: [login] } });
    await writeFile(folder.join('web-ca.pem'), balancer.caPem);
    agent = await RealAgent.start({ teleport }, 'ci', balancer.address, { webCaPath: folder.join('web-ca.pem') });
  });
  afterAll(async () => {
    await agent?.[Symbol.asyncDispose]();
    await teleport?.stop();
    await balancer?.stop();
    await folder?.[Symbol.asyncDispose]();
  });

  test('runs a command on a node', async () => {
    const out = await agent.generate('identity', 'identity');
    const before = balancer.forwarded.length;
    const { code, stdout, stderr } = await runProgram(
      'ssh',
      [
        ...['-F', join(out, 'ssh_config'), '-o', 'BatchMode=yes', '-p', String(teleport.ports.node)],
        ...[`${login}@real.root.test`, 'echo here I am; head -c 1000000 /dev/zero | wc -c'],
      ],
      { env: agent.env },
    );
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'here I am\n1000000\n', stderr: '' });
    const upgrades = balancer.forwarded.slice(before).filter(({ upgrade }) => upgrade !== undefined);
    expect(upgrades.map(({ url }) => url)).toContain('/webapi/connectionupgrade');
  });
});
