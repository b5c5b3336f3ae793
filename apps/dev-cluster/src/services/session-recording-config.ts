import { ClusterConfigServiceDefinition } from '@teleport-ts/api-types/proto/teleport/clusterconfig/v1/cluster_config_service';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { SessionRecordingConfigV2 } from '@teleport-ts/api-types/proto/teleport/types/session_recording_config';
import { authorizeConfig } from '../access/authorize-kind.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { type Call, type Service, service } from '../rpc/service.ts';
import { ConfigDocument } from '../state/config-document.ts';
import { checkedRecording, defaultRecording, SESSION_RECORDING_CONFIG } from '../state/session-recording-config.ts';

const KIND = 'session_recording_config';
const FROM_FILE =
  "session recording configuration has been defined in the auth server's config file and cannot be set back to defaults dynamically.";

/** Where sessions are recorded; reading it has an older place too. */
export function sessionRecordingConfigServices({ state }: ClusterContext): Service[] {
  const config = new ConfigDocument(state.sessionRecordingConfig, SESSION_RECORDING_CONFIG, defaultRecording());
  const reading = {
    getSessionRecordingConfig(_request: unknown, { caller }: Call): SessionRecordingConfigV2 {
      authorizeConfig(caller, KIND, 'read');
      return config.get();
    },
  };
  const writing = service(ClusterConfigServiceDefinition, {
    ...reading,
    updateSessionRecordingConfig({ sessionRecordingConfig }, { caller }) {
      authorizeConfig(caller, KIND, 'update');
      return config.update(checkedRecording(sessionRecordingConfig));
    },
    upsertSessionRecordingConfig({ sessionRecordingConfig }, { caller }) {
      authorizeConfig(caller, KIND, 'create', 'update');
      return config.put(checkedRecording(sessionRecordingConfig));
    },
    resetSessionRecordingConfig(_request, { caller }) {
      authorizeConfig(caller, KIND, 'update');
      return config.reset(defaultRecording(), FROM_FILE);
    },
  });
  return [writing, service(AuthServiceDefinition, reading)];
}
