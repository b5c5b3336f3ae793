import { describe, expect, expectTypeOf, it } from 'vitest';
import { AuthServiceDefinition } from './gen/teleport/proto/auth_service.ts';
import { Certs } from './gen/teleport/proto/certs.ts';
import type { UserCertsRequest, UserCertsRequest_CertUsage } from './gen/teleport/proto/user_certs.ts';
import { RoleV6 } from './gen/teleport/types/role.ts';
import {
  methodPath,
  type RequestInput,
  type RequestOf,
  type ResponseOf,
  toMethodDefinition,
  toServiceDefinition,
} from './service-definition.ts';

describe('toServiceDefinition', () => {
  const service = toServiceDefinition(AuthServiceDefinition);

  it('has every method under the name that code calls it, with its path and direction', () => {
    expect(Object.keys(service)).toEqual(Object.keys(AuthServiceDefinition.methods));
    expect(service.getRole).toMatchObject({
      path: '/proto.AuthService/GetRole',
      originalName: 'GetRole',
      requestStream: false,
      responseStream: false,
    });
    expect(service.watchEvents).toMatchObject({ requestStream: false, responseStream: true });
    expect(service.createAuditStream).toMatchObject({ requestStream: true, responseStream: true });
  });

  it('carries messages as bytes in both directions', () => {
    const request = service.getRole.requestSerialize({ Name: 'deployer' });
    expect(request).toEqual(Buffer.from('\n\x08deployer'));
    expect(service.getRole.requestDeserialize(request).Name).toBe('deployer');
    const role = RoleV6.fromPartial({ Kind: 'role', Metadata: { Name: 'deployer' } });
    expect(service.getRole.responseDeserialize(service.getRole.responseSerialize(role))).toEqual(role);
  });

  it('is typed by its messages', () => {
    type Generate = typeof AuthServiceDefinition.methods.generateUserCerts;
    expectTypeOf<RequestOf<Generate>>().toEqualTypeOf<UserCertsRequest>();
    expectTypeOf<ResponseOf<Generate>>().toEqualTypeOf<Certs>();
    expectTypeOf<{ Username: string; Usage: typeof UserCertsRequest_CertUsage.App }>().toExtend<
      RequestInput<Generate>
    >();
    expectTypeOf(service.generateUserCerts.responseDeserialize).returns.toEqualTypeOf<Certs>();
  });
});

describe('toMethodDefinition', () => {
  it('shapes one method', () => {
    const method = toMethodDefinition(AuthServiceDefinition, 'generateUserCerts');
    expect(method.path).toBe(methodPath(AuthServiceDefinition, 'generateUserCerts'));
    const certs = Certs.fromPartial({ TLS: Buffer.from('pem') });
    expect(method.responseDeserialize(method.responseSerialize(certs))).toEqual(certs);
  });

  it.each(['GetRole', 'nosuch', 'toString'])('refuses %s, which is no method of the service', (name) => {
    expect(() => toMethodDefinition(AuthServiceDefinition, name as never)).toThrow(
      `proto.AuthService has no method ${name}`,
    );
  });
});

describe('generated messages', () => {
  it('keep the fields that a newer cluster added, through decode, spread, fromPartial and encode', () => {
    const newer = Buffer.concat([Buffer.from('\n\x04role'), Buffer.from([0xfa, 0x07, 0x02, 0x08, 0x01])]);
    const role = RoleV6.decode(newer);
    expect(Object.keys(role._unknownFields ?? {})).toHaveLength(1);
    const changed = RoleV6.fromPartial({ ...role, SubKind: '' });
    expect(Buffer.from(RoleV6.encode(changed).finish())).toEqual(newer);
  });

  it('keep an enum value that they do not know', () => {
    const method = toMethodDefinition(AuthServiceDefinition, 'generateUserCerts');
    const bytes = Buffer.from([0x50, 99]);
    expect(method.requestSerialize(method.requestDeserialize(bytes))).toEqual(bytes);
    expect(method.requestDeserialize(bytes).Usage).toBe(99);
  });
});
