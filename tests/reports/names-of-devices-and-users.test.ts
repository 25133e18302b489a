import { createHmac } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { aggregateId, newCommandId } from '../../src/eventstore/uuids.ts';
import { componentHashes, fingerprintHashes } from '../../src/identity/fingerprint.ts';
import { parseSecrets } from '../../src/identity/secrets.ts';
import { userReferences } from '../../src/identity/user-reference.ts';
import { clientOf, outline } from '../api/client/client.ts';
import { issueDirectly, sendTo } from '../support/issue-directly.ts';
import type { Ledger } from '../support/ledger.ts';
import { shareLedger } from '../support/shared-ledger.ts';

const secretOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const secrets = parseSecrets(secretOf(7));
const parties = { issuerOrgId: 'org_a', holderOrgId: 'org_b', formerHolders: [] };
const deviceHash = (text: string) => fingerprintHashes(secrets, 'org_a', text)[0];
const userRef = (text: string) => userReferences(secrets, parties, text)[0];
const componentHash = (text: string) => componentHashes(secrets, 'org_a', { cpu: text })[0];

const composed = 'Z\u{FC}rich';
const decomposed = 'Zu\u{308}rich';

describe('One device or user is written in several ways', () => {
  test.each([
    ['with a line break after it', 'a1b2', 'a1b2\r\n'],
    ['with a space before it', 'a1b2', ' a1b2'],
    ['with a tab and a hard space around it', 'a1b2', '\ta1b2\u{A0}'],
    ['with a control character after it', 'a1b2', 'a1b2\u{7}'],
    ['with a byte order mark before it', 'a1b2', '\u{FEFF}a1b2'],
    ['with a decomposed letter', composed, decomposed],
    ['with spaces around a decomposed letter', composed, ` ${decomposed} `],
  ])('%s', (_, one, other) => {
    expect(deviceHash(other)).toBe(deviceHash(one));
    expect(componentHash(other)).toEqual(componentHash(one));
    expect(userRef(other)).toBe(userRef(one));
  });

  test.each([
    ['ada@example.com', 'Ada@Example.COM'],
    ['ada@example.com', ' ADA@EXAMPLE.COM\n'],
    ['j\u{F6}rg@example.com', 'JO\u{308}RG@example.com'],
  ])('user %s as %s', (one, other) => {
    expect(userRef(other)).toBe(userRef(one));
  });
});

describe('Different devices or users stay different', () => {
  test.each([
    ['A1B2', 'a1b2'],
    ['a 1', 'a1'],
    ['a\tb', 'ab'],
    ['Ada@host', 'ada@host'],
    [' ', '  '],
  ])('devices %j and %j', (one, other) => {
    expect(deviceHash(one)).not.toBe(deviceHash(other));
  });

  test.each([
    ['Ada', 'ada'],
    ['ada+work@example.com', 'ada@example.com'],
    ['a.da@example.com', 'ada@example.com'],
  ])('users %j and %j', (one, other) => {
    expect(userRef(one)).not.toBe(userRef(other));
  });
});

test('A text as earlier releases stored it is still one of the candidates, under every secret', () => {
  const two = parseSecrets(`${secretOf(9)},${secretOf(7)}`);
  const stored = (text: string, byte: number) =>
    createHmac('sha256', parseSecrets(secretOf(byte)).signing.key('fingerprint'))
      .update(text)
      .digest('hex');
  const candidates = fingerprintHashes(two, 'org_a', 'dev\n');
  expect(candidates).toEqual([
    ...[stored('org_a\0dev', 9), stored('org_a\0dev', 7)],
    ...[stored('org_a\0dev\n', 9), stored('org_a\0dev\n', 7)],
  ]);
  expect(fingerprintHashes(two, 'org_a', 'dev')).toHaveLength(2);
});

describe('Over HTTP', () => {
  let ledger: Ledger;
  let client: ReturnType<typeof clientOf>;
  beforeAll(async () => {
    ledger = await shareLedger();
    client = clientOf(ledger);
  });

  /** What earlier releases stored for a text, which they took as it was sent. */
  const storedRaw = (text: string) =>
    createHmac('sha256', ledger.secrets.signing.key('fingerprint'))
      .update(`${ledger.a.organizationId}\0${text}`)
      .digest('hex');

  test('a device that is activated with a line break is found without it', async () => {
    const { licenseKey } = await issueDirectly(ledger);
    expect(outline(await client.post('activate', licenseKey, { fingerprint: 'host-1\r\n' }))).toEqual([201]);
    expect(outline(await client.post('activate', licenseKey, { fingerprint: ' host-1' }))).toEqual([200]);
    expect((await client.post('validate', licenseKey, { fingerprint: 'host-1' })).body.code).toBe('VALID');
    expect(outline(await client.post('deactivate', licenseKey, { fingerprint: 'host-1\t' }))).toEqual([200]);
  });

  test('a name of white space or control characters alone is refused everywhere', async () => {
    const { licenseId, licenseKey } = await issueDirectly(ledger);
    for (const blank of [' ', '\t\n', '\u{7}', '\u{200B}\u{FEFF}', '\u{A0} ']) {
      const requests = [
        client.post('activate', licenseKey, { fingerprint: blank }),
        client.post('activate', licenseKey, { fingerprint: 'a', components: { cpu: blank } }),
        client.post('activate', licenseKey, { fingerprint: 'a', user: blank }),
        client.post('validate', licenseKey, { fingerprint: blank }),
        client.post('leases', licenseKey, { leaseHolder: blank }),
        ledger.call('POST', `/v1/licenses/${licenseId}/users`, { key: ledger.a.apiKey, body: { user: blank } }),
      ];
      for (const answer of await Promise.all(requests)) expect(outline(answer)).toEqual([400, 'INVALID_REQUEST']);
    }
  });

  test('a user is assigned in one case of letters and validates in another', async () => {
    const { licenseId, licenseKey } = await issueDirectly(ledger);
    const assign = (user: string) =>
      ledger.call('POST', `/v1/licenses/${licenseId}/users`, { key: ledger.a.apiKey, body: { user } });
    expect((await assign('Ada@Example.com ')).body.changed).toBe(true);
    const again = await assign('ada@example.com');
    expect(again.body.changed).toBe(false);
    await ledger.projected.waitFor(BigInt(again.headers.get('ledger-position') ?? 0), 10_000);
    expect((await client.post('validate', licenseKey, { user: 'ADA@example.com' })).body.code).toBe('VALID');
  });

  test('a device, its components and its seat that an earlier release stored as sent are found by the same text', async () => {
    const { licenseId, licenseKey } = await issueDirectly(ledger, {
      policy: { fingerprintMatching: 'ANY', deactivateByKey: 'OWN' },
    });
    const fingerprintHash = storedRaw('host-2\n');
    const device = { product: null, nameRef: null, platform: null, appVersion: null, fingerprintHash };
    await sendTo(ledger, licenseId, {
      type: 'Activate',
      data: {
        ...{ ...device, activationId: encodeId('act', aggregateId(newCommandId(), 'activation')) },
        components: { cpu: storedRaw('part\0cpu\0intel\n') },
      },
    });
    const again = await client.post('activate', licenseKey, { fingerprint: 'host-2\n' });
    expect([...outline(again), again.body.changed]).toEqual([200, false]);
    for (const scope of [{ fingerprint: 'host-2\n' }, { fingerprint: 'host-3', components: { cpu: 'intel\n' } }])
      expect((await client.post('validate', licenseKey, scope)).body.code).toBe('VALID');
    expect(outline(await client.post('leases', licenseKey, { leaseHolder: 'host-2\n' }))).toEqual([201]);
    // The seat of the device ends with it, so both have one hash.
    const released = await client.post('deactivate', licenseKey, { fingerprint: 'host-2\n' });
    expect(released.body.limits).toMatchObject({ activations: { used: 0 }, seats: { used: 0 } });
  });
});
