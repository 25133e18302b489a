import { Pool } from 'pg';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createMetrics } from '../../../src/api/monitoring/metrics.ts';
import { createFront } from '../../../src/cli/server/create-front.ts';
import { loadConfig } from '../../../src/config.ts';
import { testId } from '../../support/license-fixtures.ts';

const [demo, other] = [testId('org', 'demo'), testId('org', 'other')];

/** Returns the tier that limits an organization, without SIGNUP_POLICY and without Redis. */
const tierFor = async (organizationId: string, demoOrganizationId: string | null): Promise<string> => {
  const { front, close } = createFront(loadConfig({}), {
    // No query is sent, and a pool connects with its first query only.
    pool: new Pool(),
    now: () => new Date(),
    log: pino({ level: 'silent' }),
    metrics: createMetrics(),
    demoOrganizationIds: demoOrganizationId === null ? [] : [demoOrganizationId],
  });
  await close();
  return front.rateLimiting.tierOf(organizationId);
};

test('The demo organization has the rate limits of ENTERPRISE, and other organizations those of DEFAULT_TIER', async () => {
  expect(await tierFor(demo, demo)).toBe('ENTERPRISE');
  expect(await tierFor(other, demo)).toBe('FREE');
  expect(await tierFor(demo, null)).toBe('FREE');
});
