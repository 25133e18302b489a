import { LedgerProblem, LedgerUnreachable } from '@license-ledger/client';
import { describe, expect, test } from 'vitest';
import { followStream, isPassing } from '../../src/console/session/event-stream.ts';
import { holderQuery, readHolders } from '../../src/console/session/holder-queries.ts';
import { onlyIds, type Pages } from '../../src/console/session/list-pages.ts';
import { createNameBatches } from '../../src/console/session/name-batches.ts';
import { type Attempt, sendOnce, type Unanswered } from '../../src/console/session/send-once.ts';
import { ChangesAllTheTime, sendUnchanged } from '../../src/console/session/send-unchanged.ts';

const problem = (status: number, code: string): LedgerProblem =>
  new LedgerProblem({ type: 'about:blank', title: code, status, detail: code, code, requestId: '' });

describe('A command', () => {
  /** Sends a command twice, the first time with this failure. Returns the keys. */
  const keysAfter = async (failure: Error): Promise<readonly string[]> => {
    const unanswered: Unanswered = new Map();
    const keys: string[] = [];
    const fail = async ({ idempotencyKey }: Attempt) => {
      keys.push(idempotencyKey);
      throw failure;
    };
    await expect(sendOnce(unanswered, { command: 'renew', send: fail })).rejects.toBe(failure);
    const succeed = async ({ idempotencyKey }: Attempt) => keys.push(idempotencyKey);
    await sendOnce(unanswered, { command: 'renew', send: succeed });
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
    const unanswered: Unanswered = new Map();
    const lost = new LedgerUnreachable('no answer');
    const keys: string[] = [];
    const send = async ({ idempotencyKey }: Attempt): Promise<never> => {
      keys.push(idempotencyKey);
      throw lost;
    };
    for (const command of ['renew', 'revoke', 'renew']) {
      await expect(sendOnce(unanswered, { command, send })).rejects.toBe(lost);
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

test('The names of a list are read once for each page of it, and not for each row', async () => {
  const requests: number[] = [];
  const readName = createNameBatches(async (ids) => {
    requests.push(ids.length);
    return new Map(ids.map((id) => [id, `Name of ${id}`]));
  }, 100);
  const reader = { organizationId: 'org_own', readName };
  const holderOf = (place: number) => `org_${String(place).padStart(26, '0')}`;
  const fetched = new Map<string, Promise<string | null>>();
  const fetchName = ({ queryKey, queryFn }: ReturnType<typeof holderQuery>) => {
    const name = fetched.get(queryKey.join()) ?? Promise.resolve(queryFn());
    fetched.set(queryKey.join(), name);
    return name;
  };
  const list = Array.from({ length: 200 }, (_, place) => holderOf(place));
  await readHolders(reader, list.slice(0, 100), fetchName);
  const names = await readHolders(reader, [...list, 'an id of another form'], fetchName);
  expect([names.size, names.get(holderOf(150))]).toEqual([200, `Name of ${holderOf(150)}`]);
  // A row, and the list after it was read again.
  await fetchName(holderQuery(reader, holderOf(7)));
  await readHolders(reader, list, fetchName);
  expect(requests).toEqual([100, 100]);
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
  /**
   * A resource of which others change the value, or another part, after each read. `failures`: how the next changes fail.
   * The server carries a change out before its answer is lost.
   */
  const resourceAmong = (others: readonly string[], failures: readonly Error[] = []) => {
    const unanswered: Unanswered = new Map();
    const answered = new Set<string>();
    const pauses: number[] = [];
    const changes = [...others];
    const left = [...failures];
    let [value, revision, sent] = ['seen', 1, 0];
    const set = (next: string) => {
      [value, revision] = [next, revision + 1];
    };
    const send = async ({ idempotencyKey, ifMatch }: Attempt): Promise<'saved'> => {
      sent += 1;
      const failure = left.shift();
      if (failure instanceof LedgerProblem) throw failure;
      if (!answered.has(idempotencyKey)) {
        if (ifMatch !== String(revision)) throw problem(412, 'REVISION_MISMATCH');
        answered.add(idempotencyKey);
        set('typed');
      }
      if (failure !== undefined) throw failure;
      return 'saved';
    };
    const save = () =>
      sendUnchanged(
        unanswered,
        { command: 'change', send },
        {
          read: async () => {
            const answer = { data: value, etag: String(revision) };
            const next = changes.shift();
            if (next !== undefined) set(next);
            return answer;
          },
          isSame: (latest) => latest === 'seen',
          pause: async (ms) => void pauses.push(ms),
        },
      );
    return { save, set, pauses, sent: () => sent };
  };
  const lost = new LedgerUnreachable('no answer');

  test('is saved when nobody has changed the value, also after changes of other parts', async () => {
    expect(await resourceAmong([]).save()).toEqual({ answer: 'saved' });
    const among = resourceAmong(['seen', 'seen']);
    expect(await among.save()).toEqual({ answer: 'saved' });
    expect(among.pauses).toEqual([200, 400]);
  });

  test('is not saved over a change between its read and its write', async () => {
    expect(await resourceAmong(['of a colleague']).save()).toEqual({ latest: 'of a colleague' });
  });

  test('does not blame a colleague for the own change after a lost answer', async () => {
    const resource = resourceAmong([], [lost]);
    await expect(resource.save()).rejects.toBe(lost);
    expect(await resource.save()).toEqual({ answer: 'saved' });
    resource.set('seen');
    // The command has its answer, so the next one is another one.
    expect(await resource.save()).toEqual({ answer: 'saved' });
    expect(resource.sent()).toBe(3);
  });

  test('sees the change of a colleague after a command that was lost before the server had it', async () => {
    const resource = resourceAmong([], [problem(503, 'UNAVAILABLE')]);
    await expect(resource.save()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    resource.set('of a colleague');
    expect(await resource.save()).toEqual({ latest: 'of a colleague' });
  });

  test('is sent again when other requests came first, and fails when they always do', async () => {
    const overtaken = problem(409, 'CONCURRENT_MODIFICATION');
    expect(await resourceAmong([], [overtaken, overtaken]).save()).toEqual({ answer: 'saved' });
    const always = Array.from({ length: 9 }, () => 'seen');
    await expect(resourceAmong(always).save()).rejects.toBeInstanceOf(ChangesAllTheTime);
  });
});
