import { LedgerProblem, LedgerUnreachable } from '@license-ledger/client';
import { describe, expect, test } from 'vitest';
import { followStream, isPassing } from '../../src/console/session/event-stream.ts';
import { onlyIds, type Pages } from '../../src/console/session/list-pages.ts';
import { createNameBatches } from '../../src/console/session/name-batches.ts';
import { sendOnce, type UnansweredKeys } from '../../src/console/session/send-once.ts';
import { sendUnchanged } from '../../src/console/session/send-unchanged.ts';

const problem = (status: number, code: string): LedgerProblem =>
  new LedgerProblem({ type: 'about:blank', title: code, status, detail: code, code, requestId: '' });

describe('A command', () => {
  /** Sends a command twice, the first time with this failure. Returns the keys. */
  const keysAfter = async (failure: Error): Promise<readonly string[]> => {
    const unanswered: UnansweredKeys = new Map();
    const keys: string[] = [];
    const first = sendOnce(unanswered, 'renew', async (key) => {
      keys.push(key);
      throw failure;
    });
    await expect(first).rejects.toBe(failure);
    await sendOnce(unanswered, 'renew', async (key) => keys.push(key));
    expect(unanswered.size).toBe(0);
    return keys;
  };

  test.each([
    new LedgerUnreachable('no answer'),
    problem(503, 'UNAVAILABLE'),
    problem(429, 'RATE_LIMITED'),
    problem(408, 'HTTP_408'),
    problem(403, 'HTTP_403'),
    problem(409, 'IDEMPOTENCY_IN_FLIGHT'),
    problem(409, 'CONCURRENT_MODIFICATION'),
  ])('keeps its key after an answer that is not final: %s', async (failure) => {
    const [first, second] = await keysAfter(failure);
    expect(second).toBe(first);
  });

  test('gets another key after a refusal, and after a success', async () => {
    const [first, second] = await keysAfter(problem(422, 'TERM_INVALID'));
    expect(second).not.toBe(first);
  });

  test('has no key of another command', async () => {
    const unanswered: UnansweredKeys = new Map();
    const lost = new LedgerUnreachable('no answer');
    const keys: string[] = [];
    const send = async (key: string): Promise<never> => {
      keys.push(key);
      throw lost;
    };
    for (const command of ['renew', 'revoke', 'renew']) {
      await expect(sendOnce(unanswered, command, send)).rejects.toBe(lost);
    }
    expect([keys[0] === keys[2], keys[0] === keys[1]]).toEqual([true, false]);
  });
});

test('A feed continues after too many requests and after failures of the server, and ends after a refusal', () => {
  const failures = [new LedgerUnreachable('x'), problem(429, 'RATE_LIMITED'), problem(503, 'UNAVAILABLE')];
  expect(failures.map(isPassing)).toEqual([true, true, true]);
  expect([problem(403, 'FORBIDDEN'), new Error('x')].map(isPassing)).toEqual([false, false]);
});

test('A stream ends with a failure that is no lost connection', async () => {
  const malformed = new SyntaxError('no JSON');
  const following = followStream({
    open: () => Promise.resolve(new Response('id: one\ndata: {\n\n')),
    from: 'start',
    onMessages: () => {
      throw malformed;
    },
    onState: () => undefined,
    signal: new AbortController().signal,
    pause: async () => undefined,
  });
  await expect(following).rejects.toBe(malformed);
});

test('A choice among the entries of a list reads on until it has all of them', () => {
  const pages: Pages<{ readonly id: string }> = {
    entries: [{ id: 'a' }, { id: 'b' }],
    isPending: false,
    isKnown: true,
    error: null,
    retry: () => undefined,
    hasMore: true,
    isReadingMore: false,
    readMore: () => undefined,
  };
  const idOf = ({ id }: { readonly id: string }) => id;
  expect(onlyIds(pages, ['b', 'z'], idOf)).toMatchObject({ entries: [{ id: 'b' }], hasMore: true });
  expect(onlyIds(pages, ['b'], idOf)).toMatchObject({ entries: [{ id: 'b' }], hasMore: false });
  expect(onlyIds({ ...pages, isReadingMore: true }, ['z'], idOf).isPending).toBe(true);
});

test('The names of a page are read in requests of 100 ids, and an organization without a name has none', async () => {
  const requests: number[] = [];
  const readName = createNameBatches(async (ids) => {
    requests.push(ids.length);
    return new Map(ids.filter((id) => id !== 'org_1').map((id) => [id, `Name of ${id}`]));
  }, 100);
  const ids = Array.from({ length: 150 }, (_, place) => `org_${place}`);
  const names = await Promise.all([...ids, 'org_149'].map(readName));
  expect([names[0], names[1], names[150]]).toEqual(['Name of org_0', null, 'Name of org_149']);
  expect(requests).toEqual([100, 50]);
  expect([await readName('org_0'), requests]).toEqual(['Name of org_0', [100, 50, 1]]);
});

describe('A form that replaces a whole value', () => {
  /** Sends a change while others change the resource after each read: its own value, or another part of it. */
  const sendAmong = async (others: readonly { readonly value: string }[]) => {
    let current = { value: 'seen' };
    let revision = 1;
    const changes = [...others];
    const sent = await sendUnchanged({
      read: async () => {
        const answer = { data: current, etag: String(revision) };
        const next = changes.shift();
        if (next !== undefined) [current, revision] = [next, revision + 1];
        return answer;
      },
      isSame: ({ value }) => value === 'seen',
      send: async (ifMatch) => {
        if (ifMatch !== String(revision)) throw problem(412, 'REVISION_MISMATCH');
        return 'saved';
      },
    });
    return sent;
  };

  test('is saved when nobody has changed the value, also after changes of other parts', async () => {
    expect(await sendAmong([])).toEqual({ answer: 'saved' });
    expect(await sendAmong([{ value: 'seen' }, { value: 'seen' }])).toEqual({ answer: 'saved' });
  });

  test('is not saved over a change between its read and its write', async () => {
    expect(await sendAmong([{ value: 'of a colleague' }])).toEqual({ latest: { value: 'of a colleague' } });
  });

  test('gets the refusal of the server when the resource changes all the time', async () => {
    const always = Array.from({ length: 9 }, () => ({ value: 'seen' }));
    await expect(sendAmong(always)).rejects.toMatchObject({ code: 'REVISION_MISMATCH' });
  });
});
