import { describe, expect, test } from 'vitest';
import { openOffer } from '../../../../src/domain/license/transfer/license-offer.ts';
import { command, event, followedBy, free } from '../commands.ts';
import {
  activate,
  given,
  issue,
  issued,
  issuedEvent,
  keyIssuedEvent,
  licenseAfter,
  noon,
  revoke,
} from '../examples.ts';

const monthLater = '2026-07-01T12:00:00.000Z';
const offer = (overrides: object = {}, at = noon) =>
  command('OfferLicense', { toHolderOrgId: 'org_3', expiry: 'KEEP', activations: 'KEEP', ...overrides }, at);
const accept = (holderOrgId = 'org_3', at = noon) => command('AcceptOffer', { holderOrgId }, at);
const decline = (holderOrgId = 'org_3', at = noon) => command('DeclineOffer', { holderOrgId }, at);
const transfer = (toHolderOrgId: string | null) =>
  command('Transfer', { toHolderOrgId, accepted: true, expiry: 'KEEP', activations: 'KEEP' });
const offered = (overrides: object = {}) =>
  event('LicenseOffered', {
    ...{ toHolderOrgId: 'org_3', expiresAt: monthLater, expiry: 'KEEP', activations: 'KEEP' },
    ...overrides,
  });
const ended = (cause: 'DECLINED' | 'WITHDRAWN') => event('LicenseOfferEnded', { toHolderOrgId: 'org_3', cause });
const transferred = (overrides: object = {}) =>
  event('LicenseTransferred', {
    ...{ fromHolderOrgId: 'org_2', toHolderOrgId: 'org_3', expiry: 'KEEP', activations: 'KEEP' },
    ...overrides,
  });

const license = issued({ holderOrgId: 'org_2' });
const waiting = followedBy([license], offer());

describe('an offer', () => {
  test('leaves the license with its holder until the receiver accepts', () => {
    given(license).when(offer()).thenEvents(offered());
    expect(licenseAfter(...waiting).facts).toMatchObject({ holderOrgId: 'org_2', offer: { toHolderOrgId: 'org_3' } });
    given(...waiting)
      .when(accept())
      .thenEvents(transferred());
    expect(licenseAfter(...followedBy(waiting, accept())).facts).toMatchObject({ holderOrgId: 'org_3', offer: null });
  });
  test('is made with the issue when the holder has not consented', () => {
    given()
      .when(issue({ offerTo: 'org_3' }))
      .thenEvents(issuedEvent(), keyIssuedEvent, offered({ expiresAt: '2026-01-31T00:00:00.000Z' }));
  });
  test('is accepted by its receiver only, and once', () => {
    given(...waiting)
      .when(accept('org_4'))
      .thenRejected('NOT_FOUND');
    given(license).when(accept()).thenRejected('NOT_FOUND');
    given(...followedBy(waiting, accept()))
      .when(accept())
      .thenNothing();
  });
  test('carries out what was offered', () => {
    const used = followedBy([license], activate('a'), offer({ activations: 'RELEASE' }));
    expect(licenseAfter(...followedBy(used, accept())).facts.usage.activations).toBe(0);
    const newKey = { keyHash: 'cd34', secretId: 's2', hint: 'ZV3MP' };
    const withKey = command('AcceptOffer', { holderOrgId: 'org_3', newKey });
    expect(licenseAfter(...followedBy(used, withKey)).facts).toMatchObject({ keyHint: 'ZV3MP', keyOverlaps: [] });
    expect(licenseAfter(...followedBy(waiting, withKey)).facts.keyHint).not.toBe('ZV3MP');
  });
  test('can be declined once, and made again', () => {
    given(...waiting)
      .when(decline())
      .thenEvents(ended('DECLINED'));
    const declined = followedBy(waiting, decline());
    given(...declined)
      .when(decline())
      .thenNothing();
    given(...declined)
      .when(accept())
      .thenRejected('NOT_FOUND');
    given(...declined)
      .when(offer())
      .thenEvents(offered());
    given(...waiting)
      .when(decline('org_4'))
      .thenRejected('NOT_FOUND');
  });
  test('expires by the clock after thirty days', () => {
    expect(openOffer(licenseAfter(...waiting).facts, '2026-07-01T11:59:59.999Z')).not.toBeNull();
    given(...waiting)
      .when(accept('org_3', monthLater))
      .thenRejected('NOT_FOUND');
    given(...waiting)
      .when(decline('org_3', monthLater))
      .thenRejected('NOT_FOUND');
    given(...waiting)
      .when(offer({}, monthLater))
      .thenEvents(offered({ expiresAt: '2026-07-31T12:00:00.000Z' }));
  });
  test('stays as it is when it is made again, and other terms or another receiver replace it', () => {
    given(...waiting)
      .when(offer())
      .thenNothing();
    given(...waiting)
      .when(offer({ activations: 'RELEASE' }))
      .thenEvents(offered({ activations: 'RELEASE' }));
    given(...waiting)
      .when(offer({ toHolderOrgId: 'org_4' }))
      .thenEvents(offered({ toHolderOrgId: 'org_4' }));
    given(...followedBy(waiting, offer({ toHolderOrgId: 'org_4' })))
      .when(accept())
      .thenRejected('NOT_FOUND');
  });
  test('is withdrawn by a transfer to the present holder, and ends with another transfer', () => {
    given(...waiting)
      .when(transfer('org_2'))
      .thenEvents(ended('WITHDRAWN'));
    given(...waiting)
      .when(offer({ toHolderOrgId: 'org_2' }))
      .thenEvents(ended('WITHDRAWN'));
    given(...followedBy(waiting, transfer('org_2')))
      .when(transfer('org_2'))
      .thenNothing();
    expect(licenseAfter(...followedBy(waiting, transfer('org_5'))).facts.offer).toBeNull();
  });
  test('ends with the license', () => {
    expect(licenseAfter(...followedBy(waiting, revoke())).facts.offer).toBeNull();
    given(...followedBy(waiting, revoke()))
      .when(accept())
      .thenRejected('LICENSE_REVOKED');
  });
  test('needs a policy that allows transfers, except for the first holder', () => {
    given(issued({ holderOrgId: 'org_2', policy: free }))
      .when(offer())
      .thenRejected('FORBIDDEN');
    given(issued({ policy: free }))
      .when(offer())
      .thenRejected('FORBIDDEN');
    const first = followedBy([], issue({ policy: free, offerTo: 'org_3' }, noon), decline());
    given(...first)
      .when(offer())
      .thenEvents(offered());
    expect(licenseAfter(...followedBy(first, transfer('org_3'))).facts.holderOrgId).toBe('org_3');
    given(...followedBy(first, offer(), accept()))
      .when(transfer(null))
      .thenRejected('FORBIDDEN');
  });
});
