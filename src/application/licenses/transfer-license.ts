import type { PoolClient } from 'pg';
import { licenseAggregate } from '../../aggregates/aggregates.ts';
import type { CommandOf } from '../../domain/license/commands.ts';
import type { License } from '../../domain/license/license.ts';
import { formatLicenseKey, generateLicenseKeyBody } from '../../identity/license-key.ts';
import { giveValues, type Holding, lockMetadata } from '../../records/vault.ts';
import type { Attempt } from '../idempotent-attempt.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import { keyOf, refuseForgottenKey } from './created-key.ts';
import { refuseHolder } from './holder.ts';
import type { KeyNeeds } from './rotate-key.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** A transferred license. `licenseKey` replaces all earlier keys and is stored nowhere; null: the keys stayed. */
export type TransferredLicense = ChangedLicense & { readonly licenseKey: string | null };

/**
 * Transfers a license to a holder that has agreed, or to no holder. The event ends all devices, seats and users of the
 * previous holder when the request releases them, and a new key replaces all keys. Further events announce each end.
 * Refuses to return the key when a forgotten earlier attempt has created a different one.
 */
export const transferLicense = async (
  needs: KeyNeeds,
  request: LicenseRequest,
  transfer: Omit<CommandOf<'Transfer'>['data'], 'newKey'>,
): Promise<TransferredLicense | Refusal> => {
  const attempt = withKeyBody(request.attempt);
  let isRotated = false;
  const changed = await changeLicense(needs, request, {
    power: 'endLicenses',
    command: async (at) => {
      const refusal = await refuseHolder(needs.executor, transfer.toHolderOrgId, 'toHolderOrganizationId');
      return refusal ?? { type: 'Transfer', at, data: { ...transfer, newKey: keyOf(needs.secrets, attempt) } };
    },
    refuse: (events) => {
      isRotated = events.some(({ type }) => type === 'LicenseKeyRotated');
      return isRotated ? refuseForgottenKey(needs.secrets, attempt, request.licenseId, events) : null;
    },
    settle: (db) => giveToHolder(needs, db, request.licenseId),
  });
  if (isRefusal(changed)) return changed;
  return { ...changed, licenseKey: isRotated ? formatLicenseKey(needs.licenseKeyPrefix, attempt.secret) : null };
};

/** Gives a body for the new key to an attempt of an earlier build, which stored none for a transfer. */
const withKeyBody = (attempt: Attempt): Attempt =>
  attempt.secret === '' ? { ...attempt, secret: generateLicenseKeyBody() } : attempt;

/**
 * Lets the holder of the license read its metadata and the names of the devices that stay. The last of several
 * concurrent transfers finds the current holder in the stream.
 */
const giveToHolder = async ({ executor }: CommandNeeds, db: PoolClient, licenseId: string): Promise<void> => {
  await lockMetadata(db, licenseId);
  const holding = await executor.read(licenseAggregate, licenseId, holdingOf);
  if (holding !== null) await giveValues(db, licenseId, holding);
};

const holdingOf = (license: License): Holding | null => {
  if (license.kind === 'unissued') return null;
  const names = [...license.activations.values()].flatMap(({ nameRef }) => (nameRef === null ? [] : [nameRef]));
  return { holderOrgId: license.facts.holderOrgId, names };
};
