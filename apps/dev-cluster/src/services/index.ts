import type { ClusterContext } from '../cluster-context.ts';
import type { Service } from '../rpc/service.ts';
import { accessRequestCalls } from './access-requests.ts';
import { appSessionCalls } from './app-sessions.ts';
import { auditCalls } from './audit-events.ts';
import { auditLogService } from './audit-log-service.ts';
import { botInstanceService } from './bot-instance-service.ts';
import { botService } from './bot-service.ts';
import { clusterConfigServices } from './cluster-config-service.ts';
import { dynamicResourceCalls } from './dynamic-resources.ts';
import { heartbeatCalls } from './heartbeats.ts';
import { joinService } from './join-service.ts';
import { lockCalls } from './locks.ts';
import { mfaCalls } from './mfa.ts';
import { networkingConfigServices } from './networking-config.ts';
import { pingCalls } from './ping.ts';
import { pluginDataCalls } from './plugin-data.ts';
import { presenceService } from './presence-service.ts';
import { resourceCalls } from './resources.ts';
import { roleCalls } from './roles.ts';
import { sessionRecordingConfigServices } from './session-recording-config.ts';
import { tokenCalls } from './tokens.ts';
import { trustService } from './trust-service.ts';
import { userCertCalls } from './user-certs.ts';
import { usersService } from './users-service.ts';
import { watchCalls } from './watch-events.ts';

/** All that the auth service answers. `proto.AuthService` is one service in many parts, each in a file of its own. */
export function authServices(context: ClusterContext): Service[] {
  return [
    pingCalls(context),
    userCertCalls(context),
    roleCalls(context),
    tokenCalls(context),
    lockCalls(context),
    mfaCalls(context),
    accessRequestCalls(context),
    pluginDataCalls(context),
    appSessionCalls(context),
    resourceCalls(context),
    dynamicResourceCalls(context),
    heartbeatCalls(context),
    watchCalls(context),
    joinService(context),
    trustService(context),
    usersService(context),
    ...clusterConfigServices(context),
    ...networkingConfigServices(context),
    ...sessionRecordingConfigServices(context),
    auditLogService(context),
    auditCalls(context),
    botService(context),
    botInstanceService(context),
    presenceService(context),
  ];
}
