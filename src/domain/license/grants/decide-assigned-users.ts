import { reject } from '../../decider.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import type { IssuedLicense } from '../license.ts';
import { capacity, isUsedUp } from '../usage/usage-limits.ts';

/** Assigns the license to a user, once, while the limit and its overage allow another one. */
export const assignUser = ({ data }: CommandOf<'AssignUser'>, license: IssuedLicense): LicenseDecision => {
  const { facts, users } = license;
  const limit = facts.limits.users;
  if (users.has(data.userRef)) return [];
  if (users.size >= capacity(limit, facts.policy.overage))
    return reject(
      'USER_LIMIT_EXCEEDED',
      `License ${facts.licenseId} is assigned to ${users.size} of ${limit} users; unassign one first.`,
    );
  const { userRef } = data;
  return [
    {
      type: 'UserAssigned',
      data: { userRef, countAfter: users.size + 1, limit, overage: isUsedUp(users.size, limit) },
    },
  ];
};
