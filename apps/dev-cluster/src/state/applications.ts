import type { AppServerV3, AppV3 } from '@teleport-ts/api-types/proto/teleport/types/app';
import { checkLabelKeys, checkMetadata } from '@teleport-ts/api-types/resources/metadata';
import { noRotation } from '@teleport-ts/api-types/resources/rotation';
import { badParameter } from '../errors.ts';
import { metadataOf } from '../resources.ts';
import type { ClusterState } from './cluster-state.ts';
import { checkResourceName } from './resource-name.ts';

export interface ApplicationFields {
  readonly name: string;
  /** Where it listens, e.g. `http://127.0.0.1:9000`; none: the built-in demo application. */
  readonly uri?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly description?: string;
  /** Default `<name>.localhost`. */
  readonly publicAddr?: string;
}

/** The address of applications that the demo application answers for (RFC 2606: it can be nobody's). */
export const DEMO_URI = 'http://demo.invalid';

// RFC 1123: names of applications become host names.
const HOST_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** An application and the heartbeat of the service that it is reached by. */
export function applicationServer({ facts }: ClusterState, fields: ApplicationFields, version: string): AppServerV3 {
  const { name, uri = DEMO_URI, labels = {}, description = '', publicAddr = `${name}.localhost` } = fields;
  if (!HOST_NAME.test(name)) {
    throw badParameter(`application name ${JSON.stringify(name)} must be a lower case host name, as in "my-app"`);
  }
  if (!HOST_NAME.test(publicAddr)) {
    throw badParameter(`public address ${JSON.stringify(publicAddr)} of the application ${name} must be a host name`);
  }
  if (!URL.canParse(uri)) throw badParameter(`address ${JSON.stringify(uri)} of the application ${name} is no URL`);
  const app: AppV3 = {
    Kind: 'app',
    SubKind: '',
    Version: 'v3',
    Metadata: metadataOf({ name, description, labels }),
    Spec: {
      URI: uri,
      PublicAddr: publicAddr,
      DynamicLabels: new Map(),
      InsecureSkipVerify: false,
      Rewrite: undefined,
      AWS: undefined,
      Cloud: '',
      UserGroups: [],
      Integration: '',
      RequiredAppNames: [],
      CORS: undefined,
      IdentityCenter: undefined,
      TCPPorts: [],
      UseAnyProxyPublicAddr: false,
    },
  };
  return {
    Kind: 'app_server',
    SubKind: '',
    Version: 'v3',
    Metadata: metadataOf({ name }),
    Spec: {
      Version: version,
      Hostname: 'dev-cluster',
      HostID: facts.hostId,
      Rotation: noRotation(),
      App: app,
      ProxyIDs: [facts.hostId],
    },
  };
}

const CLOUDS = new Set(['', 'AWS', 'Azure', 'GCP']);
const JWT_CLAIMS = new Set(['', 'roles-and-traits', 'roles', 'none', 'traits']);
const KUBE_PREFIX = 'kube-teleport-proxy-alpn.';

/**
 * An application that somebody sends, with its defaults.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkApp(app: AppV3): AppV3 {
  const Metadata = checkMetadata(app.Metadata);
  const name = JSON.stringify(Metadata.Name);
  const spec = app.Spec;
  checkLabelKeys(spec?.DynamicLabels, `app ${name}`);
  if (!spec || (spec.URI === '' && spec.Cloud === '')) throw badParameter(`app ${name} URI is empty`);
  if (!CLOUDS.has(spec.Cloud))
    throw badParameter(`app ${name} has unexpected Cloud value ${JSON.stringify(spec.Cloud)}`);
  const host = spec.PublicAddr.replace(/^[a-z]*:?\/\//, '');
  if (host.startsWith(KUBE_PREFIX)) {
    throw badParameter(
      `app ${JSON.stringify(KUBE_PREFIX)} DNS prefix found in ${JSON.stringify(spec.PublicAddr)} public_url is reserved ` +
        'for internal usage',
    );
  }
  const claims = spec.Rewrite?.JWTClaims ?? '';
  if (!JWT_CLAIMS.has(claims)) {
    throw badParameter(`app ${name} has unexpected JWT rewrite value ${JSON.stringify(claims)}`);
  }
  checkTcpPorts(spec);
  checkResourceName('/applications/', Metadata.Name);
  return { ...app, Kind: 'app', Version: 'v3', Metadata, Spec: { ...spec, URI: spec.URI || `cloud://${spec.Cloud}` } };
}

function checkTcpPorts({ URI, TCPPorts }: NonNullable<AppV3['Spec']>): void {
  if (TCPPorts.length === 0 || !URI.startsWith('tcp://')) return;
  if (/:\d+$/.test(URI)) {
    throw badParameter(
      `TCP app URI ${JSON.stringify(URI)} must not include a port number when the app spec defines a list of ports`,
    );
  }
  const refuse = (what: string, least: number, got: number): Error =>
    badParameter(`validating a port range of a TCP app\n\t${what} must be between ${least} and 65535, but got ${got}`);
  for (const { Port, EndPort } of TCPPorts) {
    if (Port < 1 || Port > 65_535) throw refuse('port', 1, Port);
    if (EndPort !== 0 && (EndPort <= Port || EndPort > 65_535)) throw refuse('end port', Port + 1, EndPort);
  }
}
