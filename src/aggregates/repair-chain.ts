import { retry } from '../async/retry.ts';
import { type ChainEnd, hashOf, linkToChain } from '../eventstore/chain/chain.ts';
import { type ChainReport, createChainCheck } from '../eventstore/chain/chain-check.ts';
import type { Break } from '../eventstore/chain/repair-event.ts';
import { type ChainRepaired, isRepair } from '../eventstore/chain/repair-event.ts';
import { type EventStore, type Proposed, type Recorded, RevisionConflict } from '../eventstore/event-store.ts';
import { appendWithRetry } from '../eventstore/executor/append-with-retry.ts';
import type { Aggregate, DomainEvent, Folding, Owners } from '../eventstore/folding.ts';
import { readPages } from '../eventstore/read-pages.ts';
import { eventId, newCommandId, newNonce } from '../eventstore/uuids.ts';
import {
  catalogAggregate,
  issuerLogAggregate,
  licenseAggregate,
  organizationAggregate,
  reservationAggregate,
} from './aggregates.ts';

/** The checked chain of a stream. `last`: its last event; null for a stream without events. */
export type Examined = ChainReport & { readonly last: Recorded | null };

/** Reads a stream and checks its chain. Changes nothing. */
export const examineChain = async (store: Pick<EventStore, 'read'>, stream: string): Promise<Examined> => {
  const check = createChainCheck();
  let last: Recorded | null = null;
  for await (const page of readPages(store, stream))
    for (const recorded of page) {
      check.add(recorded);
      last = recorded;
    }
  return { ...check.report(), last };
};

/** Returns true when a repair makes the chain whole: every fault is a break that can be repaired. */
export const isRepairable = ({ faults, breaks }: ChainReport): boolean => faults > 0 && faults === breaks.length;

/** Who repairs a chain, and why: the id of an operator and a code, neither a person's name. `at`: the current time. */
export type Repairer = { readonly operator: string; readonly reason: string; readonly at: string };

/**
 * Appends a `ChainRepaired` for every break of a stream, all in one append, and returns the chain after that. Changes
 * nothing when the stream has no break, or a fault that cannot be repaired. Throws UndecodableEvent when the stream
 * cannot be folded, and RevisionConflict when others keep appending to it.
 */
export const repairChain = (
  store: Pick<EventStore, 'read' | 'append'>,
  stream: string,
  repairer: Repairer,
): Promise<Examined> =>
  retry(
    async () => {
      const examined = await examineChain(store, stream);
      if (!isRepairable(examined) || examined.last === null) return examined;
      const owners = await ownersOf(store, stream, examined.last.revision);
      const events = repairEvents(examined.last, examined.breaks, owners, repairer);
      await appendWithRetry(store, { stream, events, expected: examined.last.revision }, patience);
      return await examineChain(store, stream);
    },
    (error, failures) => (error instanceof RevisionConflict && failures < attemptsMax ? 0 : null),
  );

const repairEvents = (
  last: Recorded,
  breaks: readonly Break[],
  { issuerOrgId, holderOrgId }: Owners,
  { operator, reason, at }: Repairer,
): readonly Proposed[] => {
  const end: ChainEnd = { stream: last.stream, nextRevision: last.revision + 1n, hash: hashOf(last) };
  const commandId = newCommandId();
  const nonce = newNonce();
  const lastRecordedAt = String(last.metadata.recordedAt);
  const recordedAt = at > lastRecordedAt ? at : lastRecordedAt;
  return linkToChain(
    breaks.map(({ revision, expected, actual }, index): Proposed => {
      const data: ChainRepaired['data'] = {
        revision: Number(revision),
        expected,
        found: actual,
        operator,
        reason,
      };
      return {
        id: eventId(commandId, nonce, index),
        type: 'ChainRepaired',
        data,
        metadata: {
          schemaVersion: 1,
          issuerOrgId,
          holderOrgId,
          effectiveAt: recordedAt,
          recordedAt,
          actor: { type: 'SYSTEM', id: 'repair-chain', onBehalfOf: null },
          reason: { code: reason, text: null },
          commandId,
          requestHash: 'none',
          $correlationId: commandId,
          $causationId: null,
        },
      };
    }),
    end,
  );
};

/** Folds the stream and returns its owners after its event `upTo`. */
const ownersOf = (store: Pick<EventStore, 'read'>, stream: string, upTo: bigint): Promise<Owners> => {
  if (isOf(licenseAggregate, stream)) return foldOwners(store, licenseAggregate, stream, upTo);
  if (isOf(organizationAggregate, stream)) return foldOwners(store, organizationAggregate, stream, upTo);
  if (isOf(catalogAggregate, stream)) return foldOwners(store, catalogAggregate, stream, upTo);
  if (isOf(reservationAggregate, stream)) return foldOwners(store, reservationAggregate, stream, upTo);
  if (isOf(issuerLogAggregate, stream)) return foldOwners(store, issuerLogAggregate, stream, upTo);
  throw new Error(`${stream} is no stream of License Ledger.`);
};

const isOf = ({ stream: name }: Pick<Aggregate<never, never, never, never>, 'stream'>, stream: string): boolean =>
  stream.startsWith(name(''));

const foldOwners = async <Event extends DomainEvent, State>(
  store: Pick<EventStore, 'read'>,
  { decider, decode, owners }: Folding<Event, State>,
  stream: string,
  upTo: bigint,
): Promise<Owners> => {
  let state = decider.initial();
  for await (const page of readPages(store, stream))
    for (const recorded of page) {
      if (recorded.revision > upTo) return owners(state);
      const { event, at } = decode(recorded);
      if (!isRepair(event)) state = decider.evolve(state, event, at);
    }
  return owners(state);
};

const attemptsMax = 5;
const patience = { timeoutMs: 10_000, giveUpMs: 30_000, random: Math.random };
