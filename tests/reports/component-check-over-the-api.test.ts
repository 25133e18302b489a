import { beforeAll, describe, expect, test } from 'vitest';
import { clientOf, outline } from '../api/client/client.ts';
import { issueDirectly } from '../support/issue-directly.ts';
import type { Ledger } from '../support/ledger.ts';
import { shareLedger } from '../support/shared-ledger.ts';

let ledger: Ledger;
let client: ReturnType<typeof clientOf>;
beforeAll(async () => {
  ledger = await shareLedger();
  client = clientOf(ledger);
});

const laptop = { fingerprint: 'laptop', components: { cpu: 'c1', disk: 'd1', board: 'b1' } };
const repaired = { ...laptop, components: { ...laptop.components, disk: 'd2' } };
const copied = { ...laptop, components: { cpu: 'c9', disk: 'd9', board: 'b1' } };

const activated = async () => {
  const { licenseId, licenseKey } = await issueDirectly(ledger, { policy: { componentCheck: 'MOST' } });
  const { body } = await client.post('activate', licenseKey, laptop);
  const codeOf = async (scope: object) => (await client.post('validate', licenseKey, scope)).body.code;
  return { licenseId, licenseKey, activationId: String(body.activation?.id), codeOf };
};

describe('A fingerprint that was copied to another machine', () => {
  test('does not validate, and the own machine does, also after a repair', async () => {
    const { activationId, codeOf } = await activated();
    expect(await codeOf(laptop)).toBe('VALID');
    expect(await codeOf(repaired)).toBe('VALID');
    expect(await codeOf({ ...laptop, components: { ...laptop.components, cpu: ' c1\n' } })).toBe('VALID');
    expect(await codeOf({ ...repaired, activationId })).toBe('VALID');
    expect(await codeOf(copied)).toBe('COMPONENTS_MISMATCH');
    expect(await codeOf({ ...copied, activationId })).toBe('COMPONENTS_MISMATCH');
    expect(await codeOf({ fingerprint: 'laptop' })).toBe('COMPONENTS_REQUIRED');
    expect(await codeOf({ activationId })).toBe('COMPONENTS_REQUIRED');
    expect(await codeOf({})).toBe('VALID');
  });

  test('does not take over the activation with the key', async () => {
    const { licenseId, licenseKey, codeOf } = await activated();
    expect(outline(await client.post('activate', licenseKey, copied))).toEqual([409, 'COMPONENTS_MISMATCH']);
    expect(outline(await client.post('activate', licenseKey, { fingerprint: 'laptop' }))).toEqual([
      409,
      'COMPONENTS_REQUIRED',
    ]);
    const { body } = await client.post('activate', licenseKey, repaired);
    expect(body.changed).toBe(true);
    expect(await codeOf({ ...laptop, components: { ...repaired.components, board: 'b2' } })).toBe('VALID');
    const byOrganization = await ledger.call('POST', '/v1/licenses/activate', {
      key: ledger.a.apiKey,
      body: { licenseId, ...copied },
    });
    expect([byOrganization.status, byOrganization.body.changed]).toEqual([200, true]);
    await client.post('activate', licenseKey, { ...laptop, fingerprint: 'other' });
    expect([await codeOf(copied), await codeOf(laptop)]).toEqual(['VALID', 'COMPONENTS_MISMATCH']);
  });

  test('does not take over a device that named no components, because the key activates none of this kind', async () => {
    const { licenseKey, codeOf } = await activated();
    const bare = { fingerprint: 'desktop' };
    const required = [409, 'COMPONENTS_REQUIRED'];
    expect(outline(await client.post('activate', licenseKey, bare))).toEqual(required);
    expect(outline(await client.post('swap', licenseKey, { release: laptop, ...bare }))).toEqual(required);
    expect([await codeOf(laptop), await codeOf(bare)]).toEqual(['VALID', 'NOT_ACTIVATED']);
  });

  test('does not keep a person with new hardware from moving the license', async () => {
    const { licenseKey, codeOf } = await activated();
    expect(outline(await client.post('deactivate', licenseKey, copied))).toEqual([200]);
    expect(outline(await client.post('activate', licenseKey, copied))).toEqual([201]);
    expect(await codeOf(copied)).toBe('VALID');
  });
});
