import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { encodeId } from '../../domain/ids.ts';
import { trialReservations } from '../../domain/reservation/trial.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { hashLicenseKey, licenseKeyHint } from '../../identity/license-key.ts';
import type { Secrets } from '../../identity/secrets.ts';
import type { Attempt } from '../attempt.ts';
import { findOffer } from '../catalog/find-offer.ts';
import type { Traced } from '../command-context.ts';
import { withReserved } from '../licenses/issue/reserve.ts';
import { type CommandNeeds, sendLicenseCommand } from '../licenses/send-license-command.ts';
import { isRefusal } from '../refusal.ts';

const operator = { type: 'SYSTEM', id: 'signup', onBehalfOf: null } as const;

/** What the platform gives to a new organization. */
export type PlatformOffer = {
  /** Issues the license to the organization, once for a command id; gives the position of its last event. */
  readonly issueTo: (organizationId: string, attempt: Attempt) => Promise<bigint>;
};

/** Nobody can sign up, for a reason that the operator can mend; it is told to the log. */
export class SignupPolicyUnusable extends Error {
  override readonly name = 'SignupPolicyUnusable';
  readonly retryAfterSeconds = 60;
}

/** The policy that new organizations get a license of, and the organization that issues it. */
export type SignupPolicy = { readonly organizationId: string; readonly policyId: string };

/** `signupPolicy` null: new organizations get no license. */
export type OfferNeeds = CommandNeeds & {
  readonly secrets: Secrets;
  readonly accounts: { readonly signupPolicy: SignupPolicy | null };
};

/** What the policy offers now, as the platform's catalog is. Throws SignupPolicyUnusable, and as `read` does. */
export const findSignupOffer = async (executor: Executor, { organizationId: issuerOrgId, policyId }: SignupPolicy) => {
  const offered = await findOffer(executor, issuerOrgId, { policyId });
  if (isRefusal(offered)) throw misconfigured(offered.detail);
  const { products } = offered;
  if (products === null || products.length === 0) throw misconfigured('The policy has no products.');
  const timeZone = await executor.read(organizationAggregate, issuerOrgId, (platform) =>
    platform.kind === 'created' && platform.closedAt === null ? platform.timeZone : null,
  );
  if (timeZone === null) throw misconfigured('There is no such organization, or it was closed.');
  return { ...offered, products, timeZone };
};

/**
 * What SIGNUP_POLICY offers now; null: there is no such policy configured. Its key is shown to nobody: the holder can
 * have it rotated. Throws as `findSignupOffer` does.
 */
export const findPlatformOffer = async (needs: OfferNeeds, call: Traced): Promise<PlatformOffer | null> => {
  const { executor, accounts, secrets } = needs;
  if (accounts.signupPolicy === null) return null;
  const { organizationId: issuerOrgId } = accounts.signupPolicy;
  const { policy, products, term, limits, entitlements, timeZone } = await findSignupOffer(
    executor,
    accounts.signupPolicy,
  );

  const issueTo = async (holderOrgId: string, signup: Attempt): Promise<bigint> => {
    // Of its own: the ids of events follow from it, and those of the signup are taken.
    const attempt = { ...signup, commandId: aggregateId(signup.commandId, 'platform license') };
    const licenseId = encodeId('lic', aggregateId(attempt.commandId, 'license'));
    const { hash, secretId } = hashLicenseKey(secrets, attempt.secret);
    const key = { keyHash: hash.toString('hex'), secretId, hint: licenseKeyHint(attempt.secret) };
    const at = needs.now();
    const data = {
      ...{ licenseId, issuerOrgId, holderOrgId, policy, products, limits, term, entitlements, timeZone, key },
      externalRef: null,
    };
    const sending = { call, attempt, actor: operator, issuerOrgId, licenseId };
    const needed =
      policy.type === 'TRIAL' ? trialReservations({ issuerOrgId, products, holderOrgId, fingerprintHash: null }) : [];
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
    if (isRefusal(issued)) throw misconfigured(issued.detail);
    return issued.position.commit;
  };
  return { issueTo };
};

const misconfigured = (detail: string): SignupPolicyUnusable =>
  new SignupPolicyUnusable(`Nobody can sign up: the policy that SIGNUP_POLICY names cannot be issued. ${detail}`);
