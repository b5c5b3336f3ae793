import { TrustServiceDefinition } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { authorize } from '../access/caller.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { badParameter, notFound } from '../errors.ts';
import { generateHostCert } from '../issuing/host-certs.ts';
import { AUTHORITY_TYPES, type AuthorityType } from '../pki/cert-authority.ts';
import { type Service, service } from '../rpc/service.ts';
import { authorityResource } from '../state/authority-resource.ts';

/** The order in which they are listed. */
const SORTED_TYPES = [...AUTHORITY_TYPES].sort();

export function trustService(context: ClusterContext): Service {
  const { state, authorities, rotator } = context;
  return service(TrustServiceDefinition, {
    async getCertAuthority({ type, domain, includeKey }, { caller }) {
      if (domain === '') throw badParameter('missing parameter Name');
      const known = knownType(type);
      authorize(caller, 'cert_authority', includeKey ? 'read' : 'readnosecrets');
      if (domain !== state.name) throw notFound(`"cert_authority" "${type}/${domain}" does not exist`);
      await authorities.prepare(known);
      return authorityResource(authorities, known, { secrets: includeKey });
    },
    async getCertAuthorities({ type, includeKey }, { caller }) {
      authorize(caller, 'cert_authority', 'readnosecrets', ...(includeKey ? (['read'] as const) : []), 'list');
      // By prefix: `db` brings `db_client` along, an empty type all.
      const types = SORTED_TYPES.filter((candidate) => candidate.startsWith(type));
      await Promise.all(types.map((each) => authorities.prepare(each)));
      return {
        certAuthoritiesV2: types.map((each) => authorityResource(authorities, each, { secrets: includeKey })),
      };
    },
    async rotateCertAuthority(request, { caller }) {
      authorize(caller, 'cert_authority', 'update', 'create');
      await rotator.rotate(request);
      return {};
    },
    generateHostCert(request, { caller }) {
      authorize(caller, 'host_cert', 'create');
      return { sshCertificate: generateHostCert(context, request) };
    },
  });
}

function knownType(type: string): AuthorityType {
  const known = AUTHORITY_TYPES.find((candidate) => candidate === type);
  if (!known) throw badParameter(`${JSON.stringify(type)} authority type is not supported`);
  return known;
}
