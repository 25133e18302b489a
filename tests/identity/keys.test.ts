import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createApiKeyText, hashApiKey, isApiKey, parseApiKey } from '../../src/identity/api-key.ts';
import { fingerprintHashes } from '../../src/identity/fingerprint.ts';
import {
  formatLicenseKey,
  generateLicenseKeyBody,
  hashLicenseKey,
  licenseKeyHashes,
  licenseKeyHint,
  parseLicenseKey,
} from '../../src/identity/license-key.ts';
import { parseSecrets } from '../../src/identity/secrets.ts';

const secretOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const secrets = parseSecrets(secretOf(1));
const rotated = parseSecrets(`${secretOf(2)},${secretOf(1)}`);
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

describe('a license key', () => {
  test.each([
    ['0123456789ABCDEFGHJKMNPQRS', 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9'],
    ['ZZZZZZZZZZZZZZZZZZZZZZZZZZ', 'LL-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZV3MP'],
  ])('of body %s is written %s', (body, shown) => {
    expect(formatLicenseKey('LL', body)).toBe(shown);
    expect(parseLicenseKey(shown)).toBe(body);
    expect(licenseKeyHint(body)).toBe(shown.slice(-5));
  });

  test('is read however it was typed', () => {
    const body = '0123456789ABCDEFGHJKMNPQRS';
    for (const typed of [
      'll-01234-56789-abcde-fghjk-mnpqr-syqv9',
      'LL-OL234-56789-ABCDE-FGHJK-MNPQR-SYQV9',
      'LL-oi234-56789-ABCDE-FGHJK-MNPQR-SYQV9',
      '  LL-01234 56789 ABCDE FGHJK MNPQR SYQV9 ',
      'OTHER1-0123456789ABCDEFGHJKMNPQRSYQV9',
      '0123456789ABCDEFGHJKMNPQRSYQV9',
    ]) {
      expect(parseLicenseKey(typed), typed).toBe(body);
    }
  });

  test('with any one symbol mistyped is malformed', () => {
    const shown = formatLicenseKey('LL', '0123456789ABCDEFGHJKMNPQRS');
    for (let at = 3; at < shown.length; at++) {
      for (const symbol of alphabet) {
        if (shown[at] === '-' || shown[at] === symbol) continue;
        expect(parseLicenseKey(shown.slice(0, at) + symbol + shown.slice(at + 1))).toBeNull();
      }
    }
  });

  test('that is none is read as none, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(parseLicenseKey(text)).toBeNull();
      }),
    );
    for (const text of ['', '-', 'LL-', 'U'.repeat(30), 'x'.repeat(100_000)]) expect(parseLicenseKey(text)).toBeNull();
  });

  test('is random in every symbol, and never twice the same', () => {
    const bodies = Array.from({ length: 2000 }, generateLicenseKeyBody);
    expect(new Set(bodies).size).toBe(2000);
    for (let at = 0; at < 26; at++) expect(new Set(bodies.map((body) => body[at])).size).toBe(32);
  });

  test('is found by its hash after the secret was changed', () => {
    const body = generateLicenseKeyBody();
    const { hash, secretId } = hashLicenseKey(secrets, body);
    expect(secretId).toBe(secrets.signing.id);
    expect(licenseKeyHashes(rotated, body)).toContainEqual(hash);
    expect(hashLicenseKey(rotated, body).hash).not.toEqual(hash);
  });
});

describe('an API key', () => {
  const commandId = '01890a5d-ac96-774b-bcce-b302099a8057';

  test('has the published form, and is recognized by it without a look-up', () => {
    const { text, lookupId, hint } = createApiKeyText(secrets, commandId);
    expect(text).toMatch(/^lgr_live_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}$/);
    expect(parseApiKey(text)).toEqual({ text, lookupId, hint });
    expect(hint).toBe(text.slice(0, 17));
    for (let at = 0; at < text.length; at++) {
      const changed = `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
      expect(parseApiKey(changed)).toBeNull();
    }
  });

  test('is the same for the same creation, and another for any other or with another secret', () => {
    const { text } = createApiKeyText(secrets, commandId);
    expect(createApiKeyText(secrets, commandId).text).toBe(text);
    expect(createApiKeyText(secrets, commandId.replace('0', '1')).text).not.toBe(text);
    expect(createApiKeyText(rotated, commandId).text).not.toBe(text);
  });

  test('is checked against its hash, after the secret was changed too', () => {
    const { text } = createApiKeyText(secrets, commandId);
    const stored = hashApiKey(secrets, text);
    expect(isApiKey(secrets, text, stored)).toBe(true);
    expect(isApiKey(rotated, text, stored)).toBe(true);
    expect(isApiKey(parseSecrets(secretOf(2)), text, stored)).toBe(false);
    expect(isApiKey(secrets, `${text}x`, stored)).toBe(false);
    expect(isApiKey(secrets, text, { ...stored, hash: Buffer.alloc(0) })).toBe(false);
  });
});

test('a device has another hash for each issuer, and its old one among those of a changed secret', () => {
  const [hash] = fingerprintHashes(secrets, 'org_a', 'device');
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(fingerprintHashes(secrets, 'org_b', 'device')).not.toContain(hash);
  const both = fingerprintHashes(rotated, 'org_a', 'device');
  expect([both.length, both[1]]).toEqual([2, hash]);
});
