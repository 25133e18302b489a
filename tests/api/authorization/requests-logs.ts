import { signTree } from '../../support/issuer-trees.ts';
import { ordain } from '../../support/organizations.ts';
import type { MakeRequest, Subject } from './subject.ts';

/** Returns the request to a file of the organization’s own log, which a checkpoint covers. */
const ofLog =
  (file: string): MakeRequest =>
  async ({ ledger, organization: { organizationId } }) => {
    await signTree(ledger.database.superuser, organizationId);
    return { path: `/v1/logs/${organizationId}/${file}` };
  };

/** Returns the request for the proof of an event of a license. The issuer gives proofs to holders. */
const proof: MakeRequest = async ({ ledger, license, prepare, side }: Subject) => {
  const { licenseId } = await license();
  const { data } = await prepare('GET', `/v1/licenses/${licenseId}/history?limit=1`);
  const { issuerOrganizationId } = await prepare('GET', `/v1/licenses/${licenseId}`);
  const issuerOrgId = String(issuerOrganizationId);
  if (side === 'held') await ordain(ledger, issuerOrgId, { type: 'ChangeLogAccess', data: { holdersGetProofs: true } });
  await signTree(ledger.database.superuser, issuerOrgId);
  return { path: `/v1/events/${data?.[0]?.id}/proof` };
};

/** Requests about logs and proofs. */
export const logRequests: Readonly<Record<string, MakeRequest>> = {
  getCheckpoint: ofLog('checkpoint'),
  listCheckpoints: ofLog('checkpoints'),
  createCheckpoint: ofLog('checkpoints'),
  getConsistency: ofLog('consistency?from=1'),
  getKeys: ofLog('keys'),
  getTile: ofLog('tile/0/000.p/1'),
  getEntries: ofLog('tile/entries/000.p/1'),
  getEventProof: proof,
};
