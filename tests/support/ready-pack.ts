import { type MakePacksNeeds, makePacks } from '../../src/workers/make-packs.ts';
import { signTree } from './issuer-trees.ts';
import type { Ledger, TestOrganization } from './ledger.ts';
import { quiet } from './read-models.ts';

/** Makes the packs that are queued, as a worker does. Those without a checkpoint fail at once. Returns how many ended. */
export const workOnPacks = (ledger: Ledger, options: Partial<MakePacksNeeds> = {}): Promise<number> =>
  makePacks({
    ...{ pool: ledger.database.worker, apiPool: ledger.database.api, store: ledger.store.connect(), version: '0.0.0' },
    ...{ now: () => new Date(ledger.needs.now()), log: quiet, waitMs: 0, signal: new AbortController().signal },
    ...options,
  });

/**
 * Returns the id of a pack of an organization that is READY: of the license, or of all that it has issued, at least one.
 * Call it once at a time for each organization.
 */
export const readyPack = async (
  ledger: Ledger,
  { organizationId, apiKey: key }: TestOrganization,
  licenseId: string | null = null,
): Promise<string> => {
  const selection = licenseId === null ? { filter: {} } : { licenses: [licenseId] };
  const body = { ...selection, from: '2026-01-01T00:00:00.000Z' };
  // The projector of a busy machine may not have the last event yet.
  for (let left = 50; left > 0; left--) {
    await signTree(ledger.database.superuser, organizationId);
    const answer = await ledger.call('POST', '/v1/audit/packs', { key, body });
    if (answer.status !== 202) throw new Error(`No pack was queued: ${answer.text}`);
    await workOnPacks(ledger);
    const packId = String(answer.body.packId);
    const { body: pack } = await ledger.call('GET', `/v1/audit/packs/${packId}`, { key });
    if (String(pack.state) === 'READY') return packId;
  }
  throw new Error('No pack became READY.');
};
