import { readyPack } from '../../support/ready-pack.ts';
import type { MakeRequest } from './subject.ts';

const ofPack =
  (end: string): MakeRequest =>
  async ({ ledger, license, organization }) => {
    await license();
    return { path: `/v1/audit/packs/${await readyPack(ledger, organization)}${end}` };
  };

/** Requests about evidence packs. */
export const auditRequests: Readonly<Record<string, MakeRequest>> = {
  requestPack: async ({ ledger, license, organization }) => {
    const { licenseId } = await license();
    // An organization has few packs at a time.
    await ledger.database.superuser.query('delete from ops.audit_packs where issuer_org_id = $1', [
      organization.organizationId,
    ]);
    return { path: '/v1/audit/packs', body: { licenses: [licenseId], from: '2026-01-01T00:00:00.000Z' } };
  },
  listPacks: () => ({ path: '/v1/audit/packs' }),
  getPack: ofPack(''),
  getPackFile: ofPack('/file'),
};
