import { TrustServiceDefinition } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { CertAuthorityV2 } from '@teleport-ts/api-types/proto/teleport/types/cert_authority';
import { authorize, authorizeFor } from '../access/caller.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { badParameter, notFound } from '../errors.ts';
import { generateHostCert } from '../issuing/host-certs.ts';
import { AUTHORITY_TYPES, type AuthorityType } from '../pki/cert-authority.ts';
import { nameOf, stamped } from '../resources.ts';
import { type Service, service } from '../rpc/service.ts';
import { authorityResource } from '../state/authority-resource.ts';
import { checkedAuthority } from '../state/checked-authority.ts';
import { authorityKey } from '../state/cluster-state.ts';
import { replaceOwnAuthority, withoutKeys } from '../state/written-authority.ts';

/** The order in which they are listed. */
const SORTED_TYPES = [...AUTHORITY_TYPES].sort();

export function trustService(context: ClusterContext): Service {
  const { state, authorities, rotator } = context;
  return service(TrustServiceDefinition, {
    async getCertAuthority({ type, domain, includeKey }, { caller }) {
      if (domain === '') throw badParameter('missing parameter Name');
      const known = knownType(type);
      const verb = includeKey ? 'read' : 'readnosecrets';
      // Before it is looked up, so that nobody learns whose authorities are known here.
      authorizeFor(caller, { resource: namedAuthority(known, domain) }, 'cert_authority', verb);
      if (domain !== state.name) {
        const foreign = state.foreignAuthorities.get(authorityKey(type, domain));
        if (!foreign) throw notFound(`"cert_authority" "${type}/${domain}" does not exist`);
        return foreign;
      }
      await authorities.prepare(known);
      return authorityResource(authorities, known, { secrets: includeKey });
    },
    async getCertAuthorities({ type, includeKey }, { caller }) {
      authorize(caller, 'cert_authority', 'readnosecrets', ...(includeKey ? (['read'] as const) : []), 'list');
      // By prefix: `db` brings `db_client` along, an empty type all.
      const types = SORTED_TYPES.filter((candidate) => candidate.startsWith(type));
      await Promise.all(types.map((each) => authorities.prepare(each)));
      const own = types.map((each) => authorityResource(authorities, each, { secrets: includeKey }));
      const foreign = state.foreignAuthorities.values().filter(({ SubKind }) => SubKind.startsWith(type));
      return { certAuthoritiesV2: [...own, ...foreign].sort(byTypeAndCluster) };
    },
    upsertCertAuthority({ certAuthority }, { caller }) {
      const given = checkedAuthority(certAuthority);
      authorizeFor(caller, { resource: given }, 'cert_authority', 'update', 'create');
      const { Type, ClusterName } = given.Spec;
      if (ClusterName === state.name) replaceOwnAuthority(authorities, given);
      else state.foreignAuthorities.put(authorityKey(Type, ClusterName), stamped(withoutKeys(given)));
      // With the revision that it came with, and not the one that it has now.
      return given;
    },
    deleteCertAuthority({ type, domain }, { caller }) {
      authorize(caller, 'cert_authority', 'delete');
      const isName = AUTHORITY_TYPES.some((known) => known === type) && domain.trim() !== '';
      if (!isName) throw badParameter('empty conditional action list');
      if (domain === state.name) throw badParameter(`the cluster's own authority ${type} stays: it makes no new one`);
      // Whether it was there is not told.
      state.foreignAuthorities.delete(authorityKey(type, domain));
      return {};
    },
    async rotateCertAuthority(request, { caller }) {
      authorize(caller, 'cert_authority', 'update', 'create');
      await rotator.rotate(request);
      return {};
    },
    generateHostCert(request, { caller }) {
      authorizeFor(caller, { hostCert: request }, 'host_cert', 'create');
      return { sshCertificate: generateHostCert(context, request) };
    },
  });
}

function byTypeAndCluster(one: CertAuthorityV2, other: CertAuthorityV2): number {
  const [a, b] = [one, other].map((each) => `${each.SubKind}/${nameOf(each)}`) as [string, string];
  return a < b ? -1 : 1;
}

/** As much of an authority as its name tells. */
const namedAuthority = (type: AuthorityType, domain: string): CertAuthorityV2 =>
  CertAuthorityV2.fromPartial({
    ...{ Kind: 'cert_authority', SubKind: type, Version: 'v2', Metadata: { Name: domain } },
    Spec: { Type: type, ClusterName: domain },
  });

function knownType(type: string): AuthorityType {
  const known = AUTHORITY_TYPES.find((candidate) => candidate === type);
  if (!known) throw badParameter(`${JSON.stringify(type)} authority type is not supported`);
  return known;
}
