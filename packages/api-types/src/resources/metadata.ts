import { badParameter } from '../bad-parameter.ts';
import { Metadata } from '../gen/teleport/types/resource.ts';

const LABEL_KEY = /^[a-zA-Z0-9/._:*-]+$/;
const ORIGINS =
  'defaults config-file dynamic cloud kubernetes okta scim discovery-kubernetes entra-id aws-identity-center ' +
  'integration_awsrolesanywhere';

/**
 * The metadata that any resource must have, with their defaults: a name, the namespace `default`, labels whose keys a
 * cluster accepts, an origin that it knows. Texts of refusals are those of a Teleport 18.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkMetadata(metadata: Metadata | undefined): Metadata {
  const given = metadata ?? Metadata.create();
  if (given.Name === '') throw badParameter('missing parameter Name');
  checkNamespace(given.Namespace);
  checkLabelKeys(given.Labels);
  const origin = given.Labels.get('teleport.dev/origin') ?? '';
  if (origin !== '' && !ORIGINS.split(' ').includes(origin)) {
    throw badParameter(`invalid origin value ${JSON.stringify(origin)}, must be one of [${ORIGINS}]`);
  }
  return { ...given, Namespace: 'default' };
}

/** @throws TeleportError `bad_parameter` for any namespace but `default`, or none */
export function checkNamespace(namespace: string): void {
  if (namespace === '' || namespace === 'default') return;
  throw badParameter(
    `namespace ${JSON.stringify(namespace)} invalid, custom namespaces are deprecated; the namespace field should be ` +
      'omitted or set to "default"',
  );
}

/**
 * Keys of labels: letters, digits and `/._:*-`.
 *
 * @param of what has the labels, `app "grafana"`, where a refusal has to say so
 * @throws TeleportError `bad_parameter`
 */
export function checkLabelKeys(labels: ReadonlyMap<string, unknown> | undefined, of = ''): void {
  for (const key of labels?.keys() ?? []) {
    if (!LABEL_KEY.test(key)) throw badParameter(`${of && `${of} `}invalid label key: ${JSON.stringify(key)}`);
  }
}
