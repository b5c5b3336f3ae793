import type { Metadata } from '@teleport-ts/api-types/proto/teleport/types/resource';
import { badParameter } from '../errors.ts';
import { metadataOf, type Resource } from '../resources.ts';

const LABEL_KEY = /^[a-zA-Z0-9/._:*-]+$/;
const KEY_PART = /^[0-9A-Za-z@_:.+-]+$/;
const ORIGINS =
  'defaults config-file dynamic cloud kubernetes okta scim discovery-kubernetes entra-id aws-identity-center ' +
  'integration_awsrolesanywhere';

/**
 * The metadata of a resource that somebody sends, with its defaults.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkedMetadata({ Metadata: given }: Resource): Metadata {
  const metadata = given ?? metadataOf({ name: '' });
  if (metadata.Name === '') throw badParameter('missing parameter Name');
  if (metadata.Namespace !== '' && metadata.Namespace !== 'default') {
    throw badParameter(
      `namespace ${JSON.stringify(metadata.Namespace)} invalid, custom namespaces are deprecated; the namespace field ` +
        'should be omitted or set to "default"',
    );
  }
  for (const key of metadata.Labels.keys()) {
    if (!isLabelKey(key)) throw badParameter(`invalid label key: ${JSON.stringify(key)}`);
  }
  const origin = metadata.Labels.get('teleport.dev/origin') ?? '';
  if (origin !== '' && !ORIGINS.split(' ').includes(origin)) {
    throw badParameter(`invalid origin value ${JSON.stringify(origin)}, must be one of [${ORIGINS}]`);
  }
  return { ...metadata, Namespace: 'default' };
}

export const isLabelKey = (key: string): boolean => LABEL_KEY.test(key);

/** @throws TeleportError `bad_parameter` where the labels that a command finds have a key that no label may have */
export function checkCommandLabels(what: string, name: string, labels: ReadonlyMap<string, unknown> | undefined): void {
  for (const key of labels?.keys() ?? []) {
    if (!isLabelKey(key))
      throw badParameter(`${what} ${JSON.stringify(name)} invalid label key: ${JSON.stringify(key)}`);
  }
}

/** @throws TeleportError `bad_parameter` for a name that the real one's store could not keep */
export function checkStoreKey(prefix: string, name: string): void {
  if (KEY_PART.test(name) && name !== '.' && name !== '..') return;
  throw badParameter(
    'special characters are not allowed in resource names, please use name composed only from characters, hyphens, ' +
      `dots, and plus signs: ${JSON.stringify(`/${prefix}/${name}`)}`,
  );
}
