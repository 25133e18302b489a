import type { PoolClient } from 'pg';
import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { reject } from '../../domain/decider.ts';
import type { CommandOf } from '../../domain/license/commands.ts';
import type { License } from '../../domain/license/license.ts';
import { giveValues, type Holding, lockMetadata } from '../../records/vault.ts';
import { actorOf } from '../caller.ts';
import { withOfferPlace } from '../offers/offer-place.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import { type FoundHolder, findHolder } from './holder.ts';
import type { CommandNeeds } from './send-license-command.ts';

/**
 * Transfers a license to a holder that consents to the issuer, or to no holder. Offers it to any other organization. The
 * event ends all devices, seats and users of the previous holder when the request releases them. Further events
 * announce each end.
 */
export const transferLicense = async (
  needs: CommandNeeds,
  request: LicenseRequest,
  transfer: Transfer,
): Promise<ChangedLicense | Refusal> => {
  const { call, attempt, caller, licenseId } = request;
  const { organizationId: issuerOrgId } = caller;
  const parties = { issuerOrgId, holderOrgId: transfer.toHolderOrgId };
  const holder = await findHolder(needs.executor, parties, 'toHolderOrganizationId');
  const commanded = isRefusal(holder) ? holder : commandFor(transfer, holder);
  const send = () =>
    changeLicense(needs, request, {
      power: 'endLicenses',
      command: (at) => (isRefusal(commanded) ? commanded : { ...commanded, at }),
      settle: (db) => giveToHolder(needs, db, licenseId),
    });
  if (isRefusal(commanded) || commanded.type === 'Transfer') return send();
  const { executor, now } = needs;
  const reserving = { executor, store: null, call, attempt, actor: actorOf(caller), at: now(), issuerOrgId, licenseId };
  return withOfferPlace(
    reserving,
    { holderOrgId: commanded.data.toHolderOrgId, place: 'toHolderOrganizationId' },
    send,
  );
};

type Transfer = CommandOf<'Transfer'>['data'];

const commandFor = (transfer: Transfer, { offerTo }: FoundHolder) => {
  if (offerTo === null) return { type: 'Transfer', data: { ...transfer, accepted: true } } as const;
  const { accepted, expiry, activations } = transfer;
  return accepted
    ? consentRequired
    : ({ type: 'OfferLicense', data: { toHolderOrgId: offerTo, expiry, activations } } as const);
};

const consentRequired: Refusal = reject(
  'HOLDER_CONSENT_REQUIRED',
  'This organization has not consented to hold your licenses. Leave accepted out to offer it the license.',
  'accepted',
);

/**
 * Lets the holder of the license read its metadata and the names of the devices that stay. The last of several
 * concurrent transfers finds the current holder in the stream.
 */
export const giveToHolder = async (
  { executor }: Pick<CommandNeeds, 'executor'>,
  db: PoolClient,
  licenseId: string,
): Promise<void> => {
  await lockMetadata(db, licenseId);
  const holding = await executor.read(licenseAggregate, licenseId, holdingOf);
  if (holding !== null) await giveValues(db, licenseId, holding);
};

const holdingOf = (license: License): Holding | null => {
  if (license.kind === 'unissued') return null;
  const names = [...license.activations.values()].flatMap(({ nameRef }) => (nameRef === null ? [] : [nameRef]));
  return { holderOrgId: license.facts.holderOrgId, names };
};
