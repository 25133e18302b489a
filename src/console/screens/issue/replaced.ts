import { localText } from '../../parts/dates.ts';
import { lengthText } from '../../parts/durations.ts';
import { newRow } from '../../parts/input-rows.ts';
import { issueTexts } from '../../texts/issue-texts.ts';
import type { License, Policy } from '../../types.ts';
import { emptyForm, type IssueForm } from './issue-form.ts';
import { meterRowOf } from './limit-texts.ts';

/**
 * Returns the form for the replacement of a license: with its policy, its term unless that has ended, its metadata, its
 * customer, and its differences from the policy. `notesOnReplaced` names what the form cannot hold.
 */
export const formOfReplaced = (license: License, now = Date.now()): IssueForm => {
  const { policy, term, products, limits, overrides, entitlements, maintenanceUntil } = license;
  const own = overrides.limits;
  const textOf = (name: 'activations' | 'seats' | 'users') => (own[name] === undefined ? '' : String(limits[name]));
  const changesProducts = overrides.products.added.length > 0 || overrides.products.removed.length > 0;
  const grants = entitlements.filter(({ source, ended }) => source === 'grant' && !ended);
  const instants = [term.startsAt, term.expiresAt, maintenanceUntil, ...grants.map(({ until }) => until)];
  return {
    ...emptyForm,
    policyId: policy.id,
    version: String(policy.version),
    products: changesProducts ? products : null,
    ...(hasEnded(license, now) ? {} : { ...termOf(license, now), maintenanceUntil: textAt(maintenanceUntil) }),
    activations: textOf('activations'),
    seats: textOf('seats'),
    users: textOf('users'),
    meters: Object.entries(own.meters ?? {}).flatMap(([name, set]) => {
      const meter = limits.meters[name];
      if (set === null || meter === undefined) return [];
      const limit = typeof meter === 'object' ? meter.limit : meter;
      return [newRow(meterRowOf(name, typeof set === 'object' ? { ...set, limit } : limit))];
    }),
    grants: grants.map(({ code, value, limit, until, withheld }) =>
      newRow({
        code,
        value: value ?? '',
        limit: limit === null ? '' : String(limit),
        until: textAt(until),
        kind: withheld ? 'withheld' : '',
      }),
    ),
    reference: license.externalRef ?? '',
    holder: license.holderOrganizationId ?? '',
    metadata: license.metadata,
    exact: instants.filter((at) => at !== null),
  };
};

const hasEnded = ({ term: { expiresAt } }: License, now: number): boolean =>
  expiresAt !== null && Date.parse(expiresAt) <= now;

const textAt = (at: string | null): string => (at === null ? '' : localText(at));

const termOf = ({ term: { awaits, startsAt, expiresAt } }: License, now: number): Partial<IssueForm> => {
  if (awaits !== null) return { term: 'duration', duration: lengthText(awaits.duration), basis: awaits.trigger };
  const begins = startsAt !== null && Date.parse(startsAt) > now ? { startsAt: localText(startsAt) } : {};
  if (expiresAt === null) return { ...begins, term: 'perpetual' };
  return { ...begins, term: 'expiresAt', expiresAt: localText(expiresAt) };
};

/** Returns what the replacement of a license does not take over from it, in sentences. */
export const notesOnReplaced = (license: License, policy: Policy | undefined, now = Date.now()): readonly string[] => {
  const names = issueTexts.notTaken;
  const removed = Object.entries(license.overrides.limits.meters ?? {}).flatMap(([name, set]) =>
    set === null && policy !== undefined && Object.hasOwn(policy.limits.meters, name) ? [name] : [],
  );
  const ended = hasEnded(license, now);
  const losesMaintenance = !ended && license.maintenanceUntil === null && (policy?.maintenance ?? null) !== null;
  return [
    ...(ended ? [names.term] : []),
    ...(removed.length === 0 ? [] : [names.meters(removed.join(', '))]),
    ...(losesMaintenance ? [names.maintenance] : []),
  ];
};
