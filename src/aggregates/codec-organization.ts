import { z } from 'zod';
import { type OrganizationEvent, roles, scopes } from '../domain/organization/events.ts';
import { type ChainRepaired, repairEvent } from '../eventstore/chain/repair-event.ts';
import { type Actor, type Decoded, decodeWith, instant } from '../eventstore/envelope.ts';
import type { Recorded } from '../eventstore/event-store.ts';
import { event, id, reference, userId } from './codec-fields.ts';
import { upcasters } from './upcasters.ts';

/** Decodes an event of an organization stream. Throws UndecodableEvent. */
export const decodeOrganization = (recorded: Recorded): Decoded<OrganizationEvent | ChainRepaired> => {
  const decoded = decodeWith(organizationEvent, recorded, upcasters);
  return { ...decoded, event: withActor(decoded.event, decoded.envelope.actor) };
};

// Events of earlier releases name the inviter and the creator of a key in their envelope only.
const withActor = (event: OrganizationEvent | ChainRepaired, { type, id: actorId }: Actor): typeof event => {
  if (type === 'SYSTEM') return event;
  switch (event.type) {
    case 'MemberInvited':
      return { ...event, data: { invitedBy: actorId, ...event.data } };
    case 'ApiKeyCreated':
      return { ...event, data: { createdBy: actorId, ...event.data } };
    default:
      return event;
  }
};

const role = z.enum(roles);
const products = z.array(id).min(1);
const granted = z.array(z.enum(scopes));

const project = z.object({ projectId: id, name: id, metadataRef: reference.nullable() });

const logAccess = z.object({ logIsPublic: z.boolean(), holdersGetProofs: z.boolean() });
const organizationEvent = z.discriminatedUnion('type', [
  event('OrganizationCreated', z.object({ organizationId: id, name: id, timeZone: id.exactOptional() })),
  event('OrganizationRenamed', z.object({ from: id, to: id })),
  event('OrganizationTimeZoneChanged', z.object({ from: id, to: id })),
  event('OrganizationClosed', z.object({})),
  event('LogAccessChanged', z.object({ from: logAccess, to: logAccess })),
  event(
    'MemberInvited',
    z.object({ invitationId: id, emailRef: reference, role, expiresAt: instant, invitedBy: id.exactOptional() }),
  ),
  event('InvitationWithdrawn', z.object({ invitationId: id })),
  event('MemberJoined', z.object({ userId, role, invitationId: id.nullable() })),
  event('MemberRoleChanged', z.object({ userId, from: role, to: role })),
  event('MemberRemoved', z.object({ userId, role })),
  event(
    'ApiKeyCreated',
    z.object({
      apiKeyId: id,
      name: id,
      scopes: granted,
      hint: id,
      expiresAt: instant.exactOptional(),
      createdBy: id.exactOptional(),
      products: products.exactOptional(),
    }),
  ),
  event('ApiKeyRenamed', z.object({ apiKeyId: id, from: id, to: id })),
  event('ApiKeyScopesChanged', z.object({ apiKeyId: id, from: granted, to: granted })),
  event('ApiKeyProductsChanged', z.object({ apiKeyId: id, from: products.nullable(), to: products.nullable() })),
  event(
    'ApiKeyRotated',
    z.object({
      apiKeyId: id,
      secretRef: reference,
      hint: id,
      previous: z.object({ hint: id, secretRef: reference.nullable() }),
      overlapUntil: instant.nullable(),
      rotatedBy: id.exactOptional(),
    }),
  ),
  event('ApiKeyOverlapEnded', z.object({ apiKeyId: id })),
  event('ApiKeyRevoked', z.object({ apiKeyId: id })),
  event('ProjectCreated', project),
  event('ProjectChanged', project),
  event('ProjectArchived', z.object({ projectId: id })),
  event('ProjectRestored', z.object({ projectId: id })),
  event('IssuerTrusted', z.object({ issuerOrgId: id })),
  event('IssuerBlocked', z.object({ issuerOrgId: id })),
  event('IssuerForgotten', z.object({ issuerOrgId: id })),
  repairEvent,
]) satisfies z.ZodType<OrganizationEvent | ChainRepaired>;
