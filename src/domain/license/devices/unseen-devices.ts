import { stamp } from '../../decider.ts';
import { type Instant, later, plusSeconds } from '../../time.ts';
import type { CommandOf } from '../commands.ts';
import type { LicenseEvent } from '../events.ts';
import { evolve, forkIssued } from '../evolve.ts';
import type { Activation, IssuedLicense } from '../license.ts';
import { releaseOnDeactivation } from '../seats/decide-seats.ts';
import { isSuspended } from '../status.ts';
import { noticeSecondsOf, type SeenDevice, unseenMarginSeconds, unseenSecondsOf } from './unseen-rule.ts';

/**
 * Announces the deactivation of devices that were not seen for nearly as long as the policy allows, and deactivates those
 * whose announced instant has passed without a contact. Nothing happens to other devices, without the rule, or while
 * the license is suspended, when no device can be used.
 */
export const releaseUnseen = (
  { data, at }: CommandOf<'ReleaseUnseen'>,
  license: IssuedLicense,
): readonly LicenseEvent[] => {
  const { facts } = license;
  const seconds = unseenSecondsOf(facts.policy);
  if (seconds === null || isSuspended(facts, at)) return [];
  const events: LicenseEvent[] = [];
  const current = forkIssued(license);
  for (const device of data.devices) {
    for (const event of releaseOf(current, device, { seconds, at })) {
      events.push(event);
      evolve(current, event, stamp(event, at).at);
    }
  }
  return events;
};

const releaseOf = (
  license: IssuedLicense,
  { activationId, lastSeenAt: reported }: SeenDevice,
  { seconds, at }: { readonly seconds: number; readonly at: Instant },
): readonly LicenseEvent[] => {
  const activation = license.activations.get(activationId);
  if (activation === undefined) return [];
  const lastSeenAt = later(reported, lastEventOf(activation));
  const notice = noticeSecondsOf(seconds);
  const dueAt = plusSeconds(lastSeenAt, seconds);
  const announced = announcementOf(license, activation, lastSeenAt, at);
  if (announced === null) {
    if (at < plusSeconds(dueAt, -notice)) return [];
    // A late worker does not shorten the notice.
    const deactivatesAt = later(dueAt, plusSeconds(at, notice));
    return [{ type: 'DeactivationAnnounced', data: { activationId, lastSeenAt, deactivatesAt } }];
  }
  // After a change of the policy the later instant counts.
  if (at < plusSeconds(later(announced.deactivatesAt, dueAt), unseenMarginSeconds)) return [];
  const countAfter = license.activations.size - 1;
  return [
    { type: 'ActivationDeactivated', data: { activationId, cause: 'UNSEEN', countAfter } },
    ...releaseOnDeactivation(license, activation, 'USER', at),
  ];
};

/** Returns the announcement that still counts: without a later contact or suspension, and not too old. */
const announcementOf = (
  { reinstatedAt }: IssuedLicense,
  { unseen }: Activation,
  lastSeenAt: Instant,
  at: Instant,
): NonNullable<Activation['unseen']> | null => {
  if (unseen === undefined || unseen.lastSeenAt < lastSeenAt) return null;
  if (reinstatedAt !== null && unseen.announcedAt <= reinstatedAt) return null;
  return at < plusSeconds(unseen.deactivatesAt, announcedForSeconds) ? unseen : null;
};

/** A worker that comes later than this announces again. */
const announcedForSeconds = 30 * 86_400;

// Activations from before sightings were stored have none.
const lastEventOf = ({ activatedAt, updatedAt = {} }: Activation): Instant =>
  Object.values(updatedAt).reduce((last, updated) => later(last, updated ?? last), activatedAt);
