import type { PoolClient } from 'pg';
import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { reject } from '../../domain/decider.ts';
import type { CommandOf } from '../../domain/license/commands.ts';
import type { License } from '../../domain/license/license.ts';
import { formatLicenseKey, generateLicenseKeyBody } from '../../identity/license-key.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { eraseUserNames } from '../../records/assigned-user-names.ts';
import { giveSeatHolders } from '../../records/seat-holders.ts';
import { giveValues } from '../../records/vault.ts';
import { afterAppend } from '../after-append.ts';
import { actorOf } from '../caller.ts';
import type { Attempt } from '../idempotent-attempt.ts';
import { inTurn, type Turn } from '../in-turn.ts';
import { withOfferPlace } from '../offers/offer-place.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from './change-license.ts';
import { keyOf, refuseForgottenKey } from './created-key.ts';
import { type FoundHolder, findHolder } from './holder.ts';
import { type LicenseInTurn, metadataTurn } from './metadata-turn.ts';
import type { KeyNeeds } from './rotate-key.ts';
import type { CommandNeeds } from './send-license-command.ts';

/** A transferred license. `licenseKey` replaces all earlier keys and is stored nowhere; null: the keys stayed. */
export type TransferredLicense = ChangedLicense & { readonly licenseKey: string | null };

/**
 * Transfers a license to a holder that consents to the issuer, or to no holder. Offers it to any other organization.
 * The event ends all devices, seats and users of the previous holder when the request releases them, and a new key
 * replaces all keys. Further events announce each end. Refuses to return the key when a forgotten earlier attempt has
 * created a different one. Takes the turn to change the vault before the append, so that a transfer that waits too long
 * has changed nothing. A repeated transfer changes the vault by the stream, also when the license has its holder
 * already.
 */
export const transferLicense = (
  needs: KeyNeeds,
  request: LicenseRequest,
  transfer: Transfer,
): Promise<TransferredLicense | Refusal> => {
  const { attempt, caller, licenseId } = request;
  const license = { issuerOrgId: caller.organizationId, licenseId, token: attempt.commandId };
  return inTurn(needs.pool, metadataTurn(license), (turn) => transferInTurn(needs, request, transfer, turn));
};

const transferInTurn = async (
  needs: KeyNeeds,
  request: LicenseRequest,
  transfer: Transfer,
  turn: Turn,
): Promise<TransferredLicense | Refusal> => {
  const { call, caller, licenseId } = request;
  const { organizationId: issuerOrgId } = caller;
  const attempt = withKeyBody(request.attempt);
  const parties = { issuerOrgId, holderOrgId: transfer.toHolderOrgId };
  const holder = await findHolder(needs.executor, parties, 'toHolderOrganizationId');
  const newKey = keyOf(needs.secrets, attempt);
  const commanded = isRefusal(holder) ? holder : commandFor({ ...transfer, newKey }, holder);
  const previousHolderOrgId = await needs.executor.read(licenseAggregate, licenseId, holderOf);
  let isRotated = false;
  const send = () =>
    changeLicense(needs, request, {
      power: 'endLicenses',
      command: (at) => (isRefusal(commanded) ? commanded : { ...commanded, at }),
      guard: () => {
        turn.check();
        return null;
      },
      refuse: (events) => {
        isRotated = events.some(({ type }) => type === 'LicenseKeyRotated');
        return isRotated ? refuseForgottenKey(needs.secrets, attempt, licenseId, events) : null;
      },
      settle: () => giveToHolder(needs, { issuerOrgId, licenseId, previousHolderOrgId }, turn),
    });
  const { executor, now } = needs;
  const reserving = { executor, store: null, call, attempt, actor: actorOf(caller), at: now(), issuerOrgId, licenseId };
  const changed =
    isRefusal(commanded) || commanded.type === 'Transfer'
      ? await send()
      : await withOfferPlace(
          reserving,
          { holderOrgId: commanded.data.toHolderOrgId, place: 'toHolderOrganizationId' },
          send,
        );
  if (isRefusal(changed)) return changed;
  return { ...changed, licenseKey: isRotated ? formatLicenseKey(needs.licenseKeyPrefix, attempt.secret) : null };
};

type Transfer = Omit<CommandOf<'Transfer'>['data'], 'newKey'>;

const commandFor = (transfer: CommandOf<'Transfer'>['data'], { offerTo }: FoundHolder) => {
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

/** Gives a body for the new key to an attempt of an earlier build, which stored none for a transfer. */
const withKeyBody = (attempt: Attempt): Attempt =>
  attempt.secret === '' ? { ...attempt, secret: generateLicenseKeyBody() } : attempt;

/**
 * Lets the holder of the license read its metadata and the names of the devices and seats that stay, and ends the turn.
 * Erases the names of users that earlier holders gave, because these no longer see the license. The stream has the
 * current holder. Throws Unfinished when the turn was lost; the vault is then as before.
 */
export const giveToHolder = async (
  { executor, pool }: Pick<CommandNeeds, 'executor' | 'pool'>,
  { issuerOrgId, licenseId, previousHolderOrgId }: GivenLicense,
  turn: Turn,
): Promise<void> => {
  const holding = await executor.read(licenseAggregate, licenseId, holdingOf);
  if (holding === null) return;
  const give = async (db: PoolClient): Promise<void> => {
    await turn.end(db);
    await giveValues(db, licenseId, holding);
    await giveSeatHolders(db, { issuerOrgId, licenseId, holderOrgId: holding.holderOrgId }, holding.leases);
  };
  await afterAppend(() => asTenant(pool, issuerOrgId, give, { readOnly: false }));
  const earlier = new Set([...holding.formerHolders, previousHolderOrgId]);
  for (const orgId of earlier)
    if (orgId !== null && orgId !== holding.holderOrgId && orgId !== issuerOrgId)
      await afterAppend(() => asTenant(pool, orgId, (db) => eraseUserNames(db, orgId, licenseId), { readOnly: false }));
};

/**
 * A license that a transfer gave to another holder. `previousHolderOrgId`: the holder before the transfer; null: none.
 */
type GivenLicense = Omit<LicenseInTurn, 'token'> & { readonly previousHolderOrgId: string | null };

const holderOf = (license: License): string | null => (license.kind === 'unissued' ? null : license.facts.holderOrgId);

const holdingOf = (license: License) => {
  if (license.kind === 'unissued') return null;
  const { activations, leases, facts } = license;
  const names = [...activations.values()].flatMap(({ nameRef, metadataRef }) =>
    [nameRef, metadataRef].filter((ref) => typeof ref === 'string'),
  );
  const { holderOrgId, formerHolders } = facts;
  return { holderOrgId, formerHolders, names, leases: [...leases.keys()] };
};
