import { join } from 'node:path';
import type { FileSet, Identity, IdentityRequest } from '@teleport-ts/tbot-core/client';
import { credentialFacts } from './credential-facts.ts';

/** The file for `curl -K` that says which certificate to show. */
const CURL_CONFIG = 'curl.conf';

/** Variables that name files; those that a set does not hold are left out. */
const FILE_VARIABLES: readonly (readonly [variable: string, file: string])[] = [
  ['TBOT_TLS_CERTIFICATE_FILE', 'tlscert'],
  ['TBOT_PRIVATE_KEY_FILE', 'key'],
  ['TBOT_SSH_CERTIFICATE_FILE', 'key-cert.pub'],
  ['TBOT_IDENTITY_FILE', 'identity'],
  ['TBOT_HOST_CA_FILE', 'teleport-host-ca.crt'],
  ['TBOT_USER_CA_FILE', 'teleport-user-ca.crt'],
  ['TBOT_DATABASE_CA_FILE', 'teleport-database-ca.crt'],
  ['TBOT_SSH_CONFIG_FILE', 'ssh_config'],
  ['TBOT_CURL_CONFIG_FILE', CURL_CONFIG],
];

/** Databases whose clients go by the variables of libpq. */
const LIBPQ_PROTOCOLS: readonly string[] = ['postgres', 'cockroachdb', 'redshift'];

/** The files for a command: those of the credential's kind, and one for `curl -K`. */
export function commandFiles(files: FileSet, directory: string): FileSet {
  const path = (name: string): string => JSON.stringify(join(directory, name));
  return { ...files, [CURL_CONFIG]: `cert = ${path('tlscert')}\nkey = ${path('key')}\n` };
}

/**
 * The variables that a command finds its credential by. Those of `TBOT_…` are there for every kind; beside them stand
 * the ones that common clients go by themselves: `KUBECONFIG` for kubectl, `PGSSLCERT` and its like for psql and all that
 * uses libpq, `GIT_SSH_COMMAND` for git, `TELEPORT_IDENTITY_FILE` for tsh and tctl.
 *
 * @param files names of the files in the directory
 * @param outer what this process was started with: a choice of how strictly libpq checks is left as it is
 */
export function commandEnvironment(
  { directory, files, identity, request }: CommandCredential,
  outer: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const path = (name: string): string => join(directory, name);
  const named = FILE_VARIABLES.filter(([, file]) => files.includes(file)).map(([name, file]) => [name, path(file)]);
  return {
    TBOT_DIRECTORY: directory,
    ...Object.fromEntries(named),
    ...Object.fromEntries(credentialFacts(identity)),
    ...forClients({ directory, files, identity, request }, path, outer),
  };
}

/** What {@link commandEnvironment} is made from. */
export interface CommandCredential {
  readonly directory: string;
  readonly files: readonly string[];
  readonly identity: Pick<Identity, 'roles' | 'expires' | 'route'>;
  readonly request: IdentityRequest;
}

function forClients(
  { files, identity, request }: CommandCredential,
  path: (name: string) => string,
  outer: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  switch (request.kind) {
    case 'application':
      return {};
    case 'kubernetes':
      return { KUBECONFIG: path('kubeconfig.yaml') };
    case 'identity': {
      const ssh = files.includes('ssh_config') && {
        GIT_SSH_COMMAND: `ssh -F '${path('ssh_config').replaceAll("'", "'\\''")}'`,
      };
      return { TELEPORT_IDENTITY_FILE: path('identity'), ...ssh };
    }
    case 'database':
      if (!LIBPQ_PROTOCOLS.includes(identity.route?.database?.protocol ?? '')) return {};
      return {
        PGSSLCERT: path('tlscert'),
        PGSSLKEY: path('key'),
        PGSSLROOTCERT: path('teleport-host-ca.crt'),
        PGSSLMODE: outer.PGSSLMODE || 'verify-full',
        ...(request.username && { PGUSER: request.username }),
        ...(request.database && { PGDATABASE: request.database }),
      };
  }
}
