import { type Rejection, reject } from '../../decider.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import { draftOf } from '../draft.ts';
import { endsOfUser } from '../endings/ending-counts.ts';
import type { NamedParts } from '../endings/ending-events.ts';
import type { IssuedLicense } from '../license.ts';

/**
 * Unassigns a user, and ends the seats that were taken for the user: a borrowed seat returns when the borrow ends. Ends
 * the devices of the user with the seats of these machines, too, where the policy says so. One event ends all of them;
 * an event of its own announces each afterwards. Repeating the command ends what an earlier release left, and else
 * changes nothing.
 */
export const unassignUser = ({ data, at }: CommandOf<'UnassignUser'>, license: IssuedLicense): LicenseDecision => {
  const { users } = license;
  const { userRef } = data;
  const parts = partsOf(license, userRef);
  const refusal = refuseTooMany(parts);
  if (refusal !== null) return refusal;
  if (!users.has(userRef) && parts.activations.length + parts.leases.length === 0) return [];
  const countAfter = users.size - (users.has(userRef) ? 1 : 0);
  const draft = draftOf(license, at);
  draft.add({
    type: 'UserUnassigned',
    data: { ...data, countAfter, ...endsOfUser(license, parts, countAfter, at) },
  });
  return draft.decided();
};

const partsOf = ({ leases, activations, facts }: IssuedLicense, userRef: string): NamedParts => {
  const { deactivateOnUnassign, lease } = facts.policy;
  const devices = deactivateOnUnassign === true ? [...activations].filter(([, of]) => of.userRef === userRef) : [];
  const machines = new Set(lease.scope === 'MACHINE' ? devices.map(([, { fingerprintHash }]) => fingerprintHash) : []);
  const seats = [...leases].filter(([, of]) => of.userRef === userRef || machines.has(of.holderHash));
  return { activations: devices.map(([id]) => id), leases: seats.map(([id]) => id) };
};

// The event names each part, and an append takes about a megabyte.
const partsMax = 6_000;

const refuseTooMany = ({ activations, leases }: NamedParts): Rejection<'INVALID_REQUEST'> | null => {
  const count = activations.length + leases.length;
  return count <= partsMax
    ? null
    : reject(
        'INVALID_REQUEST',
        `The user has ${count} devices and seats, and one request ends at most ${partsMax}. Release some of them first.`,
      );
};
