import { describe, expect, test } from 'vitest';
import { seal, unseal } from '../../src/identity/seal.ts';
import { parseSecrets } from '../../src/identity/secrets.ts';

const secretOf = (byte: number, length = 32) => Buffer.alloc(length, byte).toString('base64');

describe('LEDGER_SECRET', () => {
  test('has a different key for each purpose and each secret', () => {
    const { all } = parseSecrets(`${secretOf(1)},${secretOf(2)}`);
    const purposes = ['license-key', 'fingerprint', 'api-key', 'cursor', 'idempotency'] as const;
    const keys = all.flatMap((secret) => [
      ...purposes.map((purpose) => secret.key(purpose).toString('hex')),
      secret.id,
    ]);
    expect(new Set(keys).size).toBe(12);
  });

  test('derives keys with HKDF-SHA-256, an empty salt and the purpose as info, which must never change', () => {
    const { signing } = parseSecrets(secretOf(7));
    expect(signing.key('license-key').toString('hex')).toBe(
      '9058e326b2bd509801a0d326e35f71ea3a197ae4e1214de2833942824987a633',
    );
  });

  test.each([
    ['nothing', ''],
    ['no base64', 'not base64!'],
    ['a short one', secretOf(1, 31)],
    ['a short second one', `${secretOf(1)},${secretOf(1, 16)}`],
  ])('with %s is refused without repeating the value', (_name, text) => {
    expect(() => parseSecrets(text)).toThrow(/LEDGER_SECRET.*openssl rand -base64 32/);
    if (text !== '') expect(() => parseSecrets(text)).not.toThrow(text);
  });
});

describe('A sealed value', () => {
  const old = parseSecrets(secretOf(1));
  const both = parseSecrets(`${secretOf(2)},${secretOf(1)}`);

  test('can be read in its own row, with any configured secret', () => {
    const sealed = seal(old, 'LL-KEY', 'row 1');
    expect(unseal(both, sealed, 'row 1')).toBe('LL-KEY');
    expect(sealed.includes('LL-KEY')).toBe(false);
    expect(seal(old, 'LL-KEY', 'row 1')).not.toEqual(sealed);
  });

  test('cannot be read in another row, altered, cut, or without its secret', () => {
    const sealed = seal(old, 'LL-KEY', 'row 1');
    expect(() => unseal(old, sealed, 'row 2')).toThrow();
    expect(() => unseal(parseSecrets(secretOf(2)), sealed, 'row 1')).toThrow(/LEDGER_SECRET/);
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(() => unseal(old, changed, 'row 1')).toThrow();
      expect(() => unseal(old, sealed.subarray(0, at), 'row 1')).toThrow();
    }
  });
});
