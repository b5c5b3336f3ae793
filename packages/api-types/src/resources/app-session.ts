import type { WebSessionV2 } from '../gen/teleport/types/web_session.ts';
import { fromTimestamp } from '../timestamp.ts';
import { type ResourceView, resourceView } from './resource.ts';

/**
 * A session of an application: what certificates for it stand on. Its name is its id, 64 hexadecimal digits. Its key,
 * certificate and bearer token are left to `raw`, lest a view that is logged gives them away.
 */
export interface AppSession extends Omit<ResourceView<WebSessionV2>, 'raw'> {
  readonly user: string;
  readonly created: Date | undefined;
  /** The message itself, with the secrets that the caller may see; not among what is enumerated. */
  readonly raw: WebSessionV2;
}

/** A session as its message says it. */
export function appSessionView(message: WebSessionV2): AppSession {
  const { raw, ...view } = resourceView(message);
  const session = {
    ...view,
    user: message.Spec?.User ?? '',
    created: fromTimestamp(message.Spec?.LoginTime),
    expires: fromTimestamp(message.Spec?.Expires) ?? view.expires,
  };
  return Object.defineProperty(session, 'raw', { value: raw, enumerable: false }) as AppSession;
}
