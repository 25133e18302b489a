import type { AnswerOf } from '@license-ledger/client';
import type { LicensePower } from '../../../domain/license/license-authority.ts';
import { type LimitStrategy, limitStrategies } from '../../../domain/license/policy.ts';
import { inZone } from '../../parts/dates.ts';
import { durationText } from '../../parts/durations.ts';
import { refusalTexts as texts } from '../../texts/refusal-texts.ts';
import type { ChangedLimits } from '../license/change/limits-in-form.ts';
import { valueText } from './rule-inputs.ts';

type Repair = AnswerOf<'explainValidation'>['repairs'][number];

/** One step of a repair, or another step that can take its place. */
export type Step = Omit<Repair, 'code' | 'alternatives'>;

/** The permission that a step of the console needs. Null: the application takes the step, or time does. */
export const powerOf: Readonly<Record<Step['action'], LicensePower | null>> = {
  REINSTATE: 'suspendLicenses',
  RENEW: 'renewLicenses',
  EXTEND_MAINTENANCE: 'changeLicenses',
  ADD_PRODUCT: 'changeLicenses',
  GRANT_ENTITLEMENT: 'changeLicenses',
  ASSIGN_USER: 'assignUsers',
  UNASSIGN_USERS: 'assignUsers',
  RELEASE_DEVICES: 'manageUse',
  RELEASE_SEATS: 'releaseSeats',
  CHANGE_LIMITS: 'sellLicenses',
  ACTIVATE: null,
  TAKE_SEAT: null,
  SEND: null,
  VALIDATE: null,
  WAIT: null,
};

/** Returns a step as a sentence, with the values that it sets. */
export const sentenceOfStep = ({ action, body, send, omit, until }: Step): string => {
  const sentence = texts.steps[action];
  if (action === 'WAIT') return `${sentence} ${until === null ? '' : inZone(until)}.`;
  if (action === 'SEND') return `${sentence} ${sentText(send ?? {}, omit)}.`;
  const detail = detailOf(action, body ?? {});
  return detail === null ? sentence : `${sentence.slice(0, -1)}: ${detail}.`;
};

const detailOf = (action: Step['action'], body: Record<string, unknown>): string | null => {
  if (action === 'EXTEND_MAINTENANCE') return valueText(body.to);
  if (action === 'ADD_PRODUCT') return valueText(body.add);
  if (action === 'GRANT_ENTITLEMENT') return valueText(memberOf(body.grant, 'code'));
  if (action === 'CHANGE_LIMITS') return limitsText(body.limits);
  return action === 'RENEW' && typeof body.duration === 'string' ? durationText(body.duration) : null;
};

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

const limitsText = (limits: unknown): string =>
  Object.entries(typeof limits === 'object' && limits !== null ? limits : {})
    .map(([name, limit]) =>
      typeof limit === 'object' ? limitsText(limit) : `${texts.limits[name] ?? name} ${valueText(limit)}`,
    )
    .join(', ');

const sentText = (send: Record<string, unknown>, omit: readonly string[]): string =>
  [...Object.entries(send).map(sentMember), ...omit.map((name) => `${texts.sent.omit} ${name}`)].join(', ');

const sentMember = ([name, value]: readonly [string, unknown]): string => {
  if (name === 'licenseKey') return texts.sent.licenseKey;
  if (name === 'version' && typeof value === 'object' && value !== null) return `version ${versionText(value)}`;
  if (value === null) return `${name} (${texts.sent.own})`;
  return `${name} ${Array.isArray(value) ? value.map(valueText).join(' or ') : valueText(value)}`;
};

const versionText = (version: object): string =>
  Object.entries(version)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => (name === 'number' ? valueText(value) : `${name} ${valueText(value)}`))
    .join(', ');

/** What a step proposes for the fields of its dialog. */
export type Proposal = {
  readonly duration?: string;
  readonly basis?: 'FROM_NOW';
  readonly to?: string;
  readonly product?: string;
  readonly entitlement?: string;
  readonly limits?: ChangedLimits;
  readonly strategy?: LimitStrategy;
};

/** Returns what a step proposes. The server wrote its body for the operation that the dialog calls. */
export const proposalOf = ({ action, body }: Step): Proposal => {
  switch (action) {
    case 'RENEW':
      return typeof body?.duration === 'string' ? { duration: body.duration, basis: 'FROM_NOW' } : {};
    case 'EXTEND_MAINTENANCE':
      return typeof body?.to === 'string' ? { to: body.to } : {};
    case 'ADD_PRODUCT':
      return Array.isArray(body?.add) ? { product: String(body.add[0]) } : {};
    case 'GRANT_ENTITLEMENT':
      return { entitlement: String(memberOf(body?.grant, 'code') ?? '') };
    case 'CHANGE_LIMITS': {
      const strategy = limitStrategies.find((value) => value === body?.strategy);
      return { limits: (body?.limits ?? {}) as ChangedLimits, ...(strategy === undefined ? {} : { strategy }) };
    }
    default:
      return {};
  }
};
