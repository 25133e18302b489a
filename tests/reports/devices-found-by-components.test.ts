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
    const { licenseKey } = await activated({ fingerprintMatching, deactivateByKey: 'OWN' });
    expect((await client.post('validate', licenseKey, after)).body.code).toBe(code);
    expect(outline(await client.post('deactivate', licenseKey, after))).toEqual(released);
  });

  test('and is swapped for another device', async () => {
    const { licenseKey, activationId } = await activated({ fingerprintMatching: 'MOST', deactivateByKey: 'OWN' });
    const another = { ...after, components: { cpu: 'c9', disk: 'd9', net: 'n1' } };
    const swap = (release: object) => client.post('swap', licenseKey, { release, fingerprint: 'another' });
    expect(outline(await swap(another))).toEqual([404, 'ACTIVATION_NOT_FOUND']);
    expect(outline(await swap({ ...another, activationId }))).toEqual([404, 'ACTIVATION_NOT_FOUND']);
    expect(outline(await swap({ ...after, activationId }))).toEqual([201]);
    expect((await client.post('validate', licenseKey, after)).body.code).toBe('NOT_ACTIVATED');
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
