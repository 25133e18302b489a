import { catalogAggregate, licenseAggregate } from '../aggregates/aggregates.ts';
import { systemCommandName } from '../aggregates/command-names.ts';
import { builtInPolicyId } from '../aggregates/derived-ids.ts';
import { freeTarget } from '../domain/catalog/downgrade.ts';
import type { Rejection } from '../domain/decider.ts';
import type { LicenseCommand } from '../domain/license/commands.ts';
import { dueCommands, nextDueAt } from '../domain/license/due.ts';
import type { Due } from '../domain/license/due-command.ts';
import type { License, LicenseFacts } from '../domain/license/license.ts';
import type { Target } from '../domain/license/tiers/tier-events.ts';
import type { Instant } from '../domain/time.ts';
import type { Executor } from '../eventstore/executor/execute.ts';
import { systemContext } from '../eventstore/executor/system-context.ts';
import { toDecide } from '../eventstore/folding.ts';
import type { Pace } from './pace.ts';

/** Told of a command that was refused; its license goes on with what else is due. */
export type OnRefused = (refused: {
  readonly licenseId: string;
  readonly command: Due['type'];
  readonly rejection: Rejection;
}) => void;

/** The result of one call. */
export type CarriedOut = {
  /** How many commands this very call carried out. */
  readonly count: number;
  /** True when more is due, which is left for the next call: it is the turn of other licenses. */
  readonly isUnfinished: boolean;
  /**
   * Not null when the license refused everything that is still due: trying it again soon does not help. `nextDueAt` is
   * when another command falls due; null: never.
   */
  readonly stuck: { readonly nextDueAt: Instant | null } | null;
};

type Needs = {
  readonly executor: Executor;
  readonly onRefused: OnRefused;
  /** Announcements of what one command has ended take turns, and leave time for the commands of others. */
  readonly pace: Pace;
  /** Sends no further command once it is aborted. */
  readonly signal?: AbortSignal;
};

/**
 * Sends a license the commands that are due at `at` as its stream says, one after the other, under ids that all workers
 * share: whoever is second finds the events of the first. What is refused, as a tier change whose lower limits its policy
 * forbids to go below what is in use, stays due and is tried once by each call. Throws for a
 * license that was never issued, and as `execute` does.
 */
export const carryOutDue = async (
  { executor, onRefused, pace, signal }: Needs,
  licenseId: string,
  at: Instant,
): Promise<CarriedOut> => {
  const tried = new Set<string>();
  let count = 0;
  let turnsLeft = turnMax;
  let isRefused = false;
  let isOvertaken = false;
  let facts = await executor.read(licenseAggregate, licenseId, factsOf);
  if (facts === null)
    throw new Error(`There is no license ${licenseId} in the log, but a row of it in the read model.`);
  for (;;) {
    // One license may have hundreds of commands due: its ended devices are announced in pages.
    if (signal?.aborted) return { count, isUnfinished: true, stuck: null };
    const next = nextOf(facts, at, tried);
    if (next === null) {
      const stuck = isRefused && !isOvertaken ? { nextDueAt: nextDueAt(facts, at) } : null;
      return { count, isUnfinished: false, stuck };
    }
    const { due, name } = next;
    const isAnnouncement = due.type === 'AnnounceEnded';
    if (isAnnouncement && turnsLeft-- === 0) return { count, isUnfinished: true, stuck: null };
    tried.add(name);
    const command = await commandOf(executor, facts, due, at);
    const decide = toDecide(licenseAggregate, command);
    const options = { context: systemContext(name, at), view: factsOf };
    const send = () => executor.execute(licenseAggregate, licenseId, decide, options);
    const sendUnlessStopped = async () => (signal?.aborted ? null : send());
    const executed = isAnnouncement ? await pace(sendUnlessStopped, signal) : await send();
    if (executed === null) continue;
    if ('rejected' in executed) {
      if (executed.rejected === 'CONCURRENT_MODIFICATION') isOvertaken = true;
      else isRefused = true;
      onRefused({ licenseId, command: due.type, rejection: executed });
      continue;
    }
    if (executed.outcome === 'appended') count += 1;
    facts = executed.view ?? facts;
  }
};

// So many commands, each with a page of announcements, before it is the turn of other licenses.
const turnMax = 20;

// Asked again after each command, because one may change what is due next.
const nextOf = (facts: LicenseFacts, at: Instant, tried: ReadonlySet<string>) => {
  for (const due of dueCommands(facts, at)) {
    const name = systemCommandName(facts, due);
    if (!tried.has(name)) return { due, name };
  }
  return null;
};

const commandOf = async (executor: Executor, facts: LicenseFacts, due: Due, at: Instant): Promise<LicenseCommand> => {
  if (due.type !== 'EndTrial') return { ...due, at };
  return { type: 'EndTrial', data: { ...due.data, downgrade: await downgradeOf(executor, facts) }, at };
};

const downgradeOf = async (executor: Executor, { issuerOrgId, products }: LicenseFacts): Promise<Target> => {
  const builtInId = builtInPolicyId(issuerOrgId, 'FREE');
  const offered = await executor.read(catalogAggregate, issuerOrgId, (catalog) =>
    catalog.kind === 'unopened' ? null : freeTarget(catalog, products, builtInId),
  );
  return offered ?? freeTarget({ kind: 'unopened' }, products, builtInId);
};

const factsOf = (license: License): LicenseFacts | null => (license.kind === 'unissued' ? null : license.facts);
