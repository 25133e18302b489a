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

describe('A license key', () => {
  test.each([
    ['0123456789ABCDEFGHJKMNPQRS', 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9'],
    ['ZZZZZZZZZZZZZZZZZZZZZZZZZZ', 'LL-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZV3MP'],
  ])('with the body %s is formatted as %s', (body, text) => {
    expect(formatLicenseKey('LL', body)).toBe(text);
    expect(parseLicenseKey(text)).toBe(body);
    expect(licenseKeyHint(body)).toBe(text.slice(-5));
  });

  test('is accepted with any case, spaces, dashes and look-alike letters', () => {
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

  test('with one mistyped symbol is refused as malformed', () => {
    const text = formatLicenseKey('LL', '0123456789ABCDEFGHJKMNPQRS');
    for (let at = 3; at < text.length; at++) {
      for (const symbol of alphabet) {
        if (text[at] === '-' || text[at] === symbol) continue;
        expect(parseLicenseKey(text.slice(0, at) + symbol + text.slice(at + 1))).toBeNull();
      }
    }
  });

  test('is not read from any other text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(parseLicenseKey(text)).toBeNull();
      }),
    );
    for (const text of ['', '-', 'LL-', 'U'.repeat(30), 'x'.repeat(100_000)]) expect(parseLicenseKey(text)).toBeNull();
  });

  test('is random in every symbol, and two keys differ', () => {
    const bodies = Array.from({ length: 2000 }, generateLicenseKeyBody);
    expect(new Set(bodies).size).toBe(2000);
    for (let at = 0; at < 26; at++) expect(new Set(bodies.map((body) => body[at])).size).toBe(32);
  });

  test('matches its stored hash after the secret was changed', () => {
    const body = generateLicenseKeyBody();
    const { hash, secretId } = hashLicenseKey(secrets, body);
    expect(secretId).toBe(secrets.signing.id);
    expect(licenseKeyHashes(rotated, body)).toContainEqual(hash);
    expect(hashLicenseKey(rotated, body).hash).not.toEqual(hash);
  });
});

describe('An API key', () => {
  const commandId = '01890a5d-ac96-774b-bcce-b302099a8057';

  test('has the documented form, which is checked without the database', () => {
    const { text, lookupId, hint } = createApiKeyText(secrets, commandId);
    expect(text).toMatch(/^lgr_live_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}$/);
    expect(parseApiKey(text)).toEqual({ text, lookupId, hint });
    expect(hint).toBe(text.slice(0, 17));
    for (let at = 0; at < text.length; at++) {
      const changed = `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
      expect(parseApiKey(changed)).toBeNull();
    }
  });

  test('is the same for a retried creation, and differs for another creation or secret', () => {
    const { text } = createApiKeyText(secrets, commandId);
    expect(createApiKeyText(secrets, commandId).text).toBe(text);
    expect(createApiKeyText(secrets, commandId.replace('0', '1')).text).not.toBe(text);
    expect(createApiKeyText(rotated, commandId).text).not.toBe(text);
  });

  test('matches its hash, also after the secret was changed', () => {
    const { text } = createApiKeyText(secrets, commandId);
    const stored = hashApiKey(secrets, text);
    expect(isApiKey(secrets, text, stored)).toBe(true);
    expect(isApiKey(rotated, text, stored)).toBe(true);
    expect(isApiKey(parseSecrets(secretOf(2)), text, stored)).toBe(false);
    expect(isApiKey(secrets, `${text}x`, stored)).toBe(false);
    expect(isApiKey(secrets, text, { ...stored, hash: Buffer.alloc(0) })).toBe(false);
  });
});

test('A device has a different hash for each issuer, and keeps its old hash after a change of the secret', () => {
  const [hash] = fingerprintHashes(secrets, 'org_a', 'device');
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(fingerprintHashes(secrets, 'org_b', 'device')).not.toContain(hash);
  const both = fingerprintHashes(rotated, 'org_a', 'device');
  expect([both.length, both[1]]).toEqual([2, hash]);
});
