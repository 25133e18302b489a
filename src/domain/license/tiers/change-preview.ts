import { type Decision, decideInTurn, isRejection, type Rejection, stamp } from '../../decider.ts';
import { fromMs, type Instant, toMs } from '../../time.ts';
import type { LicenseCommand, LicenseRejection } from '../commands.ts';
import { licenseDecider } from '../decider.ts';
import type { LicenseEvent } from '../events.ts';
import { evolve, forkIssued } from '../evolve.ts';
import type { IssuedLicense } from '../license.ts';
import { settle } from '../settle.ts';
import { carryOutTierChange } from './carry-out-tier-change.ts';

/** What commands would do to a license. Nothing of it is recorded. */
export type ChangePreview = {
  readonly before: IssuedLicense;
  /** The license at `effectiveAt` without the change: a trial may have ended by then. */
  readonly unchanged: IssuedLicense;
  readonly after: IssuedLicense;
  /** The license now, after the commands: a change that they announce is not carried out. */
  readonly decided: IssuedLicense;
  /** When the change takes effect: now, or the instant that it is announced for. */
  readonly effectiveAt: Instant;
  readonly events: readonly LicenseEvent[];
};

/** What a license would lose: the codes of products, and the ids of devices, seats and users. */
export type Losses = Readonly<Record<'products' | 'activations' | 'leases' | 'users', readonly string[]>>;

/**
 * Returns what commands would do at `at`, or why they are refused. A change of the policy that they announce is shown as
 * carried out at its instant, after everything that falls due before it. `license` stays as it is.
 */
export const previewChange = (
  commands: readonly LicenseCommand[],
  license: IssuedLicense,
  at: Instant,
): ChangePreview | Rejection<LicenseRejection> => {
  const before = settle(license, at).license;
  const decision: Decision<LicenseEvent, LicenseRejection> = decideInTurn(
    licenseDecider,
    commands.map((command) => ({ ...command, at })),
    before,
    previewId,
  );
  if (isRejection(decision)) return decision;
  const decided = after(before, decision, at);
  const effectiveAt = commands.map(announcedFor).find((instant) => instant !== undefined) ?? at;
  const announced = decided.facts.scheduled.find(
    (scheduled) => scheduled.change.kind === 'TIER' && scheduled.effectiveAt === effectiveAt,
  );
  if (effectiveAt === at || announced === undefined)
    return { before, unchanged: before, after: decided, decided, effectiveAt: at, events: decision };
  const { eventId } = announced;
  const unchanged = settle(decided, fromMs(toMs(effectiveAt) - 1)).license;
  const carriedOut = carryOutTierChange({ type: 'CarryOutScheduled', data: { eventId }, at: effectiveAt }, unchanged);
  const events = [...decision, ...carriedOut];
  return { before, unchanged, after: after(unchanged, carriedOut, effectiveAt), decided, effectiveAt, events };
};

/** Returns what the license of a preview loses. */
export const lossesOf = ({ unchanged, after: changed }: ChangePreview): Losses => {
  const endedOf = (part: 'activations' | 'leases' | 'users') =>
    [...unchanged[part].keys()].filter((id) => !changed[part].has(id));
  return {
    products: unchanged.facts.products.filter((code) => !changed.facts.products.includes(code)),
    activations: endedOf('activations'),
    leases: endedOf('leases'),
    users: endedOf('users'),
  };
};

const announcedFor = (command: LicenseCommand): Instant | undefined =>
  command.type === 'ChangeTier' || command.type === 'ChangePolicy' ? command.data.scheduled?.effectiveAt : undefined;

const after = (license: IssuedLicense, events: readonly LicenseEvent[], at: Instant): IssuedLicense => {
  const copy = forkIssued(license);
  for (const event of events) evolve(copy, event, stamp(event, at).at);
  return copy;
};

// No event of a preview is stored, so that its id is never seen.
const previewId = (index: number): string => `evt_preview_${index}`;
