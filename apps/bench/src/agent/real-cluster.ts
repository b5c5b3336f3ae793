import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Client, connect, loadTLS } from '@teleport-ts/api-client';
import { toTimestamp } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { RealTeleport, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { Bot, MemoryDestination } from '@teleport-ts/tbot-core';
import type { Bench } from '../bench.ts';
import { interleaved, type Load, load, median, ratio } from '../measure.ts';
import { Scratch } from '../process/leftovers.ts';
import { ms } from '../report.ts';
import { startAgent } from './agent.ts';
import { Caller, issueRequest } from './caller.ts';
import { APPLICATION, BOT, ROLE } from './names.ts';

/** A warm credential through the agent's socket from a real cluster, beside the one call to it that nothing can spare. */
export const realCluster: Bench = async ({ quick }) => {
  if (!teleportBinDir()) {
    return { rows: [], notes: ['a real cluster was not asked: TELEPORT_BIN_DIR names no folder with its programs'] };
  }
  using scratch = new Scratch();
  await using application = await Application.listen();
  await using teleport = await RealTeleport.start({
    applications: [{ name: APPLICATION, uri: application.uri, labels: { env: 'bench' } }],
  });
  await teleport.createRole(ROLE, { allow: { app_labels: { '*': '*' } } });
  const token = await teleport.createBot(BOT, [ROLE]);
  const cluster = { address: teleport.authAddress, caPin: await teleport.caPin(), token };
  await using agent = await startAgent(scratch, 'agent', cluster);
  const request = issueRequest();
  using caller = new Caller(agent.socket, request);
  const answer = await caller.issue();
  const route = answer.route?.target?.$case === 'application' ? answer.route.target.value : undefined;

  const store = new MemoryDestination();
  await using bot = await Bot.start({
    authServer: teleport.authAddress,
    onboarding: { token: await teleport.createBotToken(BOT, 'token-of-the-bench'), caPins: [cluster.caPin] },
    store,
  });
  const identity = await bot.generateIdentity({ kind: 'application', name: APPLICATION });
  await using client: Client = await connect({
    addresses: [teleport.authAddress],
    credentials: loadTLS({
      cert: String(await store.read('tlscert')),
      key: String(await store.read('key')),
      ca: identity.authorities.filter(({ type }) => type === 'host').flatMap((authority) => authority.tlsCertificates),
    }),
  });
  const auth = client.service(AuthServiceDefinition);
  const bare = (): Promise<unknown> =>
    auth.generateUserCerts({
      Username: `bot-${BOT}`,
      Expires: toTimestamp(new Date(Date.now() + 3_600_000)),
      RoleRequests: [ROLE],
      UseRoleRequests: true,
      RouteToCluster: teleport.name,
      TLSPublicKey: request.tlsPublicKey,
      SSHPublicKey: request.sshPublicKey,
      RouteToApp: { Name: APPLICATION, PublicAddr: route?.publicAddress ?? '', ClusterName: teleport.name },
    });

  const calls = quick ? 20 : 50;
  const arms = {
    ours: (): Promise<Load> => load(() => caller.issue(), calls, 1),
    bare: (): Promise<Load> => load(bare, calls, 1),
  };
  await interleaved(arms, 2);
  const samples = await interleaved(arms, quick ? 3 : 9);
  const [p50, p50Bare] = [samples.ours.map((s) => s.p50), samples.bare.map((s) => s.p50)];
  return {
    rows: [
      {
        what: 'a warm credential from a real cluster, p50',
        ours: ms(median(p50)),
        baseline: `${ms(median(p50Bare))} bare GenerateUserCerts`,
        ratio: ratio(p50, p50Bare),
        budget: { sign: '<=', value: 1.3 },
      },
    ],
  };
};

/** What the cluster's application service stands before. */
class Application implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(): Promise<Application> {
    const server = createServer((_request, response) => response.end('ok\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Application(server);
  }

  get uri(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
