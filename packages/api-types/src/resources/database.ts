import { badParameter } from '../bad-parameter.ts';
import { type EnumText, enumTexts } from '../enum-text.ts';
import { DatabaseSpecV3, DatabaseStatusV3, DatabaseTLSMode, DatabaseV3 } from '../gen/teleport/types/database.ts';
import type { DatabaseServerV3 } from '../gen/teleport/types/database_server.ts';
import { fromTimestamp } from '../timestamp.ts';
import { allLabels } from './labels.ts';
import { checkLabelKeys, checkMetadata } from './metadata.ts';
import { metadataFrom, type ResourceFields, type ResourceView, resourceView } from './resource.ts';
import { type ServerView, serverView } from './server.ts';

const TLS_MODE = enumTexts('tls.mode', DatabaseTLSMode, '');

/** How the database service checks the database. */
export interface DatabaseTls {
  /** `verify_full`, `verify_ca` or `insecure`. */
  readonly mode: EnumText<typeof DatabaseTLSMode, ''>;
  /** PEM; empty: the system's. */
  readonly caCertificate: string;
  readonly serverName: string;
}

/** A database behind a database service. */
export interface Database extends ResourceView<DatabaseV3> {
  /** `postgres`, `mysql`, … */
  readonly protocol: string;
  /** Where it listens, as its service sees it: `host:port`. */
  readonly uri: string;
  /** Static labels, and those that a command of its service finds. */
  readonly allLabels: Readonly<Record<string, string>>;
  readonly tls: DatabaseTls;
  /** Who makes and removes users in it, where that is automatic. */
  readonly adminUser: { readonly name: string; readonly defaultDatabase: string } | undefined;
}

/** A database service that serves a database. */
export interface DatabaseServer extends ServerView<DatabaseServerV3> {
  readonly database: Database;
  /** Whether the service reaches the database: `healthy`, `unhealthy`, `unknown`, or empty. */
  readonly health: { readonly status: string; readonly message: string; readonly since: Date | undefined };
}

/** What {@link newDatabase} makes a database of. */
export interface DatabaseFields extends ResourceFields<DatabaseV3> {
  readonly protocol?: string;
  readonly uri?: string;
  readonly tls?: Partial<DatabaseTls>;
  readonly adminUser?: Database['adminUser'];
}

/** A database as its message says it. */
export function databaseView(message: DatabaseV3): Database {
  const view = resourceView(message);
  const spec = message.Spec ?? DatabaseSpecV3.create();
  return {
    ...view,
    protocol: spec.Protocol,
    uri: spec.URI,
    allLabels: allLabels(view.labels, spec.DynamicLabels),
    tls: {
      mode: TLS_MODE.textOf(spec.TLS?.Mode ?? 0),
      caCertificate: spec.TLS?.CACert ?? '',
      serverName: spec.TLS?.ServerName ?? '',
    },
    adminUser: spec.AdminUser && { name: spec.AdminUser.Name, defaultDatabase: spec.AdminUser.DefaultDatabase },
  };
}

/** A database service as its heartbeat says it. */
export function databaseServerView(message: DatabaseServerV3): DatabaseServer {
  const health = message.Status?.TargetHealth;
  return {
    ...serverView(message),
    database: databaseView(message.Spec?.Database ?? DatabaseV3.create()),
    health: {
      status: health?.Status ?? '',
      message: health?.Message ?? '',
      since: fromTimestamp(health?.TransitionTimestamp),
    },
  };
}

/**
 * A database resource, checked and with its defaults.
 *
 * @throws TeleportError `bad_parameter`, naming the field
 * @example
 * newDatabase({ name: 'orders', protocol: 'postgres', uri: 'db1:5432', labels: { env: 'prod' } });
 */
export function newDatabase(fields: DatabaseFields): DatabaseV3 {
  const before = fields.raw ?? DatabaseV3.create();
  const spec = before.Spec ?? DatabaseSpecV3.create();
  const { tls, adminUser } = fields;
  const { TLS = EMPTY.Spec.TLS } = spec;
  return checkAndSetDefaults({
    ...before,
    Metadata: metadataFrom(fields),
    Spec: {
      ...spec,
      Protocol: fields.protocol ?? spec.Protocol,
      URI: fields.uri ?? spec.URI,
      TLS: TLS && {
        ...TLS,
        Mode: (tls?.mode ? TLS_MODE.numberOf(tls.mode) : TLS.Mode) as DatabaseTLSMode,
        CACert: tls?.caCertificate ?? TLS.CACert,
        ServerName: tls?.serverName ?? TLS.ServerName,
      },
      AdminUser:
        'adminUser' in fields
          ? adminUser && { ...spec.AdminUser, Name: adminUser.name, DefaultDatabase: adminUser.defaultDatabase }
          : spec.AdminUser,
    },
  });
}

const NAME = /^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/;

/**
 * What holds for any database, whichever cluster it is for, with the defaults that the basic part of a cluster fills in.
 * What the address of a cloud provider tells (region, instance) is left to the cluster.
 *
 * @throws TeleportError `bad_parameter`, with the texts of a Teleport 18
 */
export function checkAndSetDefaults(database: DatabaseV3): DatabaseV3 {
  const Metadata = checkMetadata(database.Metadata);
  const name = JSON.stringify(Metadata.Name);
  if (!NAME.test(Metadata.Name)) {
    throw badParameter(`invalid database name\n\t${name} does not match regex used for validation "${NAME.source}"`);
  }
  const { Spec } = database;
  checkLabelKeys(Spec?.DynamicLabels, `database ${name}`);
  if (!Spec?.Protocol) throw badParameter(`database ${name} protocol is empty`);
  if (Spec.URI === '') throw badParameter(`database ${name} URI is empty`);
  if (Spec.MySQL?.ServerVersion && Spec.Protocol !== 'mysql') {
    throw badParameter(`database ${name} MySQL ServerVersion can be only set for MySQL database`);
  }
  return {
    ...database,
    Kind: 'db',
    Version: 'v3',
    Metadata,
    Spec: { ...EMPTY.Spec, ...present(Spec) },
    Status: { ...EMPTY.Status, ...present(database.Status ?? {}) },
  };
}

const AWS = {
  Redshift: {},
  RDS: {},
  ElastiCache: {},
  SecretStore: {},
  MemoryDB: {},
  RDSProxy: {},
  RedshiftServerless: {},
  OpenSearch: {},
  DocumentDB: {},
};
/** Members that a cluster always writes, set or not. */
const { Spec = DatabaseSpecV3.create(), Status = DatabaseStatusV3.create() } = DatabaseV3.fromPartial({
  Spec: { AWS, GCP: {}, Azure: { Redis: {} }, TLS: {}, AD: {}, MySQL: {}, MongoAtlas: {}, Oracle: {} },
  Status: { AWS, MySQL: {}, Azure: { Redis: {} } },
});
const EMPTY = { Spec, Status };

/** Without the members that are undefined. */
const present = <T extends object>(message: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined)) as never;
