import { describe, expect, test } from 'vitest';
import type { CommandOf } from '../../../../src/domain/license/commands.ts';
import type { Ends } from '../../../../src/domain/license/endings/ending-events.ts';
import { refuseReplacement } from '../../../../src/domain/license/issue/decide-replacement.ts';
import { effectiveStatus } from '../../../../src/domain/license/status.ts';
import { command, event, followedBy, free, typesOf } from '../commands.ts';
import {
  activate,
  ends,
  expiresAt,
  given,
  issue,
  issued,
  issuedAt,
  issuedEvent,
  keyIssuedEvent,
  licenseAfter,
  noon,
  on,
  perpetual,
  revoke,
  revokedEvent,
  tomorrow,
  twoDevices,
} from '../examples.ts';

const withKey = [issued(), on(issuedAt, keyIssuedEvent)];
const rotate = (overlapSeconds: number, at = noon) =>
  command('RotateKey', { keyHash: 'cd34', secretId: 's2', hint: 'ZV3MP', overlapSeconds, cause: 'LEAKED' }, at);
const rotated = (overlapUntil: string) =>
  event('LicenseKeyRotated', {
    fromVersion: 1,
    toVersion: 2,
    keyHash: 'cd34',
    secretId: 's2',
    hint: 'ZV3MP',
    overlapUntil,
    cause: 'LEAKED',
  });

describe('rotating the key', () => {
  test('gives another one; the present one works on until the overlap ends', () => {
    given(...withKey)
      .when(rotate(86_400))
      .thenEvents(rotated(tomorrow));
    expect(licenseAfter(...followedBy(withKey, rotate(86_400))).facts).toMatchObject({
      keyVersion: 2,
      keyHint: 'ZV3MP',
      keyOverlaps: [{ keyVersion: 1, until: tomorrow }],
    });
  });
  test('without an overlap retires the present one at once', () => {
    given(...withKey)
      .when(rotate(0))
      .thenEvents(rotated(noon), event('LicenseKeyRetired', { keyVersion: 1 }));
    expect(licenseAfter(...followedBy(withKey, rotate(0))).facts.keyOverlaps).toEqual([]);
  });
  test('needs an overlap of whole seconds', () => {
    given(...withKey)
      .when(rotate(-1))
      .thenRejected('LIMIT_INVALID');
    given(...withKey)
      .when(rotate(0.5))
      .thenRejected('LIMIT_INVALID');
  });
  test('is possible while suspended and after expiry', () => {
    given(...withKey)
      .when(rotate(0, expiresAt))
      .thenEvents(rotated(expiresAt), event('LicenseKeyRetired', { keyVersion: 1 }));
  });
  test('its end is announced once, at the instant it was', () => {
    const retire = (at: string, keyVersion = 1) => command('RetireKey', { keyVersion }, at);
    const overlapping = followedBy(withKey, rotate(86_400));
    given(...overlapping)
      .when(retire('2026-06-02T11:59:59.999Z'))
      .thenNothing();
    given(...overlapping)
      .when(retire(expiresAt))
      .thenEvents(event('LicenseKeyRetired', { keyVersion: 1 }, tomorrow));
    given(...overlapping)
      .when(retire(expiresAt, 2))
      .thenNothing();
    given(...followedBy(overlapping, retire(tomorrow)))
      .when(retire(tomorrow))
      .thenNothing();
  });
});

describe('a transfer', () => {
  const transfer = (overrides: object = {}) =>
    command('Transfer', { toHolderOrgId: 'org_3', accepted: true, expiry: 'KEEP', activations: 'KEEP', ...overrides });
  const held = issued({ holderOrgId: 'org_2', limits: { ...twoDevices, users: 1, seats: 1 } });
  const transferred = (
    expiry: 'KEEP' | 'RESET',
    activations: 'KEEP' | 'RELEASE',
    ended: { readonly ends?: Ends } = {},
  ) => event('LicenseTransferred', { fromHolderOrgId: 'org_2', toHolderOrgId: 'org_3', expiry, activations, ...ended });

  test('gives the license to another holder, devices and expiry as they are', () => {
    given(held).when(transfer()).thenEvents(transferred('KEEP', 'KEEP'));
    expect(licenseAfter(...followedBy([held], transfer())).facts).toMatchObject({
      holderOrgId: 'org_3',
      term: { number: 1 },
    });
  });
  test('to who has it changes nothing', () =>
    given(held)
      .when(transfer({ toHolderOrgId: 'org_2' }))
      .thenNothing());
  test('may release devices, leases and users of the old holder, each by an event', () => {
    const used = followedBy(
      [held],
      activate('a'),
      command('AssignUser', { userRef: 'usr_a' }),
      command('AcquireLease', {
        leaseId: 'l1',
        holderHash: 'm1',
        product: null,
        userRef: null,
        borrowSeconds: null,
        dead: [],
      }),
    );
    given(...used)
      .when(transfer({ activations: 'RELEASE' }))
      .thenEvents(
        transferred('KEEP', 'RELEASE', ends('ALL', 1, { leases: 1, users: 1 })),
        event('ActivationDeactivated', { activationId: 'act_a', cause: 'TRANSFER', countAfter: 0 }),
        event('LeaseReleased', { leaseId: 'l1', cause: 'TRANSFER', inUseAfter: 0, seatFreeAt: null }),
        event('UserUnassigned', { userRef: 'usr_a', cause: 'TRANSFER', countAfter: 0 }),
      );
  });
  test('may begin the duration anew', () => {
    given(held)
      .when(transfer({ expiry: 'RESET' }))
      .thenEvents(
        transferred('RESET', 'KEEP'),
        event('LicenseTermStarted', {
          termNumber: 2,
          startsAt: noon,
          expiresAt: '2027-06-01T12:00:00.000Z',
          trigger: 'TRANSFER',
        }),
      );
    given(issued({ holderOrgId: 'org_2', term: perpetual }))
      .when(transfer({ expiry: 'RESET' }))
      .thenEvents(transferred('RESET', 'KEEP'));
    given(issued({ holderOrgId: 'org_2', term: { ...perpetual, basis: 'FIXED', expiresAt } }))
      .when(transfer({ expiry: 'RESET' }))
      .thenRejected('TERM_INVALID');
  });
  test('needs a policy that allows it and a receiver that has agreed', () => {
    given(issued({ policy: free }))
      .when(transfer())
      .thenRejected('FORBIDDEN');
    given(held)
      .when(transfer({ accepted: false }))
      .thenRejected('FORBIDDEN');
  });
  test('that leaves the license without a holder needs nobody who has agreed', () => {
    expect(licenseAfter(...followedBy([held], transfer({ toHolderOrgId: null, accepted: false }))).facts).toMatchObject(
      {
        holderOrgId: null,
      },
    );
    given(issued({ holderOrgId: 'org_2', policy: free }))
      .when(transfer({ toHolderOrgId: null, accepted: false }))
      .thenRejected('FORBIDDEN');
  });
});

describe('importing a license', () => {
  const source = { source: 'elsewhere', sourceRef: 'L-1', historyFrom: '2020-01-01T00:00:00.000Z' };
  const imported = (overrides: Partial<CommandOf<'IssueLicense'>['data']> = {}, at = noon) => {
    const issuing = issue(overrides, at);
    if (issuing.type !== 'IssueLicense') throw new Error('It issues.');
    return command('ImportLicense', { ...issuing.data, ...source }, at);
  };

  test('records it as asserted, with its key', () => {
    const from2025 = { kind: 'fixed', startsAt: issuedAt, expiresAt } as const;
    given()
      .when(imported({ term: from2025 }))
      .thenEvents(
        event('LicenseImported', {
          ...issuedEvent().data,
          term: { ...perpetual, basis: 'FIXED', expiresAt },
          ...source,
        }),
        keyIssuedEvent,
      );
    const { facts } = licenseAfter(...followedBy([], imported({ term: from2025 })));
    expect(facts.imported).toEqual(source);
    expect(facts.createdAt).toBe(noon);
  });
  test('may be of a term that is over: it is EXPIRED then', () => {
    const over = {
      kind: 'fixed',
      startsAt: '2024-01-01T00:00:00.000Z',
      expiresAt: '2025-01-01T00:00:00.000Z',
    } as const;
    const { facts } = licenseAfter(...followedBy([], imported({ term: over })));
    expect(effectiveStatus(facts, noon)).toBe('EXPIRED');
    given()
      .when(issue({ term: over }))
      .thenRejected('TERM_INVALID');
  });
  test('again changes nothing', () =>
    given(...followedBy([], imported()))
      .when(imported())
      .thenNothing());
  test('needs what issuing needs, and a history that has begun', () => {
    given()
      .when(imported({ limits: { ...twoDevices, seats: -1 } }))
      .thenRejected('LIMIT_INVALID');
    given().when(imported({}, '2019-01-01T00:00:00.000Z')).thenRejected('INVALID_REQUEST');
  });
});

describe('a license in the place of a revoked one', () => {
  const replace = (by: string) => command('RecordReplacement', { by });
  test('names the one it replaces, and that one names it, after its revocation', () => {
    const { facts } = licenseAfter(...followedBy([], issue({ replaces: 'lic_0' })));
    expect(facts.replaces).toBe('lic_0');
    const revoked = [issued(), on(noon, revokedEvent)];
    given(...revoked)
      .when(replace('lic_2'))
      .thenEvents(event('ReplacementIssued', { by: 'lic_2' }));
    expect(licenseAfter(...followedBy(revoked, replace('lic_2'))).facts.replacedBy).toBe('lic_2');
  });
  test('is one: again changes nothing, another is refused', () => {
    const replaced = followedBy([issued()], revoke(), replace('lic_2'));
    given(...replaced)
      .when(replace('lic_2'))
      .thenNothing();
    given(...replaced)
      .when(replace('lic_3'))
      .thenRejected('INVALID_REQUEST');
    expect(typesOf(replaced)).toEqual(['LicenseIssued', 'LicenseRevoked', 'ReplacementIssued']);
  });
  test('is never one for a license that goes on', () => {
    given(issued()).when(replace('lic_2')).thenRejected('INVALID_REQUEST');
  });
  test('may be issued for a revoked license that nothing, or this very license, replaces', () => {
    const revokedAt = noon;
    expect(refuseReplacement({ revokedAt: null, replacedBy: null }, 'lic_2')?.detail).toBe(
      'This license is not revoked; there is nothing to replace.',
    );
    expect(refuseReplacement({ revokedAt, replacedBy: null }, 'lic_2')).toBeNull();
    expect(refuseReplacement({ revokedAt, replacedBy: 'lic_2' }, 'lic_2')).toBeNull();
    expect(refuseReplacement({ revokedAt, replacedBy: 'lic_3' }, 'lic_2')?.detail).toBe(
      'It was replaced by lic_3 already.',
    );
  });
});
