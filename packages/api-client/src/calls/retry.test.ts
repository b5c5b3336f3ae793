import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs, retryPolicy } from './retry.ts';
import { isSafeRpc } from './safe-rpcs.ts';

test('a wait is anything up to a bound that doubles and is capped', () => {
  const policy = retryPolicy({ baseMs: 100, capMs: 5_000 });
  expect([1, 2, 3, 6, 7, 50, 2_000].map((tried) => backoffMs(policy, tried, () => 1))).toEqual([
    100, 200, 400, 3_200, 5_000, 5_000, 5_000,
  ]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (tried, share) => {
      const bound = backoffMs(policy, tried, () => 1);
      expect(backoffMs(policy, tried, () => share)).toBe(share * bound);
    }),
  );
});

test('what is left open is the client’s, and senseless numbers are named', () => {
  expect(retryPolicy(undefined)).toEqual({ attempts: 5, baseMs: 100, capMs: 5_000 });
  expect(retryPolicy({ attempts: 2 }, retryPolicy({ baseMs: 7 }))).toEqual({ attempts: 2, baseMs: 7, capMs: 5_000 });
  for (const [options, name] of [
    [{ attempts: 0 }, 'attempts'],
    [{ attempts: 1.5 }, 'attempts'],
    [{ baseMs: -1 }, 'baseMs'],
    [{ capMs: Number.NaN }, 'capMs'],
  ] as const) {
    expect(() => retryPolicy(options)).toThrow(`retry.${name} is`);
  }
});

test.each([
  ['/proto.AuthService/Ping', true],
  ['/proto.AuthService/GetRole', true],
  ['/proto.AuthService/GetAccessRequestsV2', true],
  ['/proto.AuthService/IsMFARequired', true],
  ['/proto.AuthService/ListResources', true],
  ['/teleport.auditlog.v1.AuditLogService/SearchUnstructuredEvents', true],
  ['/teleport.auditlog.v1.AuditLogService/ExportUnstructuredEvents', true],
  ['/proto.AuthService/GenerateUserCerts', false],
  ['/proto.AuthService/WatchEvents', false],
  ['/proto.AuthService/CreateAuthenticateChallenge', false],
  ['/proto.AuthService/UpsertRoleV2', false],
  ['/proto.AuthService/DeleteRole', false],
  ['/proto.AuthService/PingInventory', false],
  ['/proto.AuthService/GetHeadlessAuthentication', false],
  ['/proto.JoinService/RegisterUsingToken', false],
  ['/teleport.workloadidentity.v1.WorkloadIdentityIssuanceService/IssueWorkloadIdentity', false],
  ['/teleport.machineid.v1.BotInstanceService/SubmitHeartbeat', false],
])('%s only reads: %s', (rpc, expected) => {
  expect(isSafeRpc(rpc)).toBe(expected);
});
