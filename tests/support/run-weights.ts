import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { licenseAggregate, organizationAggregate } from '../../src/aggregates/aggregates.ts';
import type { EventStore, Recorded } from '../../src/eventstore/event-store.ts';
import { open } from '../../src/eventstore/executor/folded.ts';
import { type Folded, weigh } from '../../src/eventstore/folding.ts';
import { noKeeper } from '../../src/eventstore/snapshots/snapshot-keeper.ts';
import { createLog, testHash, testId } from './license-fixtures.ts';
import { organizationLife } from './stream-fixtures.ts';

// Folds streams of different kinds and prints, for each, the estimated bytes and those that the heap grew by.

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');
const heapBytes = (): number => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};

type Log = ReturnType<typeof createLog>;

/** The first stream of a log, as text: nothing else of the log stays in memory. */
const textsOf = (make: (ledger: Log) => void): { readonly stream: string; readonly texts: readonly string[] } => {
  const ledger = createLog();
  make(ledger);
  const [stream = ''] = ledger.log.map((recorded) => recorded.stream);
  const own = ledger.log.filter((recorded) => recorded.stream === stream);
  return { stream, texts: own.map(({ position, revision, ...rest }) => JSON.stringify(rest)) };
};

/** As a real store gives them: every text of an event is one of its own. */
const storeOf = (texts: readonly string[]): Pick<EventStore, 'read'> => ({
  read: async (_stream, from = 0n, count = texts.length) => {
    const events = texts.slice(Number(from), Number(from) + count).map((text, index): Recorded => {
      return { ...JSON.parse(text), revision: from + BigInt(index), position: { commit: 0n, prepare: 0n } };
    });
    return { events, revision: BigInt(texts.length - 1) };
  },
});

const measure = async (make: (ledger: Log) => void, copies = 1) => {
  const { stream, texts } = textsOf(make);
  const store = storeOf(texts);
  const folding = stream.startsWith('license-') ? licenseAggregate : organizationAggregate;
  const before = heapBytes();
  const kept: Folded<unknown>[] = [];
  let estimate = 0;
  for (let copy = 0; copy < copies; copy++) {
    if (folding === licenseAggregate) {
      const folded = await open({ store, keeper: noKeeper }, licenseAggregate, stream);
      estimate += weigh(licenseAggregate, folded);
      kept.push(folded);
    } else {
      const folded = await open({ store, keeper: noKeeper }, organizationAggregate, stream);
      estimate += weigh(organizationAggregate, folded);
      kept.push(folded);
    }
  }
  const grown = heapBytes() - before;
  // Alive until here.
  if (kept.length !== copies) throw new Error('Nothing is measured of what is garbage.');
  return { estimate, grown };
};

const leases = { scope: 'MACHINE', ttlSeconds: 600, resurrectSeconds: 0, borrowMaxSeconds: 0 } as const;
const many = { activations: 100_000, seats: 100_000, users: 100_000, policy: { lease: leases } };
const each = (count: number, act: (number: number) => void) => {
  for (let number = 0; number < count; number++) act(number);
};
const acquire = (ledger: Log, licenseId: string, number: number) =>
  ledger.send(licenseId, {
    type: 'AcquireLease',
    data: {
      ...{ leaseId: testId('lea', `${number}`), holderHash: testHash(`${number}`), product: 'local_cli' },
      ...{ userRef: null, borrowSeconds: null, dead: [] },
    },
  });

const figures = {
  'ordinary license': await measure((ledger) => ledger.activate(ledger.issue('one'), 'device'), 500),
  'license with devices': await measure((ledger) => {
    const licenseId = ledger.issue('devices', many);
    each(3_000, (number) => ledger.activate(licenseId, `device ${number}`));
  }),
  'license with leases': await measure((ledger) => {
    const licenseId = ledger.issue('leases', many);
    each(3_000, (number) => acquire(ledger, licenseId, number));
  }),
  'license with released leases and devices': await measure((ledger) => {
    const licenseId = ledger.issue('released', many);
    each(1_500, (number) => {
      acquire(ledger, licenseId, number);
      ledger.send(licenseId, { type: 'ReleaseLease', data: { leaseId: testId('lea', `${number}`), by: 'USER' } });
      ledger.activate(licenseId, `device ${number}`);
      ledger.deactivate(licenseId, `device ${number}`);
    });
  }),
  'license with users': await measure((ledger) => {
    const licenseId = ledger.issue('users', many);
    each(3_000, (number) =>
      ledger.send(licenseId, { type: 'AssignUser', data: { userRef: testId('usr', `${number}`) } }),
    );
  }),
  organization: await measure((ledger) => {
    const id = testId('org', 'one');
    ledger.organization(id, 'One');
    ledger.happen(`organization-${id}`, [...organizationLife('One')]);
  }, 500),
};
console.log(JSON.stringify(figures));
