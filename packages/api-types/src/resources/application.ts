import { checkApplication } from '../application/checks.ts';
import { type AppServerV3, AppSpecV3, AppV3 } from '../gen/teleport/types/app.ts';
import { allLabels } from './labels.ts';
import { metadataFrom, type ResourceFields, type ResourceView, resourceView } from './resource.ts';
import { type ServerView, serverView } from './server.ts';

/** A web or TCP application behind an application service. */
export interface Application extends ResourceView<AppV3> {
  /** Where it listens, as its service sees it: `http://127.0.0.1:9000`, `tcp://…`, `cloud://AWS`. */
  readonly uri: string;
  /** The host name under which the proxy serves it. */
  readonly publicAddress: string;
  /** Static labels, and those that a command of its service finds. */
  readonly allLabels: Readonly<Record<string, string>>;
  /** `AWS`, `Azure`, `GCP`, or empty. */
  readonly cloud: string;
  readonly insecureSkipVerify: boolean;
  /** What is changed in requests on their way. */
  readonly rewrite:
    | {
        readonly redirect: readonly string[];
        readonly headers: readonly { readonly name: string; readonly value: string }[];
        /** `roles-and-traits` (empty means that too), `roles`, `traits` or `none`. */
        readonly jwtClaims: string;
      }
    | undefined;
  /** Ports, or ranges of them, that a TCP application answers at; `endPort` 0 for a single one. */
  readonly tcpPorts: readonly { readonly port: number; readonly endPort: number }[];
  /** Applications that this one calls from the browser. */
  readonly requiredApplications: readonly string[];
}

/** An application service that serves an application. */
export interface ApplicationServer extends ServerView<AppServerV3> {
  readonly application: Application;
}

/** What {@link newApplication} makes an application of. */
export interface ApplicationFields extends ResourceFields<AppV3> {
  readonly uri?: string;
  readonly publicAddress?: string;
  readonly cloud?: string;
  readonly insecureSkipVerify?: boolean;
  readonly rewrite?: Application['rewrite'];
  readonly tcpPorts?: Application['tcpPorts'];
  readonly requiredApplications?: readonly string[];
}

/** An application as its message says it. */
export function applicationView(message: AppV3): Application {
  const view = resourceView(message);
  const spec = message.Spec ?? AppSpecV3.create();
  const { Rewrite } = spec;
  return {
    ...view,
    uri: spec.URI,
    publicAddress: spec.PublicAddr,
    allLabels: allLabels(view.labels, spec.DynamicLabels),
    cloud: spec.Cloud,
    insecureSkipVerify: spec.InsecureSkipVerify,
    rewrite: Rewrite && {
      redirect: Rewrite.Redirect,
      headers: Rewrite.Headers.map(({ Name, Value }) => ({ name: Name, value: Value })),
      jwtClaims: Rewrite.JWTClaims,
    },
    tcpPorts: spec.TCPPorts.map(({ Port, EndPort }) => ({ port: Port, endPort: EndPort })),
    requiredApplications: spec.RequiredAppNames,
  };
}

/** An application service as its heartbeat says it. */
export function applicationServerView(message: AppServerV3): ApplicationServer {
  return { ...serverView(message), application: applicationView(message.Spec?.App ?? AppV3.create()) };
}

/**
 * An application resource, checked and with its defaults.
 *
 * @throws TeleportError `bad_parameter`, naming the field
 * @example
 * newApplication({ name: 'grafana', uri: 'http://127.0.0.1:3000', labels: { env: 'prod' } });
 */
export function newApplication(fields: ApplicationFields): AppV3 {
  const before = fields.raw ?? AppV3.create();
  const spec = before.Spec ?? AppSpecV3.create();
  const { rewrite, tcpPorts, requiredApplications } = fields;
  return checkAndSetDefaults({
    ...before,
    Metadata: metadataFrom(fields),
    Spec: {
      ...spec,
      URI: fields.uri ?? spec.URI,
      PublicAddr: fields.publicAddress ?? spec.PublicAddr,
      Cloud: fields.cloud ?? spec.Cloud,
      InsecureSkipVerify: fields.insecureSkipVerify ?? spec.InsecureSkipVerify,
      Rewrite:
        'rewrite' in fields
          ? rewrite && {
              ...spec.Rewrite,
              Redirect: [...rewrite.redirect],
              Headers: rewrite.headers.map(({ name, value }) => ({ Name: name, Value: value })),
              JWTClaims: rewrite.jwtClaims,
            }
          : spec.Rewrite,
      TCPPorts: tcpPorts?.map(({ port, endPort }) => ({ Port: port, EndPort: endPort })) ?? spec.TCPPorts,
      RequiredAppNames: requiredApplications ? [...requiredApplications] : spec.RequiredAppNames,
    },
  });
}

/**
 * What holds for any application, whichever cluster it is for, with the defaults that the basic part of a cluster fills
 * in.
 *
 * @throws TeleportError `bad_parameter`, with the texts of a Teleport 18
 */
export function checkAndSetDefaults(application: AppV3): AppV3 {
  return checkApplication(application);
}
