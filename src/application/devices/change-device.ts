import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { reject } from '../../domain/decider.ts';
import type { IssuedLicense, License } from '../../domain/license/license.ts';
import { type LicenseActing, refuseActing } from '../../domain/license/license-authority.ts';
import type { JsonObject } from '../../eventstore/event-store.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { isUserReference } from '../../identity/user-reference.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { eraseValue, isValue, type PersonalValue } from '../../records/vault.ts';
import { claimReferences } from '../../records/vault-references.ts';
import { licenseActingOf } from '../caller.ts';
import { type ChangedLicense, changeLicense, type LicenseRequest } from '../licenses/change-license.ts';
import type { CommandNeeds } from '../licenses/send-license-command.ts';
import { referenceOf } from '../personal-values.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { referenceIn } from '../usage/assign-user.ts';

/** A change of an active device. Null removes the user; empty metadata removes it. Undefined stays. */
export type DeviceChange = {
  readonly activationId: string;
  /** The user by name, by id, or by the reference of the assignment. */
  readonly user?: string | null | undefined;
  /** Replaces all earlier metadata. */
  readonly metadata?: JsonObject | undefined;
};

type DeviceRequest = LicenseRequest & {
  /** Does `work` as soon as the read models contain this position of the log. */
  readonly onceReadable: (position: bigint, work: () => unknown) => void;
};

/**
 * Changes the user and the metadata of a device for an administrator of the issuer or the holder. The metadata is in the
 * vault before its event, and earlier metadata is erased as soon as the read models no longer refer to it. When the
 * process dies before, the worker erases it (`settleReferences`).
 */
export const changeDevice = async (
  needs: CommandNeeds & { readonly secrets: Secrets },
  request: DeviceRequest,
  { activationId, user, metadata }: DeviceChange,
): Promise<ChangedLicense | Refusal> => {
  const { executor, pool, secrets } = needs;
  const acting = licenseActingOf(request.caller);
  const before = await executor.read(licenseAggregate, request.licenseId, (license) =>
    deviceIn(license, activationId, acting),
  );
  const json = metadata === undefined || Object.keys(metadata).length === 0 ? null : JSON.stringify(metadata);
  const known = before?.metadataRef ?? null;
  const isSame =
    before !== null &&
    known !== null &&
    json !== null &&
    (await asTenant(pool, before.issuerOrgId, (db) => isValue(db, known, json)));
  const isReplaced = metadata !== undefined && !isSame;
  const newRef = json === null || isSame ? null : referenceOf(request.attempt, 'device metadata');
  const values: PersonalValue[] = [];
  if (before !== null && json !== null && newRef !== null) {
    const { issuerOrgId, holderOrgId } = before;
    values.push({ ref: newRef, issuerOrgId, holderOrgId, kind: 'DEVICE_METADATA', subject: activationId, value: json });
  }
  // The metadata that the change replaces, as of the last time that the change was decided.
  let supersededRef: string | null = null;
  const changed = await changeLicense(needs, request, {
    power: 'manageUse',
    values,
    command: async (at) => {
      if (isReplaced && before !== null && known !== null)
        await claimOf(pool, { issuerOrgId: before.issuerOrgId, licenseId: request.licenseId, ref: known });
      return {
        at,
        compose: (license) => {
          // The vault would show the metadata to an earlier holder. It has none for a caller without the power.
          if (license.facts.holderOrgId !== before?.holderOrgId) return otherHolder;
          const current = license.activations.get(activationId)?.metadataRef ?? null;
          if (isSame && current !== known) return changedMeanwhile;
          supersededRef = isReplaced && current !== newRef ? current : null;
          const userRef = user === undefined || user === null ? user : userIn(secrets, license, user);
          const details = {
            ...(userRef === undefined ? {} : { userRef }),
            ...(isReplaced ? { metadataRef: newRef } : {}),
          };
          return [{ type: 'ChangeDevice', at, data: { activationId, ...details } }];
        },
      };
    },
  });
  if (isRefusal(changed)) return changed;
  const erased: string | null = supersededRef;
  if (erased !== null) {
    const { issuerOrgId } = changed.facts;
    request.onceReadable(changed.position, () =>
      asTenant(pool, issuerOrgId, (db) => eraseValue(db, issuerOrgId, erased), { readOnly: false }),
    );
  }
  return changed;
};

type Superseded = { readonly issuerOrgId: string; readonly licenseId: string; readonly ref: string };

/** Claims metadata that is about to be replaced, so that the worker reads in the stream whether it was. */
const claimOf = (pool: CommandNeeds['pool'], { issuerOrgId, licenseId, ref }: Superseded) =>
  asTenant(
    pool,
    issuerOrgId,
    (db) => claimReferences(db, { issuerOrgId, stream: licenseAggregate.stream(licenseId) }, [ref]),
    { readOnly: false },
  );

/** Returns what the change starts from; null when the caller may not change the device. */
const deviceIn = (license: License, activationId: string, acting: LicenseActing) => {
  if (license.kind === 'unissued' || refuseActing(license.facts, acting, 'manageUse') !== null) return null;
  const { issuerOrgId, holderOrgId } = license.facts;
  return { issuerOrgId, holderOrgId, metadataRef: license.activations.get(activationId)?.metadataRef ?? null };
};

const userIn = (secrets: Secrets, license: IssuedLicense, user: string): string =>
  isUserReference(user) ? user : referenceIn(secrets, license, user);

const otherHolder = reject(
  'CONCURRENT_MODIFICATION',
  'The license got another holder meanwhile. Nothing was changed. Read the license, and send the request again.',
);

const changedMeanwhile = reject(
  'CONCURRENT_MODIFICATION',
  'Another request changed the metadata of this device meanwhile. Nothing was changed. Send the request again.',
);
