import { parseIdentityFile, parseTlsIdentity, type RequestInput } from '@teleport-ts/api-types';
import { BotServiceDefinition as Bots } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_service';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { JoinServiceDefinition as Join } from '@teleport-ts/api-types/proto/teleport/proto/join_service';
import { ProvisionTokenV2 } from '@teleport-ts/api-types/proto/teleport/types/provision_token';
import { UsersServiceDefinition as Users } from '@teleport-ts/api-types/proto/teleport/users/v1/users_service';
import { labelValues } from '../resources.ts';
import { type WireKey, wireKey } from '../testing/wire-bot.ts';
import { WireClient, type WireCredentials } from '../testing/wire-client.ts';
import { toTimestamp } from '../timestamps.ts';
import { askers, bots, roles, tokens, traits, users } from './inhabitants.ts';

/** Who asks. */
export type Caller =
  /** May do everything. */
  | 'admin'
  /** A user with the role `viewer`. */
  | 'bob'
  /** Users with the roles that `inhabitants.ts` names. */
  | 'dave'
  | 'erin'
  | 'frank'
  | 'gina'
  | 'hank'
  | 'iris'
  | 'jack'
  | 'kate'
  | 'leo'
  /** Bots that may request roles for themselves, with their own certificates. */
  | (typeof askers)[number]
  /** One of them, with a certificate for which it has assumed a role. */
  | 'assumed'
  /** The bot `ci`, with its own certificate. */
  | 'bot'
  /** What the bot `ci` was given with the role `viewer`. */
  | 'output'
  /** The same, but it may be issued again. */
  | 'reissuable'
  /** A user whose roles have rules with `where` clauses. */
  | 'dora'
  /** A bot whose user is locked. */
  | 'locked'
  /** A bot that was deleted after it had joined. */
  | 'deleted'
  /** A bot, with its certificate of before its renewal. */
  | 'stale'
  /** Without a certificate. */
  | 'nobody'
  /** Without a certificate, saying that it is of version 15.0.0. */
  | 'old'
  /** The administrator, saying that it is of version 17.2.3. */
  | 'older'
  /** The same, of version 17.0.1. */
  | 'oldest'
  /** Without a certificate, saying that it is of version 25.0.0. */
  | 'newer'
  /** Without a certificate, with a version that is none. */
  | 'junk'
  /** Without a certificate, saying no version. */
  | 'silent';

/** What the two clusters offer for setting the scene. */
export interface Stage {
  readonly name: string;
  readonly authAddress: string;
  readonly proxyAddress: string;
  readonly webCaPem: string;
  /** Identity file of a user that exists. */
  identityFile(user: string): Promise<string>;
}

type UserCertsRequest = RequestInput<(typeof Auth)['methods']['generateUserCerts']>;

/** One cluster with the users, roles, bots, and tokens that all comparisons speak of. */
export class Scene {
  readonly stage: Stage;
  readonly clients: Map<Caller, WireClient> = new Map();
  /** Keys are made once: making them is not what is compared. */
  readonly keys: WireKey = wireKey();
  readonly botInstances: Map<string, string> = new Map();

  private constructor(stage: Stage) {
    this.stage = stage;
  }

  static async set(stage: Stage): Promise<Scene> {
    const scene = new Scene(stage);
    try {
      await scene.#set();
      return scene;
    } catch (error) {
      scene.close();
      throw error;
    }
  }

  client(caller: Caller): WireClient {
    const client = this.clients.get(caller);
    if (!client) throw new Error(`nobody is called ${caller}`);
    return client;
  }

  /** A moment from now on, as requests take it. */
  inMs(ms: number): { seconds: bigint; nanos: number } {
    return toTimestamp(Date.now() + ms);
  }

  /** `GenerateUserCerts` of a bot for itself: an hour, both keys, unless said otherwise. */
  certs(request: UserCertsRequest = {}): UserCertsRequest {
    return {
      Username: 'bot-ci',
      Expires: this.inMs(3_600_000),
      TLSPublicKey: this.keys.tlsPublicKey,
      SSHPublicKey: this.keys.sshPublicKey,
      ...request,
    };
  }

  /** The same with role impersonation. */
  output(request: UserCertsRequest = {}): UserCertsRequest {
    return this.certs({ UseRoleRequests: true, RoleRequests: ['viewer'], ...request });
  }

  close(): void {
    for (const client of this.clients.values()) client.close();
  }

  async #set(): Promise<void> {
    const alice = await this.stage.identityFile('alice');
    const ca = parseIdentityFile(alice).tlsAuthorities.join('\n');
    const connect = (caller: Caller, options: { identity?: WireCredentials; metadata?: Record<string, string> }) =>
      this.clients.set(caller, new WireClient({ address: this.stage.authAddress, ca, ...options }));
    connect('admin', { identity: identity(alice) });
    connect('older', { identity: identity(alice), metadata: { version: '17.2.3' } });
    connect('oldest', { identity: identity(alice), metadata: { version: '17.0.1' } });
    connect('nobody', {});
    connect('old', { metadata: { version: '15.0.0' } });
    connect('newer', { metadata: { version: '25.0.0' } });
    connect('junk', { metadata: { version: 'junk' } });
    connect('silent', { metadata: {} });

    const admin = this.client('admin');
    for (const role of roles) await admin.call(Auth, 'upsertRoleV2', { Role: role });
    for (const [Name, Roles] of Object.entries(users)) {
      const Spec = { Roles: [...Roles], ...(Name !== 'bob' && { Traits: labelValues(traits) }) };
      await admin.call(Users, 'createUser', { user: { Kind: 'user', Version: 'v2', Metadata: { Name }, Spec } });
    }
    for (const [name, roles] of Object.entries(bots)) {
      await admin.call(Bots, 'createBot', {
        bot: { kind: 'bot', version: 'v1', metadata: { name }, spec: { roles: [...roles] } },
      });
    }
    for (const [name, spec] of Object.entries(tokens)) {
      const value = ProvisionTokenV2.create({
        Kind: 'token',
        Version: 'v2',
        Metadata: { Name: name, Expires: this.inMs(name === 'token-expired' ? 1_000 : 3_600_000) },
        Spec: spec,
      });
      await admin.call(Auth, 'upsertTokenV2', { Token: { $case: 'V2', value } });
    }

    // Users that are nobody's impersonation: only those may assume what they were granted.
    for (const bot of askers) {
      await retried(async () => {
        const { user } = await admin.call(Users, 'getUser', { name: `bot-${bot}` });
        if (!user?.Spec) throw new Error('not there yet');
        const Spec = { ...user.Spec, Roles: [`bot-${bot}`, 'requester'] };
        await admin.call(Users, 'updateUser', { user: { ...user, Spec } });
      });
    }
    for (const bot of askers) {
      await retried(async () => {
        const { user } = await admin.call(Users, 'getUser', { name: `bot-${bot}` });
        if (user?.Spec?.Roles.length !== 2) throw new Error('not known everywhere yet');
      });
    }
    const own = await this.#join('ci', 'token-ci');
    connect('bot', { identity: own });
    connect('output', { identity: await this.#issue('bot', this.output()) });
    connect('reissuable', {
      identity: await this.#issue('bot', this.output({ ReissuableRoleImpersonation: true })),
    });
    for (const name of ['locked', 'deleted', 'stale', ...askers] as const) {
      connect(name, { identity: await this.#join(name, `token-${name}`) });
    }
    await this.#issue('stale', this.certs({ Username: 'bot-stale' }));
    for (const name of Object.keys(users) as Caller[]) {
      connect(name, { identity: identity(await this.stage.identityFile(name)) });
    }
    await this.#request();
    connect('assumed', { identity: await this.#assume() });
    await admin.call(Bots, 'deleteBot', { botName: 'deleted' });
    await admin.call(Auth, 'upsertLock', {
      Kind: 'lock',
      Version: 'v2',
      Metadata: { Name: 'lock-locked' },
      Spec: { Target: { User: 'bot-locked' }, Message: 'for the comparison' },
    });
    await admin.call(Users, 'createUser', {
      user: {
        ...{ Kind: 'user', Version: 'v2' },
        Metadata: { Name: 'dora', Description: 'about', Labels: new Map([['team', 'red']]) },
        Spec: { Roles: ['clauses', 'red-things', 'impersonator'], Traits: labelValues({ team: ['red', 'green'] }) },
      },
    });
    connect('dora', { identity: identity(await this.stage.identityFile('dora')) });
    await this.#settled();
  }

  /** What Jack asks for: requests in three states. */
  async #request(): Promise<void> {
    for (const [index, State] of [1, 2, 3, 1].entries()) {
      const Roles = index === 3 ? ['granted-a', 'granted-b'] : ['granted-a'];
      const { Metadata } = await retried(() =>
        this.client('jack').call(Auth, 'createAccessRequestV2', {
          Metadata: { Name: '00000000-0000-4000-8000-000000000000' },
          Spec: { User: 'jack', Roles },
        }),
      );
      if (State === 1) continue;
      const decision = { ID: Metadata?.Name ?? '', State: State as 2 | 3, Reason: `${State}` };
      await retried(() => this.client('dave').call(Auth, 'setAccessRequestState', decision));
    }
  }

  async #assume(): Promise<WireCredentials> {
    const { Metadata } = await retried(() =>
      this.client('asker-5').call(Auth, 'createAccessRequestV2', {
        Metadata: { Name: '00000000-0000-4000-8000-000000000000' },
        Spec: { User: 'bot-asker-5', Roles: ['granted-a'] },
      }),
    );
    const id = Metadata?.Name ?? '';
    await retried(() => this.client('dave').call(Auth, 'setAccessRequestState', { ID: id, State: 2 }));
    return this.#issue('asker-5', this.certs({ Username: 'bot-asker-5', AccessRequests: [id] }));
  }

  async #join(bot: string, token: string): Promise<WireCredentials> {
    const { TLS } = await retried(() =>
      this.client('nobody').call(Join, 'registerUsingToken', {
        Token: token,
        Role: 'Bot',
        NodeName: 'node-1',
        PublicTLSKey: this.keys.tlsPublicKey,
        PublicSSHKey: this.keys.sshPublicKey,
      }),
    );
    const cert = TLS.toString();
    this.botInstances.set(bot, parseTlsIdentity(cert).botInstanceId ?? '');
    return { key: this.keys.key, cert };
  }

  async #issue(caller: Caller, request: UserCertsRequest): Promise<WireCredentials> {
    const { TLS } = await retried(() => this.client(caller).call(Auth, 'generateUserCerts', request));
    return { key: this.keys.key, cert: TLS.toString() };
  }

  // The real cluster answers from a cache; the last things that were done have to be in it.
  async #settled(): Promise<void> {
    const refused = async (caller: Caller): Promise<void> => {
      for (let attempt = 0; attempt < 50; attempt++) {
        if (
          await this.client(caller)
            .call(Auth, 'ping', {})
            .catch(() => undefined)
        ) {
          await new Promise((resolve) => setTimeout(resolve, 100));
        } else return;
      }
      throw new Error(`${caller} is still served`);
    };
    await refused('locked');
    await refused('deleted');
    for (const name of ['bob', 'dora'] as const) await retried(() => this.client(name).call(Auth, 'ping', {}));
  }
}

async function retried<T>(action: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      if (attempt === 30) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function identity(file: string): WireCredentials {
  const { privateKey, tlsCertificate } = parseIdentityFile(file);
  return { key: privateKey, cert: tlsCertificate };
}
