import { dayOf, number } from '../parts/dates.ts';
import type { LicenseEvent } from '../types.ts';
import { licenseTexts } from './license-texts.ts';

type Data = LicenseEvent['data'];
type Sentence = string | ((data: Data) => string);

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const day = (value: unknown): string => (typeof value === 'string' ? dayOf(value) : 'never');
const count = (value: unknown): string => (typeof value === 'number' ? number(value) : text(value));
const suspension = (value: unknown): string => {
  const named: Readonly<Record<string, string>> = licenseTexts.suspensionReasons;
  return named[text(value)] ?? text(value);
};

/** What each type of event says. An event of a type that is not here is named by its type. */
const sentences: Readonly<Record<string, Sentence>> = {
  LicenseIssued: 'The license was issued.',
  LicenseImported: ({ source }) => `The license was imported from ${text(source)}.`,
  LicenseKeyIssued: 'The license got its key.',
  ActivationRecorded: ({ countAfter, limit }) => `A device was activated: ${count(countAfter)} of ${count(limit)}.`,
  ActivationUpdated: 'A device sent new details.',
  ActivationDeactivated: ({ countAfter }) => `A device was deactivated: ${count(countAfter)} left.`,
  ActivationDetailsChanged: 'The details of a device were changed.',
  DeactivationAnnounced: ({ deactivatesAt }) =>
    `A device was not seen for long. It is deactivated on ${day(deactivatesAt)} unless it is seen.`,
  LicenseSuspended: ({ reasonCode }) => `The license was suspended for ${suspension(reasonCode)}.`,
  SuspensionReasonAdded: ({ reasonCode }) => `The suspension got another reason: ${suspension(reasonCode)}.`,
  LicenseReinstated: 'The license was reinstated.',
  LicenseRenewed: ({ expiresAt }) => `The license was renewed until ${day(expiresAt)}.`,
  LicenseExpired: ({ expiresAt }) => `The term ended on ${day(expiresAt)}.`,
  LicenseRevoked: 'The license was revoked for good.',
  LicenseReferenceChanged: 'The reference of the license was changed.',
  LicenseTermStarted: ({ expiresAt }) =>
    expiresAt === null ? 'A term without an end started.' : `A term until ${day(expiresAt)} started.`,
  LicenseExpiryChanged: ({ to }) =>
    to === null ? 'The end of the term was removed.' : `The end of the term was moved to ${day(to)}.`,
  LicenseMaintenanceChanged: ({ to }) =>
    to === null ? 'The maintenance has no end.' : `The maintenance ends on ${day(to)}.`,
  LicenseRenewalChanged: 'The kind of renewal was changed.',
  LicenseGraceEnded: 'The grace after the term ended.',
  LicenseExpiringSoon: ({ expiresAt }) => `A reminder: the term ends on ${day(expiresAt)}.`,
  TierChangeScheduled: 'A change of the tier was announced.',
  ScheduledChangeCancelled: 'An announced change was cancelled.',
  UserAssigned: 'A user was assigned.',
  UserUnassigned: 'A user was unassigned.',
  LicenseLimitsChanged: 'The limits were changed.',
  EntitlementGranted: ({ code }) => `The entitlement ${text(code)} was granted.`,
  EntitlementRevoked: ({ code }) => `The entitlement ${text(code)} was revoked.`,
  EntitlementEnded: ({ code }) => `The entitlement ${text(code)} ended.`,
  ProductAdded: ({ product }) => `The product ${text(product)} was added.`,
  ProductRemoved: ({ product }) => `The product ${text(product)} was removed.`,
  LicenseTierChanged: 'The tier was changed.',
  TrialConverted: 'The trial became a paid license.',
  LeaseAcquired: 'A seat was taken.',
  LeaseExtended: 'A seat was kept longer.',
  LeaseReleased: 'A seat was released.',
  LeaseLapsed: 'A seat ended without a sign of life.',
  UsageRecorded: ({ meter, quantity }) => `The meter ${text(meter)} counted ${count(quantity)}.`,
  UsageBatchRecorded: 'Meters counted a batch of usage.',
  UsageCorrected: ({ meter }) => `Usage of the meter ${text(meter)} was corrected.`,
  UsageReset: ({ meter }) => `The meter ${text(meter)} was set to zero.`,
  LicenseKeyRotated: 'The license got a new key.',
  LicenseKeyRetired: 'An old key stopped working.',
  LicenseTransferred: 'The license was transferred to another customer.',
  LicenseOffered: 'The license was offered to a customer.',
  LicenseOfferEnded: 'The offer to a customer ended.',
  ReplacementIssued: 'A license that replaces this one was issued.',
  ChainRepaired: 'The operator repaired the hash chain of the license.',
};

/** Returns what an event says, as one sentence. */
export const sentenceOf = ({ type, data }: Pick<LicenseEvent, 'type' | 'data'>): string => {
  const sentence = sentences[type];
  if (sentence === undefined) return `${type}.`;
  return typeof sentence === 'string' ? sentence : sentence(data);
};

/** Returns the type of an event in words: LicenseExpiryChanged is "License expiry changed". */
export const eventName = (type: string): string =>
  type.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** The types of events that have a sentence. A test compares them with all types. */
export const explainedTypes: readonly string[] = Object.keys(sentences);
