import {
  SessionRecordingConfigSpecV2,
  SessionRecordingConfigV2,
} from '@teleport-ts/api-types/proto/teleport/types/session_recording_config';
import { badParameter } from '../errors.ts';
import { metadataOf } from '../resources.ts';

const ORIGIN = 'teleport.dev/origin';
const MODES = ['node', 'proxy', 'off', 'node-sync', 'proxy-sync'];

export const SESSION_RECORDING_CONFIG = 'session-recording-config';

/** Where sessions are recorded, before somebody changes it. */
export function defaultRecording(): SessionRecordingConfigV2 {
  return withDefaults(
    SessionRecordingConfigV2.fromPartial({
      Metadata: metadataOf({ name: SESSION_RECORDING_CONFIG, labels: { [ORIGIN]: 'defaults' } }),
    }),
  );
}

/**
 * A configuration that somebody sends, with what the real one fills in. It is kept and shown; there are no sessions here.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkedRecording(config: SessionRecordingConfigV2 | undefined): SessionRecordingConfigV2 {
  if (!config) throw badParameter('missing session recording config');
  const metadata = config.Metadata ?? metadataOf({ name: SESSION_RECORDING_CONFIG });
  const Labels = new Map(metadata.Labels).set(ORIGIN, 'dynamic');
  const checked = withDefaults({ ...config, Metadata: { ...metadata, Name: SESSION_RECORDING_CONFIG, Labels } });
  const mode = checked.Spec?.Mode ?? '';
  if (!MODES.includes(mode)) {
    throw badParameter(`session recording mode must be one of ${MODES}; got ${JSON.stringify(mode)}`);
  }
  return checked;
}

function withDefaults(config: SessionRecordingConfigV2): SessionRecordingConfigV2 {
  const spec = config.Spec ?? SessionRecordingConfigSpecV2.create();
  return {
    ...config,
    Kind: 'session_recording_config',
    Version: 'v2',
    Spec: {
      ...spec,
      Mode: spec.Mode || 'node',
      ProxyChecksHostKeys: spec.ProxyChecksHostKeys ?? { Value: true },
    },
  };
}
