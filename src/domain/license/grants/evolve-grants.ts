import type { At } from '../../decider.ts';
import { later } from '../../time.ts';
import type { EventWith } from '../consequences.ts';
import { endOpen, takeAnnounced } from '../endings/ended-parts.ts';
import { withAnnouncement, withEnds } from '../endings/evolve-endings.ts';
import type { EventOf } from '../events.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import { overridesAfter } from '../overrides/overrides.ts';
import { withUsage } from '../usage/with-usage.ts';
import { type Entitlement, type EntitlementName, hasSameName } from './entitlement.ts';
import type { GrantEvent } from './grant-events.ts';

/** Returns the facts after an event about what the license grants, or to whom. */
export const evolveGrantFacts = (
  facts: LicenseFacts,
  event: Extract<EventWith<'facts'>, GrantEvent>,
  { effectiveAt }: At,
): LicenseFacts => {
  const { activations, seats, meters } = facts.usage;
  switch (event.type) {
    case 'UserAssigned':
      return withUsage(facts, { activations, seats, users: event.data.countAfter, meters });
    case 'UserUnassigned': {
      if (event.data.ends !== undefined) return withEnds(facts, event, effectiveAt, {});
      const usage = { activations, seats, users: event.data.countAfter, meters };
      return withAnnouncement(facts, event) ?? withUsage(facts, usage);
    }
    case 'EntitlementGranted':
      return { ...facts, entitlements: [...withoutEntitlement(facts, event.data), event.data] };
    case 'EntitlementRevoked':
      return { ...facts, entitlements: withoutEntitlement(facts, event.data) };
    case 'EntitlementEnded':
      return withEntitlementEnd(facts, event);
    case 'ProductAdded':
      return {
        ...facts,
        products: [...facts.products, event.data.product],
        overrides: overridesAfter(facts, event.data.overrides),
      };
    case 'ProductRemoved': {
      const products = facts.products.filter((product) => product !== event.data.product);
      return withEnds(facts, event, effectiveAt, {
        products,
        overrides: overridesAfter(facts, event.data.overrides),
      });
    }
  }
};

/** Changes, in place, the assigned users, and what the removal of a product ends. */
export const evolveGrantCollections = (
  license: IssuedLicense,
  event: Extract<EventWith<'collections'>, GrantEvent>,
  at: At,
): void => {
  switch (event.type) {
    case 'UserAssigned':
      license.users.set(event.data.userRef, at.effectiveAt);
      return;
    case 'UserUnassigned':
      if (takeAnnounced(license, event, at)) return;
      endOpen(license, event, at);
      license.users.delete(event.data.userRef);
      return;
    case 'ProductRemoved':
      endOpen(license, event, at);
      return;
    default:
      event satisfies never;
  }
};

const withEntitlementEnd = (facts: LicenseFacts, { data }: EventOf<'EntitlementEnded'>): LicenseFacts => {
  const { code, source, until, more } = data;
  if (more === true) return { ...facts, announcedEnds: [...facts.announcedEnds, { code, source, until }] };
  return { ...facts, entitlementsEndedAt: later(until, facts.entitlementsEndedAt ?? until), announcedEnds: [] };
};

const withoutEntitlement = ({ entitlements }: LicenseFacts, name: EntitlementName): readonly Entitlement[] =>
  entitlements.filter((entitlement) => !hasSameName(entitlement, name));
