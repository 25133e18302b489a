import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { encodeId } from '../../domain/ids.ts';
import { trialReservations } from '../../domain/reservation/trial.ts';
import { addressForms } from '../../domain/reservation/trial-address.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { addressHashes } from '../../identity/fingerprint.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { findAfterTrial } from '../catalog/after-trial.ts';
import { findOffer } from '../catalog/find-offer.ts';
import type { Traced } from '../command-context.ts';
import type { Attempt } from '../idempotent-attempt.ts';
import { keyOf } from '../licenses/created-key.ts';
import { withReserved } from '../licenses/issue/reserve.ts';
import { type CommandNeeds, sendLicenseCommand } from '../licenses/send-license-command.ts';
import { isRefusal } from '../refusal.ts';

const operator = { type: 'SYSTEM', id: 'signup', onBehalfOf: null } as const;

/** The license that the platform gives to a new organization. */
export type PlatformOffer = {
  /**
   * Issues the license to the organization, once per command id. Returns the position of its last event, or null when
   * the person has had this trial.
   */
  readonly issueTo: (organizationId: string, attempt: Attempt) => Promise<bigint | null>;
};

/** Thrown when the signup policy is unusable, so nobody can sign up. The log tells the operator why. */
export class SignupPolicyUnusable extends Error {
  override readonly name = 'SignupPolicyUnusable';
  readonly retryAfterSeconds = 60;
}

/** The policy of the licenses for new organizations, and the organization that issues them. */
export type SignupPolicy = { readonly organizationId: string; readonly policyId: string };

/** Without a `signupPolicy` new organizations get no license. */
export type OfferNeeds = CommandNeeds & {
  readonly secrets: Secrets;
  readonly accounts: { readonly signupPolicy: SignupPolicy | null };
};

/**
 * Returns what the policy offers by the current state of the platform's catalog. Throws SignupPolicyUnusable, and as
 * `read` does.
 */
export const findSignupOffer = async (executor: Executor, { organizationId: issuerOrgId, policyId }: SignupPolicy) => {
  const offered = await findOffer(executor, issuerOrgId, { policyId });
  if (isRefusal(offered)) throw misconfigured(offered.detail);
  const { products } = offered;
  if (products === null || products.length === 0) throw misconfigured('The policy has no products.');
  const timeZone = await executor.read(organizationAggregate, issuerOrgId, (platform) =>
    platform.kind === 'created' && platform.closedAt === null ? platform.timeZone : null,
  );
  if (timeZone === null) throw misconfigured('There is no such organization, or it is closed.');
  return { ...offered, products, timeZone };
};

/**
 * Returns what SIGNUP_POLICY offers now, or null without that setting. No answer contains the key. The holder can
 * rotate it. `address` is the e-mail address that signs up. A policy with `trialAddressIgnores` gives its owner one trial;
 * only keyed hashes of the address are kept. Throws as `findSignupOffer` does.
 */
export const findPlatformOffer = async (
  needs: OfferNeeds,
  call: Traced,
  address: string,
): Promise<PlatformOffer | null> => {
  const { executor, accounts, secrets } = needs;
  if (accounts.signupPolicy === null) return null;
  const { organizationId: issuerOrgId } = accounts.signupPolicy;
  const { policy, products, term, limits, entitlements, timeZone } = await findSignupOffer(
    executor,
    accounts.signupPolicy,
  );

  const pinned = await findAfterTrial(executor, issuerOrgId, policy);
  const issueTo = async (holderOrgId: string, signup: Attempt): Promise<bigint | null> => {
    // The license needs its own command id. The ids of events follow from it, and the signup uses its own.
    const attempt = { ...signup, commandId: aggregateId(signup.commandId, 'platform license') };
    const licenseId = encodeId('lic', aggregateId(attempt.commandId, 'license'));
    const at = needs.now();
    const data = {
      licenseId,
      issuerOrgId,
      holderOrgId,
      policy,
      products,
      limits,
      term,
      entitlements,
      timeZone,
      ...pinned,
      key: keyOf(secrets, attempt),
      externalRef: null,
    };
    const sending = { call, attempt, actor: operator, issuerOrgId, licenseId };
    const { type, trialAddressIgnores = [] } = policy;
    const forms = trialAddressIgnores.length === 0 ? [] : addressForms(address, trialAddressIgnores);
    const hashes = addressHashes(secrets, issuerOrgId, forms);
    const trial = { issuerOrgId, products, holderOrgId, fingerprintHash: null, addressHashes: hashes };
    const needed = type === 'TRIAL' ? trialReservations(trial) : [];
    const issued = await withReserved({ executor, store: null, at, ...sending }, needed, () =>
      sendLicenseCommand(
        needs,
        {
          ...sending,
          by: { kind: 'system' },
          power: 'changeLicenses',
          reason: { code: 'SIGNUP' },
          values: [],
          command: { type: 'IssueLicense', at, data },
        },
        () => null,
      ),
    );
    // The organization is new, so only the address can have had this trial. The account needs no license.
    if (isRefusal(issued) && issued.rejected === 'CODE_TAKEN') return null;
    if (isRefusal(issued)) throw misconfigured(issued.detail);
    return issued.position.commit;
  };
  return { issueTo };
};

const misconfigured = (detail: string): SignupPolicyUnusable =>
  new SignupPolicyUnusable(`Nobody can sign up: the policy that SIGNUP_POLICY names cannot be issued. ${detail}`);
