import type { AppServerV3, AppV3 } from '@teleport-ts/api-types/proto/teleport/types/app';
import { checkAndSetDefaults } from '@teleport-ts/api-types/resources/application';
import { badParameter } from '../errors.ts';
import { metadataOf, nameOf } from '../resources.ts';
import type { ClusterState } from './cluster-state.ts';
import { servedHere } from './heartbeat.ts';
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

/** An application of the cluster. */
export interface Application {
  readonly name: string;
  /** `foo.localhost` */
  readonly publicAddr: string;
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
      ...servedHere(facts, version),
      App: app,
    },
  };
}

/**
 * An application that somebody sends, with its defaults.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkApp(app: AppV3): AppV3 {
  const checked = checkAndSetDefaults(app);
  checkResourceName('/applications/', nameOf(checked));
  return checked;
}
