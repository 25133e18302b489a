import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeId, encodeId, idPrefixes } from '../../src/domain/ids.ts';

describe('a typed id', () => {
  test.each([
    ['01890a5d-ac96-774b-bcce-b302099a8057', 'lic_01h455vb4pex5vsknk084sn02q'],
    ['00000000-0000-0000-0000-000000000000', 'lic_00000000000000000000000000'],
    ['00000000-0000-0000-0000-000000000001', 'lic_00000000000000000000000001'],
    ['00000000-0000-0000-0000-000000000020', 'lic_00000000000000000000000010'],
    ['ffffffff-ffff-ffff-ffff-ffffffffffff', 'lic_7zzzzzzzzzzzzzzzzzzzzzzzzz'],
  ])('writes %s as %s and reads it back', (uuid, id) => {
    expect(encodeId('lic', uuid)).toBe(id);
    expect(decodeId('lic', id)).toBe(uuid);
  });

  test('can be encoded and decoded with every prefix', () => {
    fc.assert(
      fc.property(fc.uuid({ version: [1, 2, 3, 4, 5, 6, 7, 8] }), fc.constantFrom(...idPrefixes), (uuid, prefix) => {
        expect(decodeId(prefix, encodeId(prefix, uuid))).toBe(uuid);
      }),
    );
  });

  test('is accepted in its one form only', () => {
    const symbols = fc.string({
      unit: fc.constantFrom(...'0123456789abcdefghijklmnopqrstuvwxyzA-_'),
      minLength: 24,
      maxLength: 28,
    });
    fc.assert(
      fc.property(symbols, (text) => {
        const uuid = decodeId('org', `org_${text}`);
        if (uuid !== null) expect(encodeId('org', uuid)).toBe(`org_${text}`);
      }),
    );
  });

  test.each([
    ['another prefix', 'org_01h455vb4pex5vsknk084sn02q'],
    ['no prefix', '01h455vb4pex5vsknk084sn02q'],
    ['upper case', 'lic_01H455VB4PEX5VSKNK084SN02Q'],
    ['an upper-case prefix', 'LIC_01h455vb4pex5vsknk084sn02q'],
    ['a symbol too few', 'lic_01h455vb4pex5vsknk084sn02'],
    ['a symbol too many', 'lic_01h455vb4pex5vsknk084sn02qq'],
    ['more than 128 bits', 'lic_81h455vb4pex5vsknk084sn02q'],
    ['a letter that is no symbol', 'lic_01h455vb4pex5vsknk084sn02l'],
    ['a dash for the underscore', 'lic-01h455vb4pex5vsknk084sn02q'],
    ['a line feed', 'lic_01h455vb4pex5vsknk084sn02\n'],
    ['nothing', ''],
  ])('is not read with %s', (_, id) => expect(decodeId('lic', id)).toBeNull());

  test.each(['', 'lic', '01890a5dac96774bbcceb302099a8057', '01890a5d-ac96-774b-bcce-b302099a805g'])(
    'cannot be encoded from %j, which is not a UUID',
    (uuid) => expect(() => encodeId('lic', uuid)).toThrow(/is not a UUID/),
  );
});
