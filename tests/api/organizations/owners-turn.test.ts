import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { extendEveryMs, inTurn } from '../../../src/application/in-turn.ts';
import { changeMember } from '../../../src/application/organizations/change-member.ts';
import { WaitedTooLong } from '../../../src/async/keyed-queue.ts';
import { poll } from '../../../src/async/retry.ts';
import { watchTimes } from '../../../src/embedded/eventstore/watch-writer.ts';
import { type EventStore, OutcomeUnknown, StoreUnavailable } from '../../../src/eventstore/event-store.ts';
import { appendMsMax, createExecutor } from '../../../src/eventstore/executor/execute.ts';
import { newCommandId } from '../../../src/eventstore/uuids.ts';
import { asTenant } from '../../../src/postgres/tenant.ts';
import { takeTurn, turnSeconds } from '../../../src/records/turns.ts';
import type { Ledger, TestMember } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

const sql = (text: string, values: readonly unknown[]) => ledger.database.superuser.query(text, [...values]);
/** The turn of an organization, if it has one now: its token, and whether it ends in more than 10 seconds. */
const turnOf = async (organizationId: string): Promise<{ token: string; is_long: boolean } | undefined> => {
  const text = `select token, until > now() + interval '10 seconds' as is_long from ops.turns
    where issuer_org_id = $1 and until > now()`;
  return (await sql(text, [organizationId])).rows[0];
};
/** A command that began 23 seconds ago. */
const age = (organizationId: string) =>
  sql(`update ops.turns set until = now() + interval '7 seconds' where issuer_org_id = $1`, [organizationId]);

const signal = () => {
  let send = () => {};
  const sent = new Promise<void>((resolve) => {
    send = resolve;
  });
  return { sent, send };
};

/** A process whose appends wait. */
const startSlowProcess = () => {
  const store = ledger.store.connect();
  const [append, go] = [signal(), signal()];
  const slow: Pick<EventStore, 'append'> = {
    append: async (...args) => {
      append.send();
      await go.sent;
      return store.append(...args);
    },
  };
  const executor = createExecutor({ store: Object.assign(Object.create(store), slow) });
  return { needs: { ...ledger.needs, executor, forgetUser: () => undefined }, appends: append.sent, go: go.send };
};

const requestOf = (organizationId: string, { userId, sessionId }: TestMember) => ({
  call: {
    ...{ requestId: randomUUID(), correlationId: randomUUID(), expectedRevision: null },
    onceReadable: () => undefined,
  },
  attempt: {
    ...{ commandId: newCommandId(), requestHash: 'r'.repeat(64), earlierRequestHashes: [] },
    ...{ secret: '', whenOnly: async () => undefined },
  },
  caller: { kind: 'user', organizationId, userId, sessionId, role: 'OWNER' } as const,
});

test.concurrent('An OWNER is not deactivated while the other OWNER loses the role in a slow append', async () => {
  const { organizationId } = await ledger.createVendor('Owned by two');
  const staying = await ledger.createMember(organizationId, 'OWNER');
  const leaving = await ledger.createMember(organizationId, 'OWNER');
  const { needs, appends, go } = startSlowProcess();
  const change = { userId: staying.userId, role: 'ADMIN' } as const;
  const changing = changeMember(needs, requestOf(organizationId, staying), change);
  await appends;
  await age(organizationId);
  // A process with another command would take a turn that has ended.
  const kept = async () => {
    const turn = await turnOf(organizationId);
    return turn?.is_long === false ? null : { turn };
  };
  expect((await poll(kept, { everyMs: 100, forMs: 9_000 }))?.turn).toBeDefined();
  const deleting = ledger.call('DELETE', `/v1/users/${leaving.userId}`, { key: leaving.accessToken });
  go();
  expect(await changing).toMatchObject({ view: { role: 'ADMIN' } });
  const { status, body } = await deleting;
  expect([status, body.code]).toEqual([409, 'LAST_OWNER']);
});

/** A process with another event store than the real one. */
const processOn = (other: Partial<EventStore>) => {
  const executor = createExecutor({ store: Object.assign(Object.create(ledger.store.connect()), other), giveUpMs: 0 });
  return { ...ledger.needs, executor, forgetUser: () => undefined };
};

test.concurrent('An OWNER is not deactivated while an append may still arrive, also when its command fails again', async () => {
  const { organizationId } = await ledger.createVendor('Owned by two, under a store that fails');
  const staying = await ledger.createMember(organizationId, 'OWNER');
  const leaving = await ledger.createMember(organizationId, 'OWNER');
  const store = ledger.store.connect();
  const request = requestOf(organizationId, staying);
  const change = { userId: staying.userId, role: 'ADMIN' } as const;
  let arrive = async (): Promise<unknown> => undefined;
  const append: EventStore['append'] = async (...args) => {
    arrive = () => store.append(...args);
    throw new OutcomeUnknown('The append is under way.');
  };
  await expect(changeMember(processOn({ append }), request, change)).rejects.toThrow(OutcomeUnknown);
  const read = async () => Promise.reject(new StoreUnavailable('The store does not answer.'));
  await expect(changeMember(processOn({ read }), request, change)).rejects.toThrow(StoreUnavailable);
  expect(await turnOf(organizationId)).toMatchObject({ token: request.attempt.commandId, is_long: true });

  const deleting = ledger.call('DELETE', `/v1/users/${leaving.userId}`, { key: leaving.accessToken });
  await arrive();
  expect(await changeMember(processOn({}), request, change)).toMatchObject({ view: { role: 'ADMIN' } });
  const { status, body } = await deleting;
  expect([status, body.code]).toEqual([409, 'LAST_OWNER']);
});

test.concurrent('A command that has lost its turn is not appended', async () => {
  const { organizationId } = await ledger.createVendor('Lost');
  const place = { organizationId, key: 'owners', token: 'slow' };
  const states = await inTurn(ledger.needs.pool, place, async ({ check }) => {
    const state = () => {
      try {
        check();
        return 'may be appended';
      } catch (error) {
        return error instanceof WaitedTooLong ? 'is late' : error;
      }
    };
    const before = state();
    await sql(`update ops.turns set token = 'other' where issuer_org_id = $1`, [organizationId]);
    const lost = await poll(async () => (state() === before ? null : state()), { everyMs: 100, forMs: 9_000 });
    return [before, lost];
  });
  expect(states).toEqual(['may be appended', 'is late']);
});

test.concurrent('A turn stays when it is unknown whether an append arrives, and ends after every other error', async () => {
  const { organizationId } = await ledger.createVendor('Unknown');
  const fail = (token: string, error: Error) =>
    inTurn(ledger.needs.pool, { organizationId, key: 'owners', token }, async () => Promise.reject(error));
  await expect(fail('first', new Error('broken'))).rejects.toThrow('broken');
  expect(await turnOf(organizationId)).toBeUndefined();
  await expect(fail('second', new OutcomeUnknown('lost'))).rejects.toThrow(OutcomeUnknown);
  expect(await turnOf(organizationId)).toMatchObject({ token: 'second' });
});

test('A turn lasts longer than the embedded event store may take to write an append', () => {
  const { lostMs, everyMs } = watchTimes;
  expect(turnSeconds * 1_000).toBeGreaterThan(extendEveryMs + appendMsMax + lostMs + everyMs);
});

/** Takes a turn as an attempt of another process, which only the table tells. */
const takeElsewhere = (organizationId: string, token: string) => {
  const attempt = { organizationId, key: 'owners', token, attempt: randomUUID() };
  return asTenant(ledger.needs.pool, organizationId, (db) => takeTurn(db, attempt), { readOnly: false });
};

test.concurrent('An earlier attempt does not end the turn that a later attempt at the same command has', async () => {
  const { organizationId } = await ledger.createVendor('Overtaken');
  const place = { organizationId, key: 'owners', token: 'same' };
  const overtaken = inTurn(ledger.needs.pool, place, async () => {
    expect(await takeElsewhere(organizationId, 'same')).toBe('CONTINUED');
    throw new StoreUnavailable('The store does not answer.');
  });
  await expect(overtaken).rejects.toThrow(StoreUnavailable);
  expect(await turnOf(organizationId)).toMatchObject({ token: 'same', is_long: true });

  const ending = inTurn(ledger.needs.pool, place, async ({ end }) => {
    await takeElsewhere(organizationId, 'same');
    await asTenant(ledger.needs.pool, organizationId, end, { readOnly: false });
  });
  await expect(ending).rejects.toThrow(WaitedTooLong);
  expect(await turnOf(organizationId)).toMatchObject({ token: 'same' });
});

test.concurrent('Of two attempts at one command at the same moment, only one believes that it is the first', async () => {
  const { organizationId } = await ledger.createVendor('Twice at once');
  const first = { organizationId, key: 'owners', token: 'same', attempt: randomUUID() };
  const isAsked = signal();
  const takenFirst = asTenant(
    ledger.needs.pool,
    organizationId,
    async (db) => {
      const taken = await takeTurn(db, first);
      isAsked.send();
      const { rows } = await db.query<{ pid: number }>('select pg_backend_pid() as pid');
      await poll(async () => ((await hasWaiter(rows[0]?.pid)) ? true : null), { everyMs: 20, forMs: 9_000 });
      return taken;
    },
    { readOnly: false },
  );
  await isAsked.sent;
  const takenSecond = await takeElsewhere(organizationId, 'same');
  expect([await takenFirst, takenSecond]).toEqual(['TAKEN', null]);
  expect(await takeElsewhere(organizationId, 'same')).toBe('CONTINUED');
});

/** Whether a connection waits for this one. */
const hasWaiter = async (pid: number | undefined): Promise<boolean> => {
  const text = `select from pg_stat_activity where datname = current_database() and $1 = any(pg_blocking_pids(pid))`;
  return (await sql(text, [pid])).rowCount !== 0;
};
