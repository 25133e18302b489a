import { reject } from '../domain/decider.ts';
import type { LicenseCommand } from '../domain/license/commands.ts';
import { isKeyRotated } from '../domain/license/keys/key-rotation.ts';
import type { License, LicenseFacts } from '../domain/license/license.ts';
import { type LicenseActing, type LicensePower, noSuchLicense } from '../domain/license/license-authority.ts';
import type { Instant } from '../domain/time.ts';
import type { Actor } from '../eventstore/envelope.ts';
import type { Executed } from '../eventstore/executor/execute.ts';
import type { Secrets } from '../identity/secrets.ts';
import type { ValidationFacts, ValidationReader } from '../projections/queries/validation.ts';
import type { PersonalValue } from '../records/vault.ts';
import type { Traced } from './command-context.ts';
import type { Attempt } from './idempotent-attempt.ts';
import { type CommandNeeds, sendLicenseCommand } from './licenses/send-license-command.ts';
import type { Refusal } from './refusal.ts';

/** Reads licenses for clients, and hashes the names of users, devices and holders of seats. */
export type ClientNeeds = { readonly validations: ValidationReader; readonly secrets: Secrets };

/** Finds the devices, seats and users of a license that was read already. */
export type NameNeeds = {
  readonly validations: Pick<ValidationReader, 'isActivated' | 'details'>;
  readonly secrets: Secrets;
};

/** A request of a client about a license, which it names by key, or by id with a credential. */
export type ClientRequest = {
  readonly call: Traced;
  readonly attempt: Attempt;
  readonly actor: Actor;
  readonly by: LicenseActing;
  readonly license: ValidationFacts;
  /** Returns the network of the client: 24 bits of an IPv4 address, 64 bits of an IPv6 address. */
  readonly clientNetwork: () => string;
};

/** Returns true when the client has only the key of the license. */
export const isByKey = ({ by }: Pick<ClientRequest, 'by'>): boolean => by.kind === 'keyHolder';

/**
 * Returns whether the client may see the names of devices that it does not prove to be its own. Undefined for a client
 * with only the key, under a policy from before this rule.
 */
export const seesNames = (request: Pick<ClientRequest, 'by'>, { policy }: LicenseFacts): boolean | undefined =>
  isByKey(request) ? policy.deviceNamesByKey : true;

/** A license after a client's command. `changed` is false when the command changed nothing. */
export type UsedLicense = {
  readonly facts: LicenseFacts;
  readonly changed: boolean;
  readonly revision: bigint;
  readonly position: bigint;
};

/**
 * Refuses an unknown license and a key that no longer works. Both get the same answer, so that an old key reveals
 * nothing.
 */
export const knownLicense = (license: ValidationFacts | null, at: Instant): ValidationFacts | Refusal =>
  license === null || isKeyRotated(license.facts, license.keyVersion, at) ? noSuchLicense : license;

/** Refuses a license as `knownLicense` does, and a license of a closed issuer. */
export const usableLicense = (license: ValidationFacts | null, at: Instant): ValidationFacts | Refusal => {
  const known = knownLicense(license, at);
  return 'issuerClosed' in known && known.issuerClosed ? issuerClosed : known;
};

/** Sends a client's command to its license. `power` absent: it uses the license. */
export const sendClientCommand = <View>(
  needs: CommandNeeds,
  { call, attempt, actor, by, license }: ClientRequest,
  { command, values = [], power = 'useLicenses' }: ClientSending,
  view: (license: License) => View,
): Promise<Executed<View> | Refusal> => {
  const { issuerOrgId, licenseId } = license.facts;
  const sending = { call, attempt, actor, by, issuerOrgId, licenseId, reason: null, values, command };
  return sendLicenseCommand(needs, { ...sending, power }, view);
};

type ClientSending = {
  readonly command: LicenseCommand;
  readonly values?: readonly PersonalValue[];
  readonly power?: LicensePower;
};

/** Returns the result of a command that was accepted on a license. */
export const usedLicense = ({ view: facts, outcome, revision, position }: Executed<LicenseFacts>): UsedLicense => ({
  facts,
  changed: outcome !== 'unchanged',
  revision,
  position: position.commit,
});

const issuerClosed = reject('ORGANIZATION_CLOSED', 'The organization that issued this license is closed.');
