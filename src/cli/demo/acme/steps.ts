import { licenseActingOf } from '../../../application/caller.ts';
import { changeExpiry } from '../../../application/licenses/change-expiry.ts';
import type { LicenseRequest } from '../../../application/licenses/change-license.ts';
import { changeLimits } from '../../../application/licenses/change-limits.ts';
import { convertTrial } from '../../../application/licenses/convert-trial.ts';
import { grantEntitlement } from '../../../application/licenses/grant-entitlement.ts';
import { reinstateLicense } from '../../../application/licenses/reinstate-license.ts';
import { renewLicense } from '../../../application/licenses/renew-license.ts';
import { revokeLicense } from '../../../application/licenses/revoke-license.ts';
import type { KeyNeeds } from '../../../application/licenses/rotate-key.ts';
import { issuedFacts, sendLicenseCommand } from '../../../application/licenses/send-license-command.ts';
import { suspendLicense } from '../../../application/licenses/suspend-license.ts';
import { referenceOf } from '../../../application/personal-values.ts';
import { isRefusal, type Refusal } from '../../../application/refusal.ts';
import { assignUser } from '../../../application/usage/assign-user.ts';
import { unassignUserByName } from '../../../application/usage/unassign-user.ts';
import { encodeId } from '../../../domain/ids.ts';
import type { LicenseCommand } from '../../../domain/license/commands.ts';
import type { LicenseFacts } from '../../../domain/license/license.ts';
import type { LicensePower } from '../../../domain/license/license-authority.ts';
import type { SuspensionReason } from '../../../domain/license/suspension/suspension-events.ts';
import type { LimitsAndRules } from '../../../domain/license/usage/meter-rules.ts';
import { type Instant, plusSeconds } from '../../../domain/time.ts';
import { aggregateId, partId } from '../../../eventstore/uuids.ts';
import { fingerprintHashes, holderHashes } from '../../../identity/fingerprint.ts';
import type { PersonalValue } from '../../../records/vault.ts';
import type { SimulatedRequest } from './simulation.ts';

/** A command on its way to a license of the demo, with the clock of the demo in `needs`. */
export type Sending = {
  readonly needs: KeyNeeds;
  readonly request: SimulatedRequest & Pick<LicenseRequest, 'licenseId'>;
  readonly facts: Pick<LicenseFacts, 'issuerOrgId' | 'holderOrgId'>;
  readonly at: Instant;
  /** Returns the id of a policy of the demo. */
  readonly policyId: (policy: string) => string;
};

/** Returns the license after the command, or why it was refused. */
type Sent = Promise<LicenseFacts | Refusal>;

/** Something that happens to a license on a day of the demo. Two steps of a license with one name are the same one. */
export type Step = {
  readonly day: number;
  readonly name: string;
  readonly send: (sending: Sending) => Sent;
};

const factsOf = async (changed: Promise<{ readonly facts: LicenseFacts } | Refusal>): Sent => {
  const result = await changed;
  return isRefusal(result) ? result : result.facts;
};

const because = (code: string, text?: string) => ({ code, ...(text === undefined ? {} : { text }) });

/** The license renews for another term of its policy, paid by an invoice. */
export const renew = (day: number, duration?: string): Step => ({
  day,
  name: `renew ${day}`,
  send: ({ needs, request }) =>
    factsOf(
      renewLicense(
        needs,
        { ...request, reason: because('INVOICE_PAID') },
        { duration, billingRef: `inv-${request.attempt.commandId.slice(0, 8)}` },
      ),
    ),
});

/** The license is suspended, with a note. */
export const suspend = (day: number, reasonCode: SuspensionReason, text: string): Step => ({
  day,
  name: `suspend ${day}`,
  send: ({ needs, request }) =>
    factsOf(suspendLicense(needs, { ...request, reason: because(reasonCode, text) }, { reasonCode, until: null })),
});

/** The suspension ends. */
export const reinstate = (day: number, text: string): Step => ({
  day,
  name: `reinstate ${day}`,
  send: ({ needs, request }) => factsOf(reinstateLicense(needs, { ...request, reason: because('RESOLVED', text) })),
});

/** The license ends for good. */
export const revoke = (day: number, reasonCode: string, text: string): Step => ({
  day,
  name: `revoke ${day}`,
  send: ({ needs, request }) =>
    factsOf(revokeLicense(needs, { ...request, reason: because(reasonCode, text) }, reasonCode)),
});

/** The end of the term moves by this many days from the day of the step. */
export const moveEnd = (day: number, days: number, reasonCode: string, text: string): Step => ({
  day,
  name: `move end ${day}`,
  send: ({ needs, request, at }) =>
    factsOf(
      changeExpiry(
        needs,
        { ...request, reason: because(reasonCode, text) },
        { to: plusSeconds(at, days * 86_400), reasonCode },
      ),
    ),
});

/** The limits change. */
export const setLimits = (day: number, limits: LimitsAndRules, code: string): Step => ({
  day,
  name: `limits ${day}`,
  send: ({ needs, request }) => factsOf(changeLimits(needs, { ...request, reason: because(code) }, { limits })),
});

/** A feature is granted in addition to the policy. */
export const grant = (day: number, code: string, value: string | null): Step => ({
  day,
  name: `grant ${code} ${day}`,
  send: ({ needs, request }) =>
    factsOf(
      grantEntitlement(
        needs,
        { ...request, reason: because('SALES') },
        { code, value, limit: null, until: null, withheld: false },
      ),
    ),
});

/** The trial becomes a paid license of a policy. */
export const convert = (day: number, policy: string): Step => ({
  day,
  name: `convert ${day}`,
  send: ({ needs, request, policyId }) =>
    factsOf(
      convertTrial(
        needs,
        { ...request, reason: because('ORDER') },
        { policyId: policyId(policy), billingRef: null, confirm: true },
      ),
    ),
});

/** A user is assigned. */
export const assign = (day: number, user: string): Step => ({
  day,
  name: `assign ${user} ${day}`,
  send: ({ needs, request }) => factsOf(assignUser(needs, { ...request, reason: null }, user)),
});

/** A user leaves. */
export const unassign = (day: number, user: string): Step => ({
  day,
  name: `unassign ${user} ${day}`,
  send: ({ needs, request }) => factsOf(unassignUserByName(needs, { ...request, reason: null }, user)),
});

/** A device of the demo. */
export type DemoDevice = {
  readonly name: string;
  readonly product: string;
  readonly version: string;
  readonly platform: string;
};

/** A device is activated. */
export const activate = (day: number, device: DemoDevice): Step => ({
  day,
  name: `activate ${device.name} ${day}`,
  send: (sending) => {
    const { request, facts } = sending;
    const activationId = encodeId('act', partId(request.attempt, 'activation'));
    const nameRef = referenceOf(request.attempt, 'device name');
    const { name, product, version: appVersion, platform } = device;
    const data = { activationId, fingerprintHash: hashOf(sending, name), product, nameRef, platform, appVersion };
    const value = { ...facts, ref: nameRef, kind: 'DEVICE_NAME', subject: activationId, value: name } as const;
    return sendDirectly(sending, { command: { type: 'Activate', data }, values: [value] });
  },
});

/** A device gives its place back. */
export const deactivate = (day: number, name: string): Step => ({
  day,
  name: `deactivate ${name} ${day}`,
  send: (sending) =>
    sendDirectly(sending, {
      command: { type: 'Deactivate', data: { device: { fingerprintHash: hashOf(sending, name) }, by: 'USER' } },
    }),
});

/** A user borrows a seat. */
export const borrow = (day: number, holder: string, days: number): Step => ({
  day,
  name: `borrow ${holder} ${day}`,
  send: (sending) => {
    const { needs, request, facts } = sending;
    const [holderHash = '', ...otherHashes] = holderHashes(needs.secrets, facts.issuerOrgId, holder, true);
    const leaseId = encodeId('lea', aggregateId(request.attempt.commandId, 'lease'));
    const seat = { leaseId, holderHash, otherHashes, product: null, userRef: null, dead: [] };
    return sendDirectly(sending, {
      command: { type: 'AcquireLease', data: { ...seat, borrowSeconds: days * 86_400 } },
    });
  },
});

/** A meter counts use. */
export const use = (day: number, meter: string, quantity: number): Step => ({
  day,
  name: `use ${meter} ${day}`,
  send: (sending) => {
    const { request, at } = sending;
    const { commandId } = request.attempt;
    const entry = { usageId: aggregateId(commandId, 'usage'), quantity, occurredAt: at, commandId };
    return sendDirectly(sending, { command: { type: 'RecordUsage', data: { meter, entries: [entry] } } });
  },
});

type Unsent = LicenseCommand extends infer Command
  ? Command extends LicenseCommand
    ? Pick<Command, 'type' | 'data'>
    : never
  : never;

type Direct = {
  readonly command: Unsent;
  readonly values?: readonly PersonalValue[];
  readonly power?: LicensePower;
};

/** Sends what an application would send. */
const sendDirectly = async (
  { needs, request, facts, at }: Sending,
  { command, values = [], power = 'useLicenses' }: Direct,
): Sent => {
  const { call, attempt, caller, licenseId } = request;
  const by = licenseActingOf(caller);
  const actor = { type: 'API_KEY', id: caller.kind === 'apiKey' ? caller.apiKeyId : '', onBehalfOf: null } as const;
  const { issuerOrgId } = facts;
  const sending = { call, attempt, actor, by, power, issuerOrgId, licenseId, reason: null, values };
  const sent = await sendLicenseCommand(
    needs,
    { ...sending, command: { ...command, at } as LicenseCommand },
    issuedFacts,
  );
  return isRefusal(sent) ? sent : sent.view;
};

const hashOf = ({ needs, facts }: Sending, name: string): string =>
  fingerprintHashes(needs.secrets, facts.issuerOrgId, name)[0] ?? '';
