import { reject } from '../../../domain/decider.ts';
import type { LicenseCommand } from '../../../domain/license/commands.ts';
import type { IssuedLicense } from '../../../domain/license/license.ts';
import {
  type ChangePreview,
  type Losses,
  lossesOf,
  previewChange,
} from '../../../domain/license/tiers/change-preview.ts';
import type { Refusal } from '../../refusal.ts';

/** The most ids of ended devices, seats or users that an answer names. */
export const endedIdsMax = 20;

/** How many parts of a kind a change ends, and the ids of the first of them. */
export type EndedParts = { readonly count: number; readonly ids: readonly string[] };

/** Returns the numbers of parts that a change ends, with at most 20 ids for each kind. */
export const endedParts = ({
  activations,
  leases,
  users,
}: Losses): Readonly<Record<'activations' | 'leases' | 'users', EndedParts>> => {
  const partsOf = (ids: readonly string[]) => ({ count: ids.length, ids: ids.slice(0, endedIdsMax) });
  return { activations: partsOf(activations), leases: partsOf(leases), users: partsOf(users) };
};

/**
 * Refuses a change of the policy that takes products or paid time from the license, and names what goes. Returns null
 * when nothing of both goes, or when the command itself is refused.
 */
export const refuseUnconfirmed = (license: IssuedLicense, command: LicenseCommand): Refusal | null => {
  const preview = previewChange([command], license, command.at);
  if ('rejected' in preview) return null;
  const losses = lossesOf(preview);
  const ended = endedParts(losses);
  const { products } = losses;
  const consequences = [
    ...(products.length === 0 ? [] : [productLoss(products, ended)]),
    ...(losesPaidTime(preview) ? [timeLoss(preview)] : []),
  ];
  if (consequences.length === 0) return null;
  const detail =
    `This change ${consequences.join(', and ')}. To go on, send "confirm": true, with a new Idempotency-Key. To see ` +
    'the license afterwards, add ?preview=true.';
  return { ...reject('CONFIRMATION_REQUIRED', detail, 'confirm'), details: { products, ended } };
};

const productLoss = (products: readonly string[], { activations, leases }: ReturnType<typeof endedParts>) =>
  `takes ${products.join(', ')} from the license and ends ${activations.count} of its devices ` +
  `and ${leases.count} of its seats`;

// A trial and a FREE license have no time that somebody paid for.
const losesPaidTime = ({ before, after }: ChangePreview): boolean => {
  const { policy, term } = before.facts;
  const { expiresAt } = after.facts.term;
  if (policy.type === 'TRIAL' || policy.tier === 'FREE' || expiresAt === null) return false;
  return term.expiresAt === null || expiresAt < term.expiresAt;
};

const timeLoss = ({ before, after }: ChangePreview) =>
  `ends the license at ${after.facts.term.expiresAt} instead of ${before.facts.term.expiresAt ?? 'never'}`;
