import { didYouMean, TeleportError } from '@teleport-ts/api-types';

/** The name of a kind, as the shell writes it. */
export type KindName =
  | 'app'
  | 'database'
  | 'kube-cluster'
  | 'node'
  | 'user'
  | 'role'
  | 'bot'
  | 'bot-instance'
  | 'token'
  | 'lock'
  | 'authority';

interface KindWords {
  /** What else people call it. */
  readonly aliases: readonly string[];
  /** Members that a list shows beside the name. */
  readonly columns: readonly string[];
}

const KINDS: Readonly<Record<KindName, KindWords>> = {
  app: { aliases: ['application'], columns: ['publicAddr', 'uri', 'served', 'labels'] },
  database: { aliases: ['db'], columns: ['protocol', 'uri', 'served', 'labels'] },
  'kube-cluster': { aliases: ['kube_cluster', 'kubernetes-cluster', 'kube'], columns: ['served', 'labels'] },
  node: { aliases: ['server'], columns: ['hostname', 'address', 'labels'] },
  user: { aliases: [], columns: ['roles', 'traits', 'expires'] },
  role: { aliases: [], columns: ['description', 'expires'] },
  bot: { aliases: [], columns: ['user', 'roles', 'expires'] },
  'bot-instance': { aliases: ['bot_instance'], columns: ['generation', 'joined', 'expires'] },
  token: { aliases: [], columns: ['joinMethod', 'roles', 'bot', 'expires'] },
  lock: { aliases: [], columns: ['target', 'message', 'expires'] },
  authority: { aliases: ['ca', 'cert_authority', 'cert-authority'], columns: ['phase', 'mode', 'lastRotated'] },
};

export const KIND_NAMES: readonly KindName[] = Object.keys(KINDS) as KindName[];

/** What a list of a kind shows beside the name. */
export const columnsOf = (kind: KindName): readonly string[] => KINDS[kind].columns;

/**
 * The kind that somebody means: by its name, its plural, or what else it is called.
 *
 * @throws TeleportError `bad_parameter`
 */
export function kindNamed(word: string): KindName {
  const names = (kind: KindName): string[] => [kind, ...KINDS[kind].aliases].flatMap((name) => [name, plural(name)]);
  const found = KIND_NAMES.find((kind) => names(kind).includes(word.toLowerCase()));
  if (found) return found;
  const near = didYouMean(word, KIND_NAMES.flatMap(names));
  throw new TeleportError('bad_parameter', `unknown kind ${JSON.stringify(word)}`, {
    hint: `${near === undefined ? '' : `did you mean ${near}? `}kinds: ${KIND_NAMES.join(', ')}`,
  });
}

const plural = (name: string): string => (name.endsWith('y') ? `${name.slice(0, -1)}ies` : `${name}s`);
