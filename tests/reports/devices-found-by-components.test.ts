import { beforeAll, describe, expect, test } from 'vitest';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
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

const before = { fingerprint: 'old-board', components: { cpu: 'c1', disk: 'd1', net: 'n1' } };
/** The device after a repair that changed its fingerprint and one of its components. */
const after = { fingerprint: 'new-board', components: { cpu: 'c2', disk: 'd1', net: 'n1' } };

const activated = async (policy: Partial<PinnedPolicy>) => {
  const { licenseKey } = await issueDirectly(ledger, { policy });
  const { body } = await client.post('activate', licenseKey, before);
  return { licenseKey, activationId: String(body.activation?.id) };
};

describe('A repaired device is found by its components', () => {
  test.each<readonly [PinnedPolicy['fingerprintMatching'], string, readonly unknown[]]>([
    ['EXACT', 'NOT_ACTIVATED', [404, 'ACTIVATION_NOT_FOUND']],
    ['ANY', 'VALID', [200]],
    ['MOST', 'VALID', [200]],
    ['ALL', 'NOT_ACTIVATED', [404, 'ACTIVATION_NOT_FOUND']],
  ])('under %s it validates as %s, and is released alike', async (fingerprintMatching, code, released) => {
    const { licenseKey } = await activated({ fingerprintMatching });
    expect((await client.post('validate', licenseKey, after)).body.code).toBe(code);
    expect(outline(await client.post('deactivate', licenseKey, after))).toEqual(released);
  });

  test('and a repeated release changes nothing, although another device has equal components', async () => {
    const { licenseKey } = await activated({ fingerprintMatching: 'ALL' });
    const found = { ...before, fingerprint: 'new-board' };
    expect((await client.post('deactivate', licenseKey, found)).body.changed).toBe(true);
    await client.post('activate', licenseKey, { ...before, fingerprint: 'twin' });
    for (const repeated of [found, { fingerprint: 'new-board' }]) {
      const { status, body } = await client.post('deactivate', licenseKey, repeated);
      expect([status, body.changed, body.limits?.activations?.used]).toEqual([200, false, 1]);
    }
  });

  test('and is swapped for another device', async () => {
    const { licenseKey, activationId } = await activated({ fingerprintMatching: 'MOST' });
    const another = { ...after, components: { cpu: 'c9', disk: 'd9', net: 'n1' } };
    const swap = (release: object) => client.post('swap', licenseKey, { release, fingerprint: 'another' });
    expect(outline(await swap(another))).toEqual([404, 'ACTIVATION_NOT_FOUND']);
    expect(outline(await swap({ ...another, activationId }))).toEqual([404, 'ACTIVATION_NOT_FOUND']);
    expect(outline(await swap({ ...after, activationId }))).toEqual([201]);
    for (const repeated of [{ ...after, activationId }, after]) {
      const { status, body } = await swap(repeated);
      expect([status, body.changed]).toEqual([200, false]);
    }
    expect((await client.post('validate', licenseKey, after)).body.code).toBe('NOT_ACTIVATED');
  });

  test('but not with the key alone, where it may release its own device only', async () => {
    const { licenseKey, activationId } = await activated({ fingerprintMatching: 'ANY', deactivateByKey: 'OWN' });
    const forbidden = [403, 'FORBIDDEN'];
    for (const foreign of [after, { ...after, activationId }]) {
      expect(outline(await client.post('deactivate', licenseKey, foreign))).toEqual(forbidden);
      const swap = { release: foreign, fingerprint: 'another' };
      expect(outline(await client.post('swap', licenseKey, swap))).toEqual(forbidden);
    }
    expect((await client.post('deactivate', licenseKey, before)).body.changed).toBe(true);
    expect((await client.post('deactivate', licenseKey, before)).body.changed).toBe(false);
  });

  test('but components without a fingerprint are refused', async () => {
    const { licenseKey, activationId } = await activated({ fingerprintMatching: 'ANY' });
    const { components } = after;
    expect(outline(await client.post('deactivate', licenseKey, { activationId, components }))).toEqual([
      400,
      'INVALID_REQUEST',
    ]);
  });
});
