import { expect, test } from 'vitest';
import { problemsOfStatus } from '../../../src/cli/status/judge-status.ts';
import { statusText } from '../../../src/cli/status/print-status.ts';
import type { ProcessFacts, ReadModelFacts, StatusFacts } from '../../../src/cli/status/status-facts.ts';

const at = '2026-01-02T03:04:05.000Z';
const process: ProcessFacts = {
  ...{
    roles: ['api', 'projector', 'worker', 'notary'],
    host: 'one',
    pid: 7,
    version: '0.1.0',
    startedAt: at,
    seenAt: at,
  },
  ...{ isSilent: false, status: 'ok', faults: [] },
};
const readModels: ReadModelFacts = {
  ...{ version: 2, release: 1, isOfThisRelease: true, isLevel: true, madeAt: at, rebuiltAt: at, building: false },
  ...{ parked: [], parkedCount: 0 },
};
const migrations = { applied: 60, pending: [], unknown: [], edited: [] };
const verified = { at, version: '0.1.0', isIntact: true, events: 14, damaged: 0 };
const access = {
  tls: true,
  login: 'ledger',
  users: [{ name: 'reporting', mayAppend: false }],
  certificateEndsAt: null,
};
const well: StatusFacts = {
  mode: 'servers',
  product: { version: '0.1.0', release: 1 },
  postgres: { version: '18.4', migrations },
  eventStore: { version: '24.6.0', answers: true, access },
  processes: [process],
  readModels,
  lag: { events: 3, seconds: 1, isAtLeast: false },
  lastVerification: verified,
  lastBackup: null,
  freeBytes: null,
};
const fault = { part: 'disk', reason: 'is full', since: at };

test.each<[string, Partial<StatusFacts>, string]>([
  ['no process', { processes: [] }, 'No process of the product runs.'],
  ['only a silent process', { processes: [{ ...process, isSilent: true }] }, 'No process of the product runs.'],
  [
    'no worker',
    { processes: [{ ...process, roles: ['api', 'projector', 'notary'] }] },
    'No process has the role worker.',
  ],
  [
    'a degraded process',
    { processes: [{ ...process, faults: [fault] }] },
    `Process 7 on one: disk: is full (since ${at}).`,
  ],
  ['a pending migration', { postgres: { version: '18', migrations: { ...migrations, pending: ['x'] } } }, 'pending'],
  [
    'a newer migration',
    { postgres: { version: '18', migrations: { ...migrations, unknown: ['x'] } } },
    'newer release',
  ],
  ['an edited migration', { postgres: { version: '18', migrations: { ...migrations, edited: ['x'] } } }, 'edited'],
  ['no read models', { readModels: null }, 'no read models'],
  ['read models of another release', { readModels: { ...readModels, isOfThisRelease: false } }, 'another release (1)'],
  ['read models that are being built', { readModels: { ...readModels, isLevel: false } }, 'being built'],
  ['a parked stream', { readModels: { ...readModels, parkedCount: 2 } }, '2 streams are parked'],
  ['a lag', { lag: { events: 9, seconds: 31, isAtLeast: false } }, '31 seconds behind the log'],
  ['a lag that could not be counted', { lag: null }, 'the lag is unknown'],
  [
    'a silent event store',
    { lag: null, eventStore: { version: null, answers: false, access } },
    'event store does not answer',
  ],
  ['a full disk', { freeBytes: 1_000 }, 'only 0 MiB left'],
  ['a damaged log', { lastVerification: { ...verified, isIntact: false } }, 'ledger verify found damage'],
])('A ledger with %s is degraded, and the status says what to do', (_, facts, sentence) => {
  expect(problemsOfStatus(well)).toEqual([]);
  const problems = problemsOfStatus({ ...well, ...facts });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(sentence);
  expect(statusText({ ...well, ...facts }, problems)).toContain('1 thing needs an operator');
});

test('A silent process does not count when another one has its roles, and the text shows it', () => {
  const facts = { ...well, processes: [{ ...process, pid: 6, isSilent: true }, process] };
  expect(problemsOfStatus(facts)).toEqual([]);
  expect(statusText(facts, [])).toMatch(/one +6 +0\.1\.0 .* silent\n.*one +7 +0\.1\.0 .* ok/);
});

test('The status says when it stopped counting the lag', () => {
  const lag = { events: 10_000, seconds: 2, isAtLeast: true };
  expect(statusText({ ...well, lag }, [])).toContain('at least 10000 events, 2 seconds');
  expect(statusText(well, [])).toMatch(/lag +3 events, 1 second/);
});
