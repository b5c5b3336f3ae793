import { Metadata } from '@grpc/grpc-js';
import { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { describe, expect, it } from 'vitest';
import { roleFrom } from '../state/role-fields.ts';
import { roleForClient } from './role-for-client.ts';

// As a Teleport 18.0.0 answers clients that say they are older.

function from(version: string | undefined): Metadata {
  const metadata = new Metadata();
  if (version !== undefined) metadata.set('version', version);
  return metadata;
}

function v8(resources: Partial<NonNullable<RoleV6['Spec']>['Allow']> = {}): RoleV6 {
  const role = roleFrom({ name: 'r', allow: { kubernetesLabels: { '*': '*' } } });
  return {
    ...role,
    Spec: role.Spec && { ...role.Spec, Allow: role.Spec.Allow && { ...role.Spec.Allow, ...resources } },
  };
}
const resource = (Kind: string, APIGroup: string, Namespace = 'n') => ({
  ...{ Kind, APIGroup, Namespace, Name: '*', Verbs: ['*'] },
});

describe('a role of version 8', () => {
  it.each([undefined, '18.0.0', '18.0.0-alpha.1', '19.1.0', 'junk'])('is left alone for %s', (version) => {
    const role = v8();
    expect(roleForClient(role, from(version))).toBe(role);
  });

  it('is one of version 7 for older clients, with a label that says so', () => {
    const role = v8();
    const older = roleForClient(role, from('17.2.3'));
    expect(older.Version).toBe('v7');
    expect(older.Metadata?.Labels.get('teleport.internal/downgraded')).toBe(
      'Role V8 is only supported from the client version "18.0.0-aa" and above.Access to SAML IdP will be disabled.',
    );
    expect(older.Spec?.Options?.IDP?.SAML?.Enabled?.Value).toBe(false);
    expect(older.Spec?.Allow?.KubernetesResources).toEqual([expect.objectContaining(resource('*', '', '*'))]);
    expect(role.Metadata?.Labels.size).toBe(0);
  });

  it.each([
    ['pods', '', 'pod'],
    ['pods', '*', 'pod'],
    ['deployments', 'apps', 'deployment'],
    ['ingresses', 'networking.k8s.io', 'ingress'],
    ['roles', 'rbac.authorization.k8s.io', 'kube_role'],
  ])('calls %s of %j %s', (kind, group, expected) => {
    const older = roleForClient(v8({ KubernetesResources: [resource(kind, group)] }), from('17.0.0'));
    expect(older.Spec?.Allow?.KubernetesResources).toEqual([resource(expected, '')]);
    expect(older.Spec?.Deny?.KubernetesResources).toEqual([]);
  });

  it.each([
    ['odds', 'my.io', 'n'],
    ['*', '*', 'n'],
    ['namespaces', '', ''],
  ])('denies all of Kubernetes when it speaks of %s of %j', (kind, group, namespace) => {
    const older = roleForClient(v8({ KubernetesResources: [resource(kind, group, namespace)] }), from('17.0.0'));
    expect(older.Spec?.Allow?.KubernetesResources).toEqual([]);
    expect(older.Spec?.Deny?.KubernetesResources).toEqual([resource('*', '', '*')]);
    expect(older.Spec?.Deny?.KubernetesLabels?.Values.get('*')?.Values).toEqual(['*']);
  });

  it('denies port forwarding as a whole where only a part of it is', () => {
    const role = RoleV6.fromPartial({
      ...{ Version: 'v7', Metadata: { Name: 'r' } },
      Spec: { Options: { SSHPortForwarding: { Local: { Enabled: { Value: false } }, Remote: {} } } },
    });
    const older = roleForClient(role, from('17.0.9'));
    expect(older.Spec?.Options?.PortForwarding).toEqual({ Value: false });
    expect(older.Metadata?.Labels.get('teleport.internal/downgraded')).toContain('Client version "17.0.9" does not');
    expect(roleForClient(role, from('17.1.0'))).toBe(role);
  });
});
