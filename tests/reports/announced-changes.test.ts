import { describe, expect, test } from 'vitest';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { effectiveStatus, renewalAt } from '../../src/domain/license/status.ts';
import { command, enterprise, followedBy, free, to, trial, typesOf } from '../domain/license/commands.ts';
import {
  issued,
  licenseAfter,
  noon,
  pro,
  reinstate,
  renew,
  revoke,
  suspend,
  tomorrow,
} from '../domain/license/examples.ts';

// Each row is a complaint about a change that was announced and came although something else had happened since.

const nextWeek = '2026-06-08T12:00:00.000Z';
const inTwoWeeks = '2026-06-15T12:00:00.000Z';
const inThreeWeeks = '2026-06-22T12:00:00.000Z';

const changeTier = (policy: typeof pro, at = noon) => command('ChangeTier', { target: to(policy) }, at);
const announceTier = (policy: typeof pro, effectiveAt = nextWeek, at = noon) =>
  command('ChangeTier', { target: to(policy), scheduled: { effectiveAt } }, at);
const announceSuspension = (reasonCode: 'PAYMENT' | 'FRAUD', effectiveAt = nextWeek, until: string | null = null) =>
  command('Suspend', { reasonCode, until, scheduled: { effectiveAt } });
const setRenewal = (mode: 'auto' | 'manual' | 'cancelAtPeriodEnd', effectiveAt?: string, at = noon) =>
  command('SetRenewal', { to: mode, ...(effectiveAt !== undefined && { scheduled: { effectiveAt } }) }, at);
const convert = command('ConvertTrial', { target: to(pro), term: { kind: 'perpetual' }, billingRef: 'in_1' }, tomorrow);
const paid = { reasonCode: 'PAYMENT' };
const cancelled = 'ScheduledChangeCancelled';

type Row = {
  readonly complaint: string;
  readonly policy?: typeof pro;
  readonly commands: readonly LicenseCommand[];
  /** The types of the events of the last command, and what is still announced after it. */
  readonly events: readonly string[];
  readonly announced: number;
  readonly status?: string;
};

const rows: readonly Row[] = [
  {
    complaint: 'A customer who upgrades before the announced downgrade keeps the upgrade',
    commands: [announceTier(free), changeTier(enterprise, tomorrow)],
    events: ['LicenseTierChanged', cancelled],
    announced: 0,
  },
  {
    complaint: 'A customer who decides to stay in the tier of today is not downgraded later',
    commands: [announceTier(free), changeTier(pro, tomorrow)],
    events: [cancelled],
    announced: 0,
  },
  {
    complaint: 'A new version of the policy replaces an announced change of the tier',
    commands: [announceTier(free), command('ChangePolicy', { target: to({ ...pro, version: 2 }) }, tomorrow)],
    events: ['LicenseTierChanged', cancelled],
    announced: 0,
  },
  {
    complaint: 'A trial that is converted is not moved by a change that was announced for the trial',
    policy: trial,
    commands: [announceTier(free), announceSuspension('PAYMENT'), convert],
    events: ['TrialConverted', cancelled, cancelled, 'LicenseTermStarted'],
    announced: 0,
  },
  {
    complaint: 'A paid renewal withdraws the suspension that was announced for the missing payment',
    commands: [announceSuspension('PAYMENT'), renew(paid, tomorrow)],
    events: ['LicenseRenewed', cancelled],
    announced: 0,
    status: 'ACTIVE',
  },
  {
    complaint: 'A payment that is reported by reinstating withdraws the announced suspension',
    commands: [announceSuspension('PAYMENT'), command('Reinstate', paid, tomorrow)],
    events: [cancelled],
    announced: 0,
    status: 'ACTIVE',
  },
  {
    complaint: 'A payment does not withdraw a suspension for fraud',
    commands: [announceSuspension('FRAUD'), announceSuspension('PAYMENT'), renew(paid, tomorrow)],
    events: ['LicenseRenewed', cancelled],
    announced: 1,
    status: 'SUSPENDED',
  },
  {
    complaint: 'A renewal with the reference of a payment withdraws the suspension, whatever its reason',
    commands: [
      announceSuspension('PAYMENT'),
      command('Renew', { duration: 'P1Y', basis: 'FROM_EXPIRY', reasonCode: null, billingRef: 'in_1' }, tomorrow),
    ],
    events: ['LicenseRenewed', cancelled],
    announced: 0,
    status: 'ACTIVE',
  },
  {
    complaint: 'A renewal for goodwill is no payment',
    commands: [announceSuspension('PAYMENT'), renew({ reasonCode: 'GOODWILL' }, tomorrow)],
    events: ['LicenseRenewed'],
    announced: 1,
    status: 'SUSPENDED',
  },
  {
    complaint: 'Reinstating without a payment leaves an announced suspension',
    commands: [suspend('ADMIN'), announceSuspension('PAYMENT'), reinstate(tomorrow)],
    events: ['LicenseReinstated'],
    announced: 1,
    status: 'SUSPENDED',
  },
  {
    complaint: 'A suspension that begins at once makes an announced one for the same reason needless',
    commands: [announceSuspension('PAYMENT'), suspend('PAYMENT', null, tomorrow)],
    events: ['LicenseSuspended', cancelled],
    announced: 0,
    status: 'SUSPENDED',
  },
  {
    complaint: 'A short suspension does not withdraw a longer one that is announced',
    commands: [announceSuspension('PAYMENT'), suspend('PAYMENT', nextWeek, tomorrow)],
    events: ['LicenseSuspended'],
    announced: 1,
    status: 'SUSPENDED',
  },
  {
    complaint: 'A customer who cancels the cancellation is not cancelled',
    commands: [setRenewal('auto'), setRenewal('cancelAtPeriodEnd', nextWeek), setRenewal('auto', undefined, tomorrow)],
    events: [cancelled],
    announced: 0,
  },
  {
    complaint: 'Turning on renewal withdraws an announced cancellation',
    commands: [setRenewal('cancelAtPeriodEnd', nextWeek), setRenewal('auto', undefined, tomorrow)],
    events: ['LicenseRenewalChanged', cancelled],
    announced: 0,
  },
  {
    complaint: 'A revoked license has no announced changes',
    commands: [announceTier(free), announceSuspension('FRAUD'), setRenewal('auto', nextWeek), revoke(tomorrow)],
    events: [cancelled, cancelled, cancelled, 'LicenseRevoked'],
    announced: 0,
    status: 'REVOKED',
  },
  {
    complaint: 'A second announced tier change replaces the first',
    commands: [announceTier(free), announceTier(enterprise, inTwoWeeks, tomorrow)],
    events: ['TierChangeScheduled', cancelled],
    announced: 1,
  },
  {
    complaint: 'The same tier change announced for a later day is not carried out on the first day',
    commands: [announceTier(free), announceTier(free, inTwoWeeks, tomorrow)],
    events: ['TierChangeScheduled', cancelled],
    announced: 1,
  },
  {
    complaint: 'A customer with more time to pay is not suspended on the first date',
    commands: [announceSuspension('PAYMENT'), announceSuspension('PAYMENT', inTwoWeeks)],
    events: ['LicenseSuspended', cancelled],
    announced: 1,
    status: 'ACTIVE',
  },
  {
    complaint: 'Suspensions for two reasons stay announced together',
    commands: [announceSuspension('PAYMENT'), announceSuspension('FRAUD', inTwoWeeks)],
    events: ['LicenseSuspended'],
    announced: 2,
    status: 'SUSPENDED',
  },
  {
    complaint: 'A second announced renewal mode replaces the first',
    commands: [setRenewal('cancelAtPeriodEnd', nextWeek), setRenewal('auto', inTwoWeeks, tomorrow)],
    events: ['LicenseRenewalChanged', cancelled],
    announced: 1,
  },
  {
    complaint: 'An announcement that is repeated changes nothing',
    commands: [announceTier(free), announceSuspension('PAYMENT'), setRenewal('auto', nextWeek), announceTier(free)],
    events: [],
    announced: 3,
  },
];

describe('An announced change does not outlive the fact that overtakes it', () => {
  test.each(rows)('$complaint', ({ policy = pro, commands, events, announced, status }) => {
    const before = followedBy([issued({ policy })], ...commands.slice(0, -1));
    const after = followedBy(before, ...commands.slice(-1));
    expect(typesOf(after).slice(before.length)).toEqual(events);
    const { facts } = licenseAfter(...after);
    expect(facts.scheduled).toHaveLength(announced);
    if (status !== undefined) expect(effectiveStatus(facts, nextWeek)).toBe(status);
  });

  test('A cancelled cancellation leaves the license on automatic renewal for ever', () => {
    const history = followedBy([issued()], setRenewal('cancelAtPeriodEnd', nextWeek), setRenewal('auto'));
    expect(renewalAt(licenseAfter(...history).facts, inThreeWeeks)).toBe('auto');
  });
});
