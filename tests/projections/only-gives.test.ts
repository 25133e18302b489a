import { expect, test } from 'vitest';
import type { Recorded } from '../../src/eventstore/event-store.ts';
import { onlyGives } from '../../src/projections/only-gives.ts';

const usage = (totalAfter: number, limit: unknown) =>
  onlyGives({ type: 'UsageBatchRecorded', data: { totalAfter, limit } } as unknown as Recorded);

test('Usage takes something away only when it reaches a limit, which an unlimited meter does not have', () => {
  expect([usage(4, 5), usage(5, 5), usage(0, 0)]).toEqual([true, false, false]);
  expect([usage(5, 'unlimited'), usage(Number.MAX_SAFE_INTEGER, 'unlimited')]).toEqual([true, true]);
  const back = (type: string) => onlyGives({ type, data: { totalAfter: 5, limit: 5 } } as unknown as Recorded);
  expect([back('UsageCorrected'), back('UsageReset')]).toEqual([true, true]);
  expect([usage(5, 'Unlimited'), usage(5, undefined)]).toEqual([false, false]);
});
