import { newRow } from '../../parts/input-rows.ts';
import type { License } from '../../types.ts';
import { localTextOf } from './instants.ts';
import { emptyForm, type IssueForm } from './issue-form.ts';
import { meterRowOf } from './limit-texts.ts';

/**
 * Returns the form for the replacement of a license. It has the policy, the end, the reference and the holder of the old
 * one, and what that had in addition to its policy.
 */
export const formOfReplaced = (license: License, now = Date.now()): IssueForm => {
  const { policy, term, products, limits, overrides, entitlements, externalRef, holderOrganizationId } = license;
  const own = overrides.limits;
  const isLeft = term.expiresAt !== null && Date.parse(term.expiresAt) > now;
  const textOf = (name: 'activations' | 'seats' | 'users') => (own[name] === undefined ? '' : String(limits[name]));
  const changesProducts = overrides.products.added.length > 0 || overrides.products.removed.length > 0;
  return {
    ...emptyForm,
    policyId: policy.id,
    version: String(policy.version),
    products: changesProducts ? products : null,
    ...(isLeft ? { term: 'expiresAt', expiresAt: localTextOf(term.expiresAt ?? '') } : {}),
    activations: textOf('activations'),
    seats: textOf('seats'),
    users: textOf('users'),
    meters: Object.keys(own.meters ?? {}).flatMap((name) => {
      const meter = limits.meters[name];
      return meter === undefined ? [] : [newRow(meterRowOf(name, meter))];
    }),
    grants: entitlements
      .filter(({ source, ended }) => source === 'grant' && !ended)
      .map(({ code, value, limit, until, withheld }) =>
        newRow({
          code,
          value: value ?? '',
          limit: limit === null ? '' : String(limit),
          until: until === null ? '' : localTextOf(until),
          kind: withheld ? 'withheld' : '',
        }),
      ),
    reference: externalRef ?? '',
    holder: holderOrganizationId ?? '',
  };
};
