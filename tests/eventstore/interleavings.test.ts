import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { OutcomeUnknown, type Recorded } from '../../src/eventstore/event-store.ts';
import type { ConnectedStore } from '../../src/eventstore/eventstoredb.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { systemCommandId } from '../../src/eventstore/ids.ts';
import { context, issueLicense, send as sendCommand } from '../support/commands.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { expectWholeChain } from '../support/expect-chain.ts';
import { foldText } from '../support/folds.ts';
import { type HoldingProxy, startHoldingProxy } from '../support/holding-proxy.ts';
import { testHash, testId, testInstant } from '../support/license-fixtures.ts';

// Two processes change one license at the same time, over connections of their own, and the network does its worst. The first
// has decided, and is held up in one way; meanwhile the second changes the license in another way; then the first goes on.
let running: RunningStore;
let store: ConnectedStore;
const processes = new Map<string, Process>();
beforeAll(async () => {
  running = await startStore();
  store = running.connect();
});
afterEach(() => {
  running.server.faults.dropReply = undefined;
});
afterAll(async () => {
  await Promise.all([...processes.values()].map(({ proxy }) => proxy.stop()));
  await running.stop();
});

/** One process: its executor, the connection it has, and its clock. */
type Process = {
  readonly proxy: HoldingProxy;
  readonly send: (wish: Wish, afterSeconds?: number) => Promise<Answer>;
  readonly state: (licenseId: string) => Promise<string>;
  /** It ends without notice, and starts again: it knows nothing, and has a new connection. */
  readonly restart: () => void;
};
/** What is to become of a license, under a command id. */
type Wish = { readonly licenseId: string; readonly commandId: string; readonly command: Unstamped<LicenseCommand> };
type Unstamped<Command> = Command extends { readonly at: string } ? Omit<Command, 'at'> : never;
type Answer = 'UNKNOWN' | { readonly outcome: string; readonly events: readonly Recorded[] } | { rejected: string };

const start = async (clock: number, giveUpMs: number): Promise<Process> => {
  const proxy = await startHoldingProxy(running.server.port);
  const begin = () =>
    createExecutor({ store: running.connect({ port: proxy.port }), appendTimeoutMs: 60_000, giveUpMs });
  let executor = begin();
  return {
    proxy,
    send: async ({ licenseId, commandId, command }, afterSeconds = 0) => {
      const stamped = { ...command, at: testInstant(afterTheTerm + clock + afterSeconds) } as LicenseCommand;
      try {
        const sent = context({ commandId, requestHash: testHash(commandId) });
        return await sendCommand(executor, licenseAggregate, licenseId, stamped, sent, () => null);
      } catch (error) {
        if (error instanceof OutcomeUnknown) return 'UNKNOWN';
        throw error;
      }
    },
    state: (licenseId) => executor.read(licenseAggregate, licenseId, foldText),
    restart: () => {
      proxy.cut();
      executor = begin();
    },
  };
};
const afterTheTerm = 60;

/** The process with this clock; one that gives up at once says that it does not know. */
const processAt = async (clock: number, { isPatient }: Way): Promise<Process> => {
  const name = `${clock} ${isPatient}`;
  const process = processes.get(name) ?? (await start(clock, isPatient ? 60_000 : 0));
  processes.set(name, process);
  return process;
};

/** How a process comes to change the license. `meanwhile` happens between its decision and its end. Returns all it heard. */
type Way = {
  /** It sends an append of unknown outcome again by itself. */
  readonly isPatient: boolean;
  readonly change: (process: Process, wish: Wish, meanwhile: () => Promise<void>) => Promise<readonly Answer[]>;
};

const loseNextReply = () =>
  new Promise<void>((resolve) => {
    running.server.faults.droppedReply = 'unavailable';
    running.server.faults.dropReply = () => {
      running.server.faults.dropReply = undefined;
      resolve();
      return true;
    };
  });

const isFirst = (one: Promise<unknown>, other: Promise<unknown>): Promise<boolean> =>
  Promise.race([one.then(() => true), other.then(() => false)]);

const ways: Readonly<Record<string, Way>> = {
  'an append': {
    isPatient: true,
    change: async ({ proxy, send }, wish, meanwhile) => {
      const held = proxy.hold();
      const answer = send(wish);
      await held.whole(wish.commandId);
      await meanwhile();
      held.release();
      return [await answer];
    },
  },
  'an append that arrives when its sender has given up': {
    isPatient: false,
    change: async ({ proxy, send }, wish, meanwhile) => {
      const held = proxy.hold();
      const answer = send(wish);
      await held.whole(wish.commandId);
      held.lose();
      const first = await answer;
      await meanwhile();
      held.arriveLate();
      // The caller sends its request again, as a client does that was told to come back.
      return [first, await send(wish, 2)];
    },
  },
  'an append whose reply is lost, and that is sent again': {
    isPatient: true,
    change: async ({ proxy, send }, wish, meanwhile) => {
      const answer = send(wish);
      // There is no reply to lose where the other one was first.
      if (await isFirst(loseNextReply(), answer)) {
        const held = proxy.hold();
        await held.whole(wish.commandId);
        await meanwhile();
        held.release();
      } else await meanwhile();
      return [await answer];
    },
  },
  'a decision of another process, on what it knew before': {
    isPatient: true,
    change: async ({ send }, wish, meanwhile) => {
      await meanwhile();
      return [await send(wish, 3)];
    },
  },
  'a restart after an append whose reply is lost': {
    isPatient: false,
    change: async ({ send, restart }, wish, meanwhile) => {
      void loseNextReply();
      const first = await send(wish);
      await meanwhile();
      restart();
      return [first, await send(wish, 4)];
    },
  },
};

let licenses = 0;
const newLicense = async (): Promise<string> => {
  licenses += 1;
  const licenseId = testId('lic', `interleaved ${licenses}`);
  const issue = issueLicense(licenseId);
  const term = { kind: 'duration', duration: 'PT30S', startsAt: null } as const;
  const issueForSeconds = { ...issue, data: { ...issue.data, term } };
  await sendCommand(createExecutor({ store }), licenseAggregate, licenseId, issueForSeconds, context(), () => null);
  return licenseId;
};

const announce = (licenseId: string): Wish => ({
  ...{ licenseId, commandId: systemCommandId(`expire:${licenseId}:1`) },
  command: { type: 'Expire', data: { termNumber: 1 } },
});
const rename = (licenseId: string, to: string): Wish => ({
  ...{ licenseId, commandId: context().commandId },
  command: { type: 'ChangeReference', data: { to } },
});
const suspend = (licenseId: string): Wish => ({
  ...{ licenseId, commandId: context().commandId },
  command: { type: 'Suspend', data: { reasonCode: 'FRAUD', until: null } },
});

const names = Object.keys(ways);
const pairs = names.flatMap((first) => names.map((second) => [first, second] as const));

/** Runs one pair, and checks what everybody knows then. */
const interleave = async (
  [first, second]: readonly [string, string],
  [one, other]: readonly [Wish, Wish],
  licenseId: string,
) => {
  const [firstWay, secondWay] = [ways[first], ways[second]];
  if (firstWay === undefined || secondWay === undefined) throw new Error('There is no such way.');
  const [p, q] = [await processAt(0, firstWay), await processAt(5, secondWay)];
  // Both have read the license before: what they decide on may be old.
  await Promise.all([p.state(licenseId), q.state(licenseId)]);

  const heard: Answer[] = [];
  const answers = await firstWay.change(p, one, async () => {
    heard.push(...(await secondWay.change(q, other, async () => {})));
  });
  heard.push(...answers);
  // One that met a conflict lost no reply.
  running.server.faults.dropReply = undefined;

  const stream = `license-${licenseId}`;
  const { events } = await store.read(stream);
  // Whatever a process was told of is what is stored.
  for (const answer of heard) {
    if (answer === 'UNKNOWN' || 'rejected' in answer) continue;
    for (const { revision, id, metadata } of answer.events) {
      const stored = events[Number(revision)];
      expect([stored?.id, stored?.metadata.hash]).toEqual([id, metadata.hash]);
    }
  }
  const commandIds = events.map(({ metadata }) => String(metadata.commandId));
  for (const { commandId } of new Set([one, other]))
    expect(commandIds.filter((each) => each === commandId)).toHaveLength(1);

  const fresh = createExecutor({ store });
  const agree = async () => {
    const known = await fresh.read(licenseAggregate, licenseId, foldText);
    expect(await p.state(licenseId)).toEqual(known);
    expect(await q.state(licenseId)).toEqual(known);
  };
  await agree();
  for (const [index, process] of [p, q].entries())
    expect(await process.send(rename(licenseId, `sub ${index}`), 10)).toMatchObject({ outcome: 'appended' });
  await agree();
  expectWholeChain((await store.read(stream)).events);
};

describe.each(pairs)('%s, and meanwhile: %s', (first, second) => {
  test('the same command is stored once, and everybody knows it', async () => {
    const licenseId = await newLicense();
    await interleave([first, second], [announce(licenseId), announce(licenseId)], licenseId);
  });

  test('two commands are stored once each, and everybody knows both', async () => {
    const licenseId = await newLicense();
    await interleave([first, second], [rename(licenseId, 'sub one'), suspend(licenseId)], licenseId);
  });
});
