import { expect, test } from 'vitest';
import type { LicenseEvent } from '../../../../src/domain/license/events.ts';
import { beginFields, takeFieldEvent } from '../../../../src/domain/license/fields/field-origins.ts';
import { activatedEvent, deactivatedEvent, expiresAt, issuedEvent, on, renewedEvent, tomorrow } from '../examples.ts';

const use = { meter: 'builds', limit: 9, overage: false };
const usageEvents: readonly LicenseEvent[] = [
  {
    type: 'UsageRecorded',
    data: { ...use, quantity: 1, usageId: 'u1', occurredAt: tomorrow, totalAfter: 1 },
  },
  {
    type: 'UsageBatchRecorded',
    data: {
      ...use,
      ...{ periodStart: tomorrow, periodEnd: expiresAt, totalAfter: 2 },
      entries: [{ usageId: 'u2', commandId: 'cmd_1', quantity: 1, occurredAt: tomorrow }],
    },
  },
];

test.each<[string, LicenseEvent]>([
  ...usageEvents.map((event): [string, LicenseEvent] => [event.type, event]),
  ['ActivationRecorded', activatedEvent('a', 1)],
  ['ActivationDeactivated', deactivatedEvent('a', 'USER', 0)],
])('The first %s of a renewed term is compared by the fields of use alone', (_, event) => {
  const compared: string[] = [];
  const show = (name: string) => () => {
    compared.push(name);
    return {};
  };
  const fold = beginFields({ whole: show('whole'), use: show('use') }, expiresAt);
  const before = [issuedEvent(), renewedEvent({ startsAt: expiresAt })];
  for (const [index, next] of [...before, event].entries()) {
    const { event: taken, at } = on(index < before.length ? '2026-06-01T12:00:00.000Z' : expiresAt, next);
    takeFieldEvent(fold, { event: taken, at, revision: BigInt(index) });
  }
  expect(compared).toEqual(['whole', 'whole', 'use']);
  expect(fold.facts?.countersFrom).toBe(expiresAt);
});
