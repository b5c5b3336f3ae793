import { DatabaseV3 } from '@teleport-ts/api-types/proto/teleport/types/database';
import { DatabaseServerV3 } from '@teleport-ts/api-types/proto/teleport/types/database_server';
import { checkAndSetDefaults } from '@teleport-ts/api-types/resources/database';
import { badParameter } from '../errors.ts';
import { metadataOf, nameOf } from '../resources.ts';
import type { ClusterState } from './cluster-state.ts';
import { servedHere } from './heartbeat.ts';

export interface DatabaseFields {
  readonly name: string;
  /** As in database resources: `postgres`, `mysql`, … Default `postgres`. */
  readonly protocol?: string;
  /** Where it listens. Default: nowhere; the cluster lists databases and makes certificates for them, and no more. */
  readonly uri?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly description?: string;
}

const PROTOCOLS =
  'postgres mysql mongodb oracle cockroachdb redis snowflake sqlserver cassandra elasticsearch opensearch dynamodb ' +
  'clickhouse clickhouse-http spanner';
/** Those whose address is `host:port` and nothing else. */
const HOST_AND_PORT = new Set(['postgres', 'mysql', 'cockroachdb', 'cassandra', 'mongodb']);

/** @throws TeleportError `bad_parameter` for a protocol that is unknown, or an address that it does not have */
export function checkDatabaseProtocol(database: DatabaseV3): void {
  const name = JSON.stringify(nameOf(database));
  const { Protocol = '', URI = '', TLS } = database.Spec ?? {};
  if (Protocol === 'oracle')
    throw badParameter('oracle database protocol is only available with an enterprise license');
  if (!PROTOCOLS.split(' ').includes(Protocol)) {
    throw badParameter(
      `unsupported database ${name} protocol ${JSON.stringify(Protocol)}, supported are: [${PROTOCOLS}]`,
    );
  }
  if (Protocol === 'snowflake' && !URI.includes('snowflakecomputing.com')) {
    throw badParameter('Snowflake address should contain snowflakecomputing.com');
  }
  if (HOST_AND_PORT.has(Protocol) && !URI.startsWith('mongodb') && !/:\w*$/.test(URI)) {
    throw badParameter(
      `invalid database ${name} address ${JSON.stringify(URI)}: address ${URI}: missing port in address`,
    );
  }
  if (TLS?.CACert && !TLS.CACert.includes('-----BEGIN CERTIFICATE-----')) {
    throw badParameter(
      `provided database ${name} CA doesn't appear to be a valid x509 certificate: expected PEM-encoded block`,
    );
  }
}

/**
 * A database and the heartbeat of the service that it is reached by.
 *
 * @throws TeleportError `bad_parameter`
 */
export function databaseServer({ facts }: ClusterState, fields: DatabaseFields, version: string): DatabaseServerV3 {
  const { name, protocol = 'postgres', uri = 'localhost:9', labels = {}, description = '' } = fields;
  const database = checkAndSetDefaults(
    DatabaseV3.fromPartial({
      Metadata: { ...metadataOf({ name, description, labels }), Revision: '' },
      Spec: { Protocol: protocol, URI: uri, AdminUser: {} },
    }),
  );
  checkDatabaseProtocol(database);
  return DatabaseServerV3.fromPartial({
    Kind: 'db_server',
    Version: 'v3',
    Metadata: metadataOf({ name }),
    Spec: {
      ...servedHere(facts, version),
      Database: database,
    },
    Status: {},
  });
}
