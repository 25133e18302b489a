import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { randomFrom } from '../support/license-fixtures.ts';
import { sized } from '../support/size.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

describe('A client that changes something', () => {
  test('reads the change in the next request', async () => {
    for (let round = 0; round < sized(200); round++) {
      const { licenseId, answer } = await ledger.issue();
      expect(answer.headers.get('ledger-projected')).toBeNull();
      const read = await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey });
      expect(read.body).toEqual({ ...answer.body.license, lastValidatedAt: null, recentValidations: [] });
    }
  });

  test('is told when the change cannot be read yet, also by a read with its position', async () => {
    ledger.faults.subscriptionsHang = true;
    try {
      const { answer, licenseId } = await ledger.issue();
      expect(answer.headers.get('ledger-projected')).toBe('false');
      const position = String(answer.headers.get('ledger-position'));
      const read = await ledger.call('GET', `/v1/licenses/${licenseId}`, {
        key: ledger.a.apiKey,
        headers: { 'ledger-min-position': position },
      });
      expect([read.status, read.body.code]).toEqual([503, 'NOT_PROJECTED_YET']);
      expect(read.headers.get('retry-after')).toBe('1');

      // The stream itself decides commands, so they need no read model.
      const suspended = await ledger.call('POST', `/v1/licenses/${licenseId}/suspend`, {
        key: ledger.a.apiKey,
        body: { reason: { code: 'FRAUD' } },
        headers: { prefer: 'respond-async' },
      });
      expect([suspended.status, suspended.body.license?.status]).toEqual([200, 'SUSPENDED']);
      expect(suspended.headers.get('preference-applied')).toBe('respond-async');
      expect(suspended.headers.get('ledger-projected')).toBeNull();

      ledger.faults.subscriptionsHang = false;
      const { answer: next } = await ledger.issue();
      const later = await ledger.call('GET', `/v1/licenses/${licenseId}`, {
        key: ledger.a.apiKey,
        headers: { 'ledger-min-position': String(next.headers.get('ledger-position')) },
      });
      expect(later.body.status).toBe('SUSPENDED');
    } finally {
      ledger.faults.subscriptionsHang = false;
    }
  });

  const writes = sized(10_000, 200);
  test(`reads each of ${writes} changes with its position while the projector pauses at random`, async () => {
    const random = randomFrom(5);
    const done = new AbortController();
    const pausing = pauseAtRandom(random, done.signal);
    const outcomes = { waited: 0, notYet: 0 };
    let left = writes;

    // Each license has one writer, so a read that shows anything but its last write is stale.
    const lane = async () => {
      const { licenseId, answer } = await ledger.issue();
      let revision = Number(answer.body.license?.revision);
      for (let suspended = false; left > 0; suspended = !suspended) {
        left -= 1;
        const verb = suspended ? 'reinstate' : 'suspend';
        const headers = { prefer: random() < 0.8 ? 'respond-async' : 'wait=1' };
        const body = suspended ? {} : { reason: { code: 'FRAUD' } };
        const key = ledger.a.apiKey;
        const written = await ledger.call('POST', `/v1/licenses/${licenseId}/${verb}`, { key, body, headers });
        expect(written.status, written.text).toBe(200);
        revision += 1;

        const position = String(written.headers.get('ledger-position'));
        for (let read = null; read?.status !== 200; ) {
          read = await ledger.call('GET', `/v1/licenses/${licenseId}`, {
            key,
            headers: { 'ledger-min-position': position },
          });
          if (read.status === 503) {
            expect(read.body.code).toBe('NOT_PROJECTED_YET');
            outcomes.notYet += 1;
          } else {
            outcomes.waited += 1;
            const { status, revision: shown } = read.body;
            expect([read.status, status, shown]).toEqual([200, suspended ? 'ACTIVE' : 'SUSPENDED', revision]);
          }
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: 32 }, lane));
    } finally {
      done.abort();
    }
    expect(await pausing).toBeGreaterThan(3);
    expect(outcomes.waited).toBe(writes);
  });
});

/** Pauses the projector between events or in a transaction until `end` is called. Returns the number of pauses. */
const pauseAtRandom = async (random: () => number, signal: AbortSignal): Promise<number> => {
  const db = await ledger.database.superuser.connect();
  let pauses = 0;
  while (!signal.aborted) {
    await delay(random() * 100);
    const pauseMs = random() < 0.02 ? 2_500 : random() * 100;
    if (random() < 0.5) {
      ledger.faults.subscriptionsHang = true;
      await delay(pauseMs);
      ledger.faults.subscriptionsHang = false;
      // It goes on at the next commit, and everybody else may be waiting.
      await ledger.issue({}, ledger.b);
    } else {
      await db.query('begin');
      await db.query('select from ops.checkpoints for update');
      await delay(pauseMs);
      await db.query('rollback');
    }
    pauses += 1;
  }
  db.release();
  return pauses;
};
