import { describe, expect, test } from 'vitest';
import { fold } from '../../../src/domain/decider.ts';
import { organizationDecider } from '../../../src/domain/organization/decider.ts';
import type { OrganizationEvent } from '../../../src/domain/organization/events.ts';
import { fixedLimits } from '../../../src/domain/organization/organization-limits.ts';
import { acceptFrom, blockIssuer, forgetIssuer, given, noon, on, organization, trustIssuer } from './examples.ts';

const data = { issuerOrgId: 'org_v' };
const trusted: OrganizationEvent = { type: 'IssuerTrusted', data };
const blocked: OrganizationEvent = { type: 'IssuerBlocked', data };
const forgotten: OrganizationEvent = { type: 'IssuerForgotten', data };
const history = (...events: readonly OrganizationEvent[]) => [...organization(), ...events.map((event) => on(event))];

describe('an organization', () => {
  test('trusts an issuer once, also by accepting an offer', () => {
    given(...history())
      .when(trustIssuer())
      .thenEvents(trusted);
    given(...history())
      .when(acceptFrom())
      .thenEvents(trusted);
    given(...history(trusted))
      .when(trustIssuer())
      .thenNothing();
    given(...history(trusted))
      .when(acceptFrom())
      .thenNothing();
  });
  test('blocks an issuer, which ends the trust, and trusts it again', () => {
    given(...history(trusted))
      .when(blockIssuer())
      .thenEvents(blocked);
    given(...history(blocked))
      .when(blockIssuer())
      .thenNothing();
    given(...history(blocked))
      .when(trustIssuer())
      .thenEvents(trusted);
  });
  test('accepts nothing from an issuer that it blocks', () =>
    given(...history(trusted, blocked))
      .when(acceptFrom())
      .thenRejected('NOT_FOUND'));
  test('forgets a decision', () => {
    given(...history(blocked))
      .when(forgetIssuer())
      .thenEvents(forgotten);
    given(...history())
      .when(forgetIssuer())
      .thenNothing();
    given(...history(blocked, forgotten))
      .when(acceptFrom())
      .thenEvents(trusted);
  });
  test('decides about other organizations only', () =>
    given(...history())
      .when(trustIssuer('org_1'))
      .thenRejected('INVALID_REQUEST'));
  test('decides about a thousand issuers, and can still change those decisions', () => {
    const many = Array.from({ length: fixedLimits.issuers }, (_, index): OrganizationEvent => {
      return { type: 'IssuerTrusted', data: { issuerOrgId: `org_i${index}` } };
    });
    given(...history(...many))
      .when(trustIssuer())
      .thenRejected('QUOTA_EXCEEDED');
    given(...history(...many))
      .when(blockIssuer('org_i7'))
      .thenEvents({
        type: 'IssuerBlocked',
        data: { issuerOrgId: 'org_i7' },
      });
    given(...history(...many, { type: 'IssuerForgotten', data: { issuerOrgId: 'org_i7' } }))
      .when(trustIssuer())
      .thenEvents(trusted);
  });
  test('remembers since when', () => {
    const state = fold(organizationDecider, history(trusted));
    expect(state.kind === 'created' && state.issuers.get('org_v')).toEqual({ decision: 'TRUSTED', decidedAt: noon });
  });
});
