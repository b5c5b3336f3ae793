import { X509Certificate } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { Metadata, Server, ServerCredentials, status as Status, type UntypedHandleCall } from '@grpc/grpc-js';
import { toDurationMessage, toServiceDefinition, toTimestamp } from '@teleport-ts/api-types';
import { CannedCredentials, type CannedRequest } from '@teleport-ts/dev-cluster/testing';
import {
  DescribeResponse,
  DynamicCredentialsDefinition,
  Failure,
  type GenerateIdentityRequest,
  GenerateIdentityResponse,
  type Route,
} from '@teleport-ts/tbot-core/proto';

type Reply = (error: unknown, response?: GenerateIdentityResponse) => void;

/** A failure that the stand-in answers with; the rest of the detail may be left out. */
export interface StandInFailure {
  readonly status: keyof typeof Status;
  readonly detail?: Partial<Failure>;
  readonly words?: string;
}

/**
 * An agent's socket without an agent: grpc-js, and certificates of a cluster that does not run. It issues whatever it is
 * asked for, at most `maxTtlMs` long, unless told to fail.
 */
export class StandInAgent implements AsyncDisposable {
  readonly requests: GenerateIdentityRequest[] = [];
  readonly canned = new CannedCredentials('bar');
  maxTtlMs = 3_600_000;
  /** When callers are told to ask again. Default: after half of the lifetime. */
  refreshAfterMs: number | undefined;
  failure: StandInFailure | 'silence' | undefined;
  /** Where credentials lead; where nothing answers, it is not asked. */
  proxyAddress = '127.0.0.1:1';
  /** What callers are told that they may ask for. */
  description: Partial<DescribeResponse> = {
    roles: ['role-a', 'role-b'],
    kinds: ['application', 'database'],
    clusters: ['bar'],
    cluster: 'bar',
    defaultTtl: toDurationMessage(3_600_000),
    maxTtl: toDurationMessage(3_600_000),
    minTtl: toDurationMessage(60_000),
  };
  readonly #server = new Server();

  static async listen(path: string): Promise<StandInAgent> {
    const agent = new StandInAgent();
    const generateIdentity = (call: { request: GenerateIdentityRequest }, reply: Reply): void => {
      agent.requests.push(call.request);
      agent.#answer(call.request, reply);
    };
    const describe = (_: unknown, reply: (error: unknown, response: DescribeResponse) => void): void =>
      reply(null, DescribeResponse.fromPartial({ socket: path, ...agent.description }));
    const handlers: Record<string, UntypedHandleCall> = {
      generateIdentity: generateIdentity as UntypedHandleCall,
      describe: describe as UntypedHandleCall,
    };
    agent.#server.addService(toServiceDefinition(DynamicCredentialsDefinition), handlers);
    await new Promise<void>((resolve, reject) => {
      agent.#server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      );
    });
    await chmod(path, 0o600);
    return agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
  }

  #answer(request: GenerateIdentityRequest, reply: Reply): void {
    if (this.failure === 'silence') return;
    if (this.failure) {
      const { status, detail, words } = this.failure;
      const metadata = new Metadata();
      if (detail) metadata.set('tbot-failure-bin', Buffer.from(Failure.encode(Failure.fromPartial(detail)).finish()));
      reply({ code: Status[status], details: words ?? detail?.message ?? '', metadata });
      return;
    }
    reply(null, this.#issue(request));
  }

  #issue(request: GenerateIdentityRequest): GenerateIdentityResponse {
    const name = request.kind && 'name' in request.kind.value ? request.kind.value.name : '';
    const cluster = request.cluster || 'bar';
    const askedMs = request.ttl ? Number(request.ttl.seconds) * 1000 : this.maxTtlMs;
    const ttlMs = Math.min(askedMs, this.maxTtlMs);
    const roles = request.roles.length > 0 ? request.roles : ['role-a', 'role-b'];
    const publicAddr = `${name}.example.com`;
    const { tlsCertificate, sshCertificate } = this.canned.issue({
      tlsPublicKey: String(request.tlsPublicKey),
      sshPublicKey: String(request.sshPublicKey),
      identity: {
        user: 'bot-ci',
        roles,
        teleportCluster: 'bar',
        routeToCluster: cluster,
        ...subjectOf(request, publicAddr),
      },
      ttlMs,
    });
    return GenerateIdentityResponse.fromPartial({
      tlsCertificate: Buffer.from(tlsCertificate),
      sshCertificate: Buffer.from(sshCertificate),
      authorities: this.canned.authorities.map((authority) => ({
        ...authority,
        tlsCertificates: authority.tlsCertificates.map((pem) => Buffer.from(pem)),
        sshPublicKeys: authority.sshPublicKeys.map((line) => Buffer.from(line)),
      })),
      roles: [...roles],
      expires: toTimestamp(new Date(new X509Certificate(tlsCertificate).validTo)),
      refreshAt: toTimestamp(new Date(Date.now() + (this.refreshAfterMs ?? ttlMs / 2))),
      ttl: {
        asked: toDurationMessage(askedMs),
        effective: toDurationMessage(ttlMs),
        cutBy: ttlMs < askedMs ? 'max_ttl of the socket' : '',
      },
      route: {
        cluster,
        proxyAddress: this.proxyAddress,
        target: targetOf(request, publicAddr),
      },
    });
  }
}

function targetOf({ kind }: GenerateIdentityRequest, publicAddress: string): Route['target'] {
  switch (kind?.$case) {
    case 'application':
      return { $case: 'application', value: { name: kind.value.name, publicAddress } };
    case 'database':
      return { $case: 'database', value: { protocol: 'postgres', ...kind.value } };
    case 'kubernetes':
      return { $case: 'kubernetes', value: { name: kind.value.name } };
    default:
      return undefined;
  }
}

/** What the certificate names as its target. */
function subjectOf({ kind, cluster }: GenerateIdentityRequest, publicAddr: string): Partial<CannedRequest['identity']> {
  switch (kind?.$case) {
    case 'application':
      return { app: { name: kind.value.name, publicAddr, clusterName: cluster || 'bar', sessionId: 'session' } };
    case 'database': {
      const { name: service, username: user, database: name } = kind.value;
      return { database: { service, protocol: 'postgres', user, name, roles: [] } };
    }
    case 'kubernetes':
      return { kubernetesCluster: kind.value.name };
    default:
      return {};
  }
}
