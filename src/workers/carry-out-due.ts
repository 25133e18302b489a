import { licenseAggregate } from '../aggregates/aggregates.ts';
import { systemCommandName } from '../aggregates/command-names.ts';
import type { Rejection } from '../domain/decider.ts';
import type { LicenseCommand, LicenseRejection } from '../domain/license/commands.ts';
import { dueCommands, nextDueAt } from '../domain/license/due.ts';
import type { Due } from '../domain/license/due-command.ts';
import type { LicenseEvent } from '../domain/license/events.ts';
import type { License, LicenseFacts } from '../domain/license/license.ts';
import type { Instant } from '../domain/time.ts';
import type { Executor } from '../eventstore/executor/execute.ts';
import { systemContext } from '../eventstore/executor/system-context.ts';
import { toDecide } from '../eventstore/folding.ts';
import type { Pace } from './pace.ts';

/** Receives a refused command. Its license continues with the other due commands. */
export type OnRefused = (refused: {
  readonly licenseId: string;
  readonly command: Due['type'];
  readonly rejection: Rejection;
}) => void;

/** The result of a call of `carryOutDue`. */
export type CarriedOut = {
  /** The number of commands that this call carried out. */
  readonly count: number;
  /** True when more commands are due. The next call sends them, after the turn of other licenses. */
  readonly isUnfinished: boolean;
  /**
   * Not null when the license refused every command that is still due, so an early retry does not help. `nextDueAt` is
   * when another command falls due, or null for never.
   */
  readonly stuck: { readonly nextDueAt: Instant | null } | null;
};

type Needs = {
  readonly executor: Executor;
  readonly onRefused: OnRefused;
  /** Announcements run one at a time and with pauses, which leave time for the commands of clients. */
  readonly pace: Pace;
  /** Sends no further command once it is aborted. */
  readonly signal?: AbortSignal;
};

/**
 * Sends a license the commands that are due at `at`, one after another. Workers share the ids of these commands, so a
 * second worker finds the events of the first. A refused command stays due, and each call tries it once. Throws for a
 * license that was never issued, and as `execute` does.
 */
export const carryOutDue = async (needs: Needs, licenseId: string, at: Instant): Promise<CarriedOut> => {
  const { executor, onRefused, signal } = needs;
  const tried = new Set<string>();
  let count = 0;
  let turnsLeft = turnMax;
  let isRefused = false;
  let isOvertaken = false;
  let facts = await executor.read(licenseAggregate, licenseId, factsOf);
  if (facts === null)
    throw new Error(`License ${licenseId} has a row in the read models, but no event in the log. Run ledger verify.`);
  for (;;) {
    // A license may have hundreds of commands due, because its ended devices are announced in pages.
    if (signal?.aborted) return { count, isUnfinished: true, stuck: null };
    const next = nextOf(facts, at, tried);
    if (next === null) {
      const stuck = isRefused && !isOvertaken ? { nextDueAt: nextDueAt(facts, at) } : null;
      return { count, isUnfinished: false, stuck };
    }
    if (next.due.type === 'AnnounceEnded' && turnsLeft-- === 0) return { count, isUnfinished: true, stuck: null };
    tried.add(next.name);
    const executed = await send(needs, facts, next, at);
    if (executed === null) continue;
    if ('rejected' in executed) {
      if (executed.rejected === 'CONCURRENT_MODIFICATION') isOvertaken = true;
      else isRefused = true;
      onRefused({ licenseId, command: next.due.type, rejection: executed });
      continue;
    }
    if (executed.outcome === 'appended') count += 1;
    facts = executed.view ?? facts;
  }
};

type NextCommand = { readonly due: Due; readonly name: string };

// Returns null when the worker stops before the turn of an announcement.
const send = async (
  { executor, pace, signal }: Needs,
  facts: LicenseFacts,
  { due, name }: NextCommand,
  at: Instant,
) => {
  const decide = toDecide<LicenseCommand, LicenseEvent, License, LicenseRejection>(licenseAggregate, { ...due, at });
  const options = { context: systemContext(name, at), view: factsOf };
  const execute = () => executor.execute(licenseAggregate, facts.licenseId, decide, options);
  if (due.type !== 'AnnounceEnded') return execute();
  return pace(async () => (signal?.aborted ? null : execute()), signal);
};

// The maximum number of announcement pages before the turn of other licenses.
const turnMax = 20;

// Runs after each command, because a command may change what is due next.
const nextOf = (facts: LicenseFacts, at: Instant, tried: ReadonlySet<string>): NextCommand | null => {
  for (const due of dueCommands(facts, at)) {
    const name = systemCommandName(facts, due);
    if (!tried.has(name)) return { due, name };
  }
  return null;
};

const factsOf = (license: License): LicenseFacts | null => (license.kind === 'unissued' ? null : license.facts);
