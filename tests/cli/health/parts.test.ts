import { expect, test } from 'vitest';
import { faultsOf, healthStatus } from '../../../src/api/monitoring/part-health.ts';
import { diskFault, freeBytesMin, freeBytesOf } from '../../../src/cli/health/check-disk.ts';
import {
  lagMaxMs,
  projects,
  type ReadinessFacts,
  readinessParts,
  type ServiceFacts,
  serviceParts,
} from '../../../src/cli/health/check-parts.ts';
import { createLogLag } from '../../../src/cli/health/log-lag.ts';
import { createSince } from '../../../src/cli/health/note-since.ts';

const ready: ReadinessFacts = {
  ...{ isStopping: false, isServing: true, clockFault: null, lacksSecrets: false },
  readModels: { fault: null },
};
const well: ServiceFacts = {
  eventStoreError: null,
  lagMs: 0,
  ownProjector: null,
  isProjectorAlive: true,
  diskFault: null,
  notaryFault: null,
};
const troubles = (parts: ReturnType<typeof readinessParts>) =>
  parts.flatMap(({ part, trouble }) =>
    trouble === null ? [] : [[part, trouble.state, 'cause' in trouble ? trouble.cause : null]],
  );

test.each<[string, Partial<ReadinessFacts>, string, string]>([
  ['is stopping', { isStopping: true }, 'process', 'STOPPING'],
  ['has no Postgres', { readModels: { error: new Error('gone') } }, 'postgres', 'DATABASE_CONNECTION'],
  ['has no level read models', { readModels: { fault: 'are being built' } }, 'readModels', 'NOT_LEVEL'],
  ['has a wrong clock', { clockFault: 'is ahead' }, 'clock', 'CLOCK'],
  ['lacks a secret', { lacksSecrets: true }, 'secrets', 'SECRETS'],
  ['does not listen yet', { isServing: false }, 'api', 'STARTING'],
])('A process that %s is not ready', (_, facts, part, cause) => {
  expect(troubles(readinessParts(ready))).toEqual([]);
  expect(troubles(readinessParts({ ...ready, ...facts }))).toEqual([[part, 'failing', cause]]);
});

test.each<[string, Partial<ServiceFacts>, string]>([
  ['no event store', { eventStoreError: new Error('gone') }, 'eventStore'],
  ['no projector anywhere', { isProjectorAlive: false }, 'projector'],
  ['a projector that waits', { ownProjector: { kind: 'waiting', problem: 'license-1' } }, 'projector'],
  ['a projector of a lower release', { ownProjector: { kind: 'standby', problem: 'release 2' } }, 'projector'],
  ['a lag', { lagMs: lagMaxMs + 1 }, 'lag'],
  ['a full disk', { diskFault: 'full' }, 'disk'],
])('A process with %s is degraded', (_, facts, part) => {
  expect(troubles(serviceParts(well))).toEqual([]);
  expect(troubles(serviceParts({ ...well, ...facts }))).toEqual([[part, 'degraded', null]]);
  // Everybody may read the reason, so it has no text of an error.
  expect(JSON.stringify(serviceParts({ ...well, ...facts }))).not.toMatch(/gone|license-1/);
});

test('A projector that follows, starts or can take over is alive', () => {
  expect(projects({ kind: 'following', caughtUp: false })).toBe(true);
  expect(projects({ kind: 'standby' })).toBe(true);
  expect(projects({ kind: 'standby', problem: 'release 2' })).toBe(false);
  expect(projects({ kind: 'waiting', problem: 'lost' })).toBe(false);
  expect(projects(null)).toBeNull();
});

test('The worst part decides the status, and failing parts come first', () => {
  const since = '2026-01-01T00:00:00.000Z';
  const late = { part: 'lag', state: 'degraded', reason: 'late', since } as const;
  const gone = { part: 'postgres', state: 'failing', reason: 'gone', cause: 'DATABASE_CONNECTION', since } as const;
  expect([healthStatus([]), healthStatus([late]), healthStatus([late, gone])]).toEqual(['ok', 'degraded', 'failing']);
  expect(faultsOf([late, { part: 'clock', state: 'ok' }, gone])).toEqual([gone, late]);
});

test('A fault keeps the instant at which it was noticed until the part is in another state', () => {
  let seconds = 0;
  const withSince = createSince(() => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)));
  const sinceWith = (state: 'degraded' | null, reason: string, second: number) => {
    seconds = second;
    const [part] = withSince([{ part: 'disk', trouble: state === null ? null : { state, reason } }]);
    return part?.state === 'ok' ? null : part?.since;
  };
  expect(sinceWith('degraded', 'full', 1)).toBe('2026-01-01T00:00:01.000Z');
  expect(sinceWith('degraded', 'nearly full', 5)).toBe('2026-01-01T00:00:01.000Z');
  expect(sinceWith(null, '', 6)).toBeNull();
  expect(sinceWith('degraded', 'full', 7)).toBe('2026-01-01T00:00:07.000Z');
});

test('A lag is as old as the end of the log that the read models have not reached', () => {
  const lag = createLogLag();
  lag.note({ head: 10n, checkpoint: 10n }, 0);
  expect(lag.lagMs(5)).toBe(0);
  lag.note({ head: 20n, checkpoint: 10n }, 10);
  lag.note({ head: 90n, checkpoint: 19n }, 20);
  expect(lag.lagMs(30)).toBe(20);
  // The first end is reached. The newer one was noticed now.
  lag.note({ head: 90n, checkpoint: 20n }, 40);
  expect(lag.lagMs(45)).toBe(5);
  lag.note({ head: 95n, checkpoint: 95n }, 50);
  expect(lag.lagMs(60)).toBe(0);
  lag.note({ head: 95n, checkpoint: null }, 70);
  expect(lag.lagMs(71)).toBe(1);
  lag.note({ head: null, checkpoint: null }, 80);
  expect(lag.lagMs(90)).toBe(0);
});

test('Full disks are named one by one', async () => {
  const fine = { freeBytes: freeBytesMin, isEventStoreFull: false, postgresFailure: null };
  expect(diskFault(fine)).toBeNull();
  expect(diskFault({ ...fine, freeBytes: null })).toBeNull();
  expect(diskFault({ ...fine, postgresFailure: '57P01' })).toBeNull();
  expect(diskFault({ ...fine, isEventStoreFull: true })).toContain('event store is full');
  expect(diskFault({ ...fine, postgresFailure: '53100' })).toContain('disk of Postgres is full');
  expect(diskFault({ ...fine, freeBytes: 1024 * 1024 })).toContain('only 1 MiB left');
  expect(await freeBytesOf('/nowhere/at/all')).toBeNull();
  expect(await freeBytesOf('.')).toBeGreaterThan(0);
});
