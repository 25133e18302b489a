import { randomUUID } from 'node:crypto';
import { encodeId } from '../../../src/domain/ids.ts';
import { readyPack } from '../../support/ready-pack.ts';
import type { MakeRequest } from './subject.ts';

// Who may read a pack reads any of its organization.
const packs = new Map<string, Promise<string>>();

const ofPack =
  (end: string): MakeRequest =>
  async ({ ledger, license, organization }) => {
    const { organizationId } = organization;
    const make = async () => readyPack(ledger, organization, (await license()).licenseId);
    const pack = packs.get(organizationId) ?? make();
    packs.set(organizationId, pack);
    return { path: `/v1/audit/packs/${await pack}${end}` };
  };

/** Requests about evidence packs. */
export const auditRequests: Readonly<Record<string, MakeRequest>> = {
  requestPack: async ({ ledger, license, organization }) => {
    const { licenseId } = await license();
    // An organization has few packs at a time.
    await ledger.database.superuser.query("delete from ops.audit_packs where issuer_org_id = $1 and state = 'QUEUED'", [
      organization.organizationId,
    ]);
    return { path: '/v1/audit/packs', body: { licenses: [licenseId], from: '2026-01-01T00:00:00.000Z' } };
  },
  listPacks: () => ({ path: '/v1/audit/packs' }),
  getPack: ofPack(''),
  getPackFile: ofPack('/file'),
  deletePack: async ({ ledger, organization }) => {
    const packId = encodeId('pck', randomUUID());
    await ledger.database.superuser.query(
      `insert into ops.audit_packs (issuer_org_id, pack_id, actor_type, actor_id, query, licenses, has_leaves, state, reason,
        created_at, finished_at, expires_at)
      values ($1, $2, 'USER', 'usr', '{}', '{}', true, 'FAILED', 'A test.', now(), now(), now() + interval '1 day')`,
      [organization.organizationId, packId],
    );
    return { path: `/v1/audit/packs/${packId}` };
  },
};
