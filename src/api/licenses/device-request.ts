import type { Pool } from 'pg';
import { z } from 'zod';
import { encodeId } from '../../domain/ids.ts';
import type { Device } from '../../domain/license/commands.ts';
import { activationOf } from '../../domain/license/devices.ts';
import type { Activation, License, LicenseFacts } from '../../domain/license/license.ts';
import { trialReservations } from '../../domain/reservation/trial.ts';
import type { Executed } from '../../eventstore/execute.ts';
import { partId } from '../../eventstore/ids.ts';
import { fingerprintHashes } from '../../identity/fingerprint.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { activationsOf } from '../../projections/tables/activations.ts';
import { type PersonalValue, valueAt } from '../../projections/tables/vault.ts';
import { asTenant } from '../../projections/tenant.ts';
import type { ValidationFacts } from '../../projections/validation.ts';
import type { Attempt } from '../idempotency.ts';
import { referenceOf } from '../in-vault.ts';
import type { Problem } from '../problems.ts';
import type { Reply } from '../route.ts';
import { activationBody, activationShape } from './activation-shape.ts';
import type { ClientNeeds } from './client-license.ts';
import { type deviceFields, usageOf, usageShape } from './client-schemas.ts';
import { findDeviceHashes, findUser } from './known-names.ts';
import { issuedFacts } from './send-command.ts';

/** A device as a request describes it. */
export type AskedDevice = { readonly [Field in keyof typeof deviceFields]?: z.output<(typeof deviceFields)[Field]> } & {
  readonly fingerprint: string;
};

/** A device as the stream takes it, and the personal values to be in the vault before. */
export type PreparedDevice = { readonly device: Device; readonly values: readonly PersonalValue[] };

/** What activating answers with. */
export const activationAnswer = z.strictObject({
  activation: activationShape,
  changed: z.boolean(),
  limits: usageShape,
  revision: z.int(),
});

/** Brings a device into the form in which events may hold it: hashes and references in place of what a client wrote. */
export const prepareDevice = async (
  needs: ClientNeeds,
  found: ValidationFacts,
  attempt: Attempt,
  asked: AskedDevice,
): Promise<PreparedDevice> => {
  const { issuerOrgId, holderOrgId } = found.facts;
  const { product = null, name = null, platform = null, appVersion = null, user, environment } = asked;
  const activationId = encodeId('act', partId(attempt, 'activation'));
  const nameRef = name === null ? null : referenceOf(attempt, 'device name');
  const about = { issuerOrgId, holderOrgId, kind: 'DEVICE_NAME', subject: activationId } as const;
  return {
    device: {
      ...{ activationId, product, nameRef, platform, appVersion },
      ...(await findDeviceHashes(needs, found, asked)),
      ...(user === undefined ? {} : { userRef: await findUser(needs, found, user) }),
      ...(environment === undefined ? {} : { environment }),
    },
    values: nameRef === null || name === null ? [] : [{ ...about, ref: nameRef, value: name }],
  };
};

/** What has to be reserved before a trial is activated on a device; nothing for any other license. */
export const reservationsOf = (secrets: Secrets, { policy, issuerOrgId, products }: LicenseFacts, value: string) =>
  // Under every secret: a device stays known when the secret that signs is another one by now.
  policy.type === 'TRIAL'
    ? fingerprintHashes(secrets, issuerOrgId, value).flatMap((fingerprintHash) =>
        trialReservations({ issuerOrgId, products, holderOrgId: null, fingerprintHash }),
      )
    : [];

/** What the answer needs to know of the license: its facts, and the activation that the device has by now. */
export const activatedView =
  (device: Device) =>
  (license: License): Activated => ({
    facts: issuedFacts(license),
    open: license.kind === 'unissued' ? null : activationOf(license, device),
  });

type Activated = { readonly facts: LicenseFacts; readonly open: Activation | null };

/** The answer to a device that was activated: 201, or 200 with the activation that it had before. */
export const activationReply = async (
  pool: Pool,
  { device, values }: PreparedDevice,
  { view, outcome, events, revision, position }: Executed<Activated>,
): Promise<Reply> => {
  const { licenseId, issuerOrgId } = view.facts;
  const changed = outcome !== 'unchanged';
  // A repeated command is answered as it was, even where the device was released since.
  const activatedAt = String(events.at(-1)?.metadata.recordedAt);
  // Its id follows from the hash that the request was stored with, which may be under an older secret.
  const stored = events.find(({ type }) => type === 'ActivationRecorded')?.data.activationId ?? device.activationId;
  const shown = changed || view.open === null ? { ...device, activationId: String(stored), activatedAt } : view.open;
  const name = changed ? (values[0]?.value ?? null) : await nameOf(pool, issuerOrgId, shown.nameRef);
  return {
    status: changed ? 201 : 200,
    body: {
      activation: activationBody({ ...shown, licenseId, name }),
      changed,
      limits: usageOf(view.facts),
      revision: Number(revision),
    },
    position: position.commit,
  };
};

/** Adds to a refusal for want of room what takes it up, so that the client can offer to swap one of these devices. */
export const withActivations = async (
  pool: Pool,
  { facts: { issuerOrgId, licenseId }, isParked }: ValidationFacts,
  refusal: Problem,
): Promise<Problem> => {
  // The rows of a parked license are not the devices that take up its room.
  if (refusal.problem !== 'ACTIVATION_LIMIT_EXCEEDED' || isParked) return refusal;
  const open = await asTenant(pool, issuerOrgId, (db) =>
    activationsOf(db, licenseId, { limit: shownActivationsMax, after: null }),
  );
  return { ...refusal, extension: { activations: open.map(activationBody) } };
};

const shownActivationsMax = 100;

const nameOf = (pool: Pool, issuerOrgId: string, ref: string | null): Promise<string | null> =>
  ref === null ? Promise.resolve(null) : asTenant(pool, issuerOrgId, (db) => valueAt(db, ref));
