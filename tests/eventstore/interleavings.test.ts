import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { OutcomeUnknown, type Recorded } from '../../src/eventstore/event-store.ts';
import type { ConnectedStore } from '../../src/eventstore/eventstoredb.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { systemCommandId } from '../../src/eventstore/uuids.ts';
import { context, issueLicense, send as sendCommand } from '../support/commands.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { expectWholeChain } from '../support/expect-chain.ts';
import { foldText } from '../support/folds.ts';
import { type HoldingProxy, startHoldingProxy } from '../support/holding-proxy.ts';
import { testHash, testId, testInstant } from '../support/license-fixtures.ts';
import { sampled } from '../support/size.ts';

// Two processes change one license at the same time, over separate connections. The first process has decided and is
// then delayed in one way. Meanwhile the second process changes the license in another way. Then the first process goes
// on.
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

/** A process: its executor, its connection and its clock. */
type Process = {
  readonly proxy: HoldingProxy;
  readonly send: (request: Request, afterSeconds?: number) => Promise<Answer>;
  readonly state: (licenseId: string) => Promise<string>;
  /** Kills the process and starts it again, with an empty cache and a new connection. */
  readonly restart: () => void;
};
/** A command for a license, with its command id. */
type Request = { readonly licenseId: string; readonly commandId: string; readonly command: Unstamped<LicenseCommand> };
type Unstamped<Command> = Command extends { readonly at: string } ? Omit<Command, 'at'> : never;
type Answer = 'UNKNOWN' | { readonly outcome: string; readonly events: readonly Recorded[] } | { rejected: string };

const start = async (clock: number, giveUpMs: number): Promise<Process> => {
  const proxy = await startHoldingProxy(running.server.port);
  const begin = () =>
    createExecutor({
      store: running.connect({ port: proxy.port }),
      appendTimeoutMs: 60_000,
      giveUpMs,
      limitMs: 600_000,
    });
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

/** Returns the process with this clock. An impatient one answers UNKNOWN after the first try. */
const processAt = async (clock: number, { isPatient }: Way): Promise<Process> => {
  const name = `${clock} ${isPatient}`;
  const process = processes.get(name) ?? (await start(clock, isPatient ? 60_000 : 0));
  processes.set(name, process);
  return process;
};

/** A way to change the license. `meanwhile` runs between the decision and its end. Returns all answers. */
type Way = {
  /** True when the process repeats an append with an unknown outcome by itself. */
  readonly isPatient: boolean;
  readonly change: (process: Process, request: Request, meanwhile: () => Promise<void>) => Promise<readonly Answer[]>;
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

/** Returns true when `first` resolves before `second`. */
const resolvesBefore = (first: Promise<unknown>, second: Promise<unknown>): Promise<boolean> =>
  Promise.race([first.then(() => true), second.then(() => false)]);

const ways: Readonly<Record<string, Way>> = {
  'an append': {
    isPatient: true,
    change: async ({ proxy, send }, request, meanwhile) => {
      const hold = proxy.hold();
      const answer = send(request);
      await hold.whole(request.commandId);
      await meanwhile();
      hold.release();
      return [await answer];
    },
  },
  'an append that arrives after its sender has given up': {
    isPatient: false,
    change: async ({ proxy, send }, request, meanwhile) => {
      const hold = proxy.hold();
      const answer = send(request);
      await hold.whole(request.commandId);
      hold.lose();
      const first = await answer;
      await meanwhile();
      hold.arriveLate();
      // The caller sends its request again, as a client does after a 503.
      return [first, await send(request, 2)];
    },
  },
  'an append that is repeated because its reply is lost': {
    isPatient: true,
    change: async ({ proxy, send }, request, meanwhile) => {
      const answer = send(request);
      // When the other process was faster, there is no reply to lose.
      if (await resolvesBefore(loseNextReply(), answer)) {
        const hold = proxy.hold();
        await hold.whole(request.commandId);
        await meanwhile();
        hold.release();
      } else await meanwhile();
      return [await answer];
    },
  },
  'a decision of another process on an old state': {
    isPatient: true,
    change: async ({ send }, request, meanwhile) => {
      await meanwhile();
      return [await send(request, 3)];
    },
  },
  'a restart after an append whose reply is lost': {
    isPatient: false,
    change: async ({ send, restart }, request, meanwhile) => {
      void loseNextReply();
      const first = await send(request);
      await meanwhile();
      restart();
      return [first, await send(request, 4)];
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

const announce = (licenseId: string): Request => ({
  licenseId,
  commandId: systemCommandId(`expire:${licenseId}:1`),
  command: { type: 'Expire', data: { termNumber: 1 } },
});
const rename = (licenseId: string, to: string): Request => ({
  licenseId,
  commandId: context().commandId,
  command: { type: 'ChangeReference', data: { to } },
});
const suspend = (licenseId: string): Request => ({
  licenseId,
  commandId: context().commandId,
  command: { type: 'Suspend', data: { reasonCode: 'FRAUD', until: null } },
});

const names = Object.keys(ways);
const pairs = names.flatMap((first) => names.map((second) => [first, second] as const));

/** Runs one pair of ways. Checks that the log, both processes and a new process agree. */
const interleave = async (
  [first, second]: readonly [string, string],
  [one, other]: readonly [Request, Request],
  licenseId: string,
) => {
  const [firstWay, secondWay] = [ways[first], ways[second]];
  if (firstWay === undefined || secondWay === undefined) throw new Error('There is no such way.');
  const [p, q] = [await processAt(0, firstWay), await processAt(5, secondWay)];
  // Both processes have the license in their cache, so they may decide on an old state.
  await Promise.all([p.state(licenseId), q.state(licenseId)]);

  const answers: Answer[] = [];
  const firstAnswers = await firstWay.change(p, one, async () => {
    answers.push(...(await secondWay.change(q, other, async () => {})));
  });
  answers.push(...firstAnswers);
  // A process that met a conflict has lost no reply.
  running.server.faults.dropReply = undefined;

  const stream = `license-${licenseId}`;
  const { events } = await store.read(stream);
  // Every event of an answer is stored.
  for (const answer of answers) {
    if (answer === 'UNKNOWN' || 'rejected' in answer) continue;
    for (const { revision, id, metadata } of answer.events) {
      const stored = events[Number(revision)];
      expect([stored?.id, stored?.metadata.hash]).toEqual([id, metadata.hash]);
    }
  }
  // Another command records the expiry that has fallen due first, under its own id.
  const isExpiry = ({ type }: { readonly type: string }) => type === 'LicenseExpired';
  expect(events.filter(isExpiry)).toHaveLength(1);
  const decided = one.command.type === 'Expire' ? events : events.filter((event) => !isExpiry(event));
  const commandIds = decided.map(({ metadata }) => String(metadata.commandId));
  for (const { commandId } of new Set([one, other]))
    expect(commandIds.filter((stored) => stored === commandId)).toHaveLength(1);

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

describe.each(sampled(pairs, 2))('With %s, and meanwhile %s,', (first, second) => {
  test('the same command is stored once, and all processes agree', async () => {
    const licenseId = await newLicense();
    await interleave([first, second], [announce(licenseId), announce(licenseId)], licenseId);
  });

  test('two commands are stored once each, and all processes agree', async () => {
    const licenseId = await newLicense();
    await interleave([first, second], [rename(licenseId, 'sub one'), suspend(licenseId)], licenseId);
  });
});
