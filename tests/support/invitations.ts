import { randomUUID } from 'node:crypto';
import { encodeInvitationToken } from '../../src/api/organizations/invitation-token.ts';
import { encodeId } from '../../src/domain/ids.ts';
import { asTenant } from '../../src/postgres/tenant.ts';
import { storeValue } from '../../src/records/vault.ts';
import type { Ledger } from './ledger.ts';
import { ordain } from './organizations.ts';

/** Invites somebody as ADMIN, as their organization does; the token is what the invited is handed. */
export const invite = async (ledger: Ledger, email: string, organizationId = ledger.a.organizationId) => {
  const invitationId = encodeId('inv', randomUUID());
  const emailRef = encodeId('ref', randomUUID());
  const value = { kind: 'EMAIL', subject: invitationId, value: email } as const;
  await asTenant(
    ledger.database.api,
    organizationId,
    (db) => storeValue(db, { ref: emailRef, issuerOrgId: organizationId, holderOrgId: null, ...value }),
    { readOnly: false },
  );
  const expiresAt = new Date(Date.parse(ledger.needs.now()) + 86_400_000).toISOString();
  const limits = { members: null, projects: null };
  const data = { invitationId, emailRef, userId: null, role: 'ADMIN', expiresAt, limits } as const;
  await ordain(ledger, organizationId, { type: 'InviteMember', data });
  return {
    invitationId,
    organizationId,
    token: encodeInvitationToken(ledger.secrets, { organizationId, invitationId }),
  };
};
