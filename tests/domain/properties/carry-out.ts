import { isRejection, stamp } from '../../../src/domain/decider.ts';
import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import type { RepairStep, Sent } from '../../../src/domain/license/repair/repair-step.ts';
import type { Situation } from '../../../src/domain/license/repair/situation.ts';
import { settle } from '../../../src/domain/license/settle.ts';
import { checksIn, startsTerm } from '../../../src/domain/license/validation/validation-effects.ts';
import { type ValidationScope, validationView } from '../../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../../src/domain/license/validation/validity.ts';
import type { Chance } from '../../support/chance.ts';

// Carries out repairs as their reader would: each step is a command to the decider, or another request.

/** Returns the situation after a step. Throws when the step is refused. */
export const carryOut = (situation: Situation, step: RepairStep, chance: Chance): Situation => {
  const { at, scope } = situation;
  switch (step.action) {
    case 'WAIT': {
      const until = step.until > at ? step.until : at;
      return { ...situation, at: until, license: settle(situation.license, until).license };
    }
    case 'SEND':
      return { ...situation, scope: sent(situation, step.send, step.omit.length > 0, chance) };
    case 'VALIDATE':
      return validated(situation);
    case 'RELEASE_DEVICES':
    case 'RELEASE_SEATS':
    case 'UNASSIGN_USERS':
      return someOf(step.ids, step.count, chance).reduce(
        (current, id) => send(current, releaseOf(step.action, id, at)),
        situation,
      );
    default:
      return send(situation, { ...commandOf(step, situation, scope), at } as LicenseCommand);
  }
};

const send = (situation: Situation, command: LicenseCommand): Situation => {
  const decision = licenseDecider.decide(command, situation.license, (index) => `evt_step_${index}`);
  if (isRejection(decision)) throw new Error(`${JSON.stringify(command)}: ${decision.rejected} ${decision.detail}`);
  let license = licenseDecider.fork(situation.license);
  for (const event of decision) license = licenseDecider.evolve(license, event, stamp(event, command.at).at);
  if (license.kind === 'unissued') throw new Error('not issued');
  return { ...situation, license };
};

const validated = (situation: Situation): Situation => {
  const { license, scope, at } = situation;
  const view = { ...validationView(license, scope), lastCheckInAt: situation.lastCheckInAt };
  const verdict = validate(view, scope, at);
  if (checksIn(license.facts, verdict)) return { ...situation, lastCheckInAt: at };
  if (!startsTerm(license.facts, verdict)) return situation;
  return send(situation, { type: 'StartTerm', at, data: { trigger: 'FIRST_VALIDATION' } });
};

const someOf = (ids: readonly string[], count: number, chance: Chance): readonly string[] => {
  const left = [...ids];
  return Array.from({ length: count }, () => left.splice(chance.below(left.length), 1)[0] ?? '');
};

const releaseOf = (action: string, id: string, at: string): LicenseCommand => {
  if (action === 'RELEASE_SEATS') return { type: 'ReleaseLease', at, data: { leaseId: id, by: 'ADMIN' } };
  if (action === 'UNASSIGN_USERS') return { type: 'UnassignUser', at, data: { userRef: id, cause: 'ADMIN' } };
  return { type: 'Deactivate', at, data: { device: { activationId: id }, by: 'ADMIN' } };
};

type Simple = Exclude<
  RepairStep,
  { action: 'WAIT' | 'SEND' | 'VALIDATE' | 'RELEASE_DEVICES' | 'RELEASE_SEATS' | 'UNASSIGN_USERS' }
>;

const commandOf = (step: RepairStep, { license, dead }: Situation, scope: ValidationScope): object => {
  const simple = step as Simple;
  const { facts } = license;
  switch (simple.action) {
    case 'REINSTATE':
      return { type: 'Reinstate', data: {} };
    case 'RENEW': {
      const terms = simple.duration === null ? {} : { duration: simple.duration, basis: 'FROM_NOW' };
      return { type: 'Renew', data: { ...terms, reasonCode: null } };
    }
    case 'EXTEND_MAINTENANCE':
      return { type: 'ChangeMaintenance', data: { to: simple.to, reasonCode: 'SOLD' } };
    case 'ADD_PRODUCT':
      return { type: 'AddProduct', data: { product: simple.product } };
    case 'GRANT_ENTITLEMENT':
      return {
        type: 'GrantEntitlement',
        data: { code: simple.entitlement, value: null, limit: null, until: null, source: 'grant' },
      };
    case 'ASSIGN_USER':
      return { type: 'AssignUser', data: { userRef: scope.user } };
    case 'CHANGE_LIMITS': {
      const meters = { ...facts.limits.meters, ...simple.limits.meters };
      const limits = { ...facts.limits, ...simple.limits, meters };
      return { type: 'ChangeLimits', data: { limits, overrides: simple.limits, strategy: 'ALLOW_OVER' } };
    }
    case 'ACTIVATE':
      return { type: 'Activate', data: deviceOf(scope) };
    case 'TAKE_SEAT':
      return { type: 'AcquireLease', data: { ...seatOf(scope), dead } };
    default:
      throw new Error(`${step.action} is no command.`);
  }
};

const deviceOf = ({ fingerprint, product, components, user = null, environment = null }: ValidationScope) => ({
  activationId: 'act_step',
  fingerprintHash: fingerprint,
  product,
  nameRef: null,
  platform: null,
  appVersion: null,
  // The application reserves a device before it activates it.
  reserved: { places: [{ scope: 'ISSUER', of: 'org_1' }], activationIds: [] },
  ...(components === undefined ? {} : { components }),
  ...(user === null ? {} : { userRef: user }),
  ...(environment === null ? {} : { environment }),
});

const seatOf = ({ lease, product, user = null, environment = null }: ValidationScope) => ({
  leaseId: 'lea_step',
  holderHash: lease,
  product,
  userRef: user,
  ...(environment === null ? {} : { environment }),
  borrowSeconds: null,
});

const sent = ({ license, scope }: Situation, send: Sent, omits: boolean, chance: Chance): ValidationScope => {
  const one = (values: readonly string[]) => values[chance.below(values.length)] ?? '';
  const changed: { -readonly [Name in keyof ValidationScope]: ValidationScope[Name] } = { ...scope };
  if (omits) changed.activationId = null;
  if ('licenseKey' in send) changed.keyVersion = license.facts.keyVersion;
  if (send.environment !== undefined) changed.environment = send.environment ?? 'staging';
  if (send.product !== undefined) changed.product = one(send.product);
  if (send.version !== undefined) {
    const { number, from, releasedBefore } = send.version;
    const releasedAt = new Date(Date.parse(releasedBefore ?? license.facts.createdAt) - 1).toISOString();
    changed.version = { number: number ?? from ?? '0.0.0-0', releasedAt };
  }
  if (send.user !== undefined) changed.user = send.user ?? 'ref_new';
  if ('fingerprint' in send) changed.fingerprint = 'device-at-hand';
  if (send.activationId !== undefined) changed.activationId = one(send.activationId);
  if ('leaseHolder' in send) changed.lease = 'holder-at-hand';
  if ('components' in send) {
    const id = changed.activationId ?? license.byFingerprint.get(changed.fingerprint ?? '');
    return { ...changed, components: license.activations.get(id ?? '')?.components ?? {} };
  }
  return changed;
};
