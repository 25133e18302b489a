import { catalogAggregate, licenseAggregate } from '../aggregates/aggregates.ts';
import { systemCommandName } from '../aggregates/command-names.ts';
import { builtInPolicyId } from '../aggregates/derived-ids.ts';
import { freeTarget } from '../domain/catalog/downgrade.ts';
import type { Rejection } from '../domain/decider.ts';
import type { LicenseCommand } from '../domain/license/commands.ts';
import { type Due, dueCommands, nextDueAt } from '../domain/license/due.ts';
import type { Target } from '../domain/license/events-grant.ts';
import type { License, LicenseFacts } from '../domain/license/license.ts';
import type { Instant } from '../domain/time.ts';
import type { Executor } from '../eventstore/executor/execute.ts';
import { systemContext } from '../eventstore/executor/system-context.ts';
import { toDecide } from '../eventstore/folding.ts';

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
  /**
   * Not null when the license refused everything that is still due: trying it again soon does not help. `nextDueAt` is
   * when another command falls due; null: never.
   */
  readonly stuck: { readonly nextDueAt: Instant | null } | null;
};

/**
 * Sends a license the commands that are due at `at` as its stream says, one after the other, under ids that all workers
 * share: whoever is second finds the events of the first. What is refused, as a tier change whose lower limits its policy
 * forbids to go below what is in use, stays due and is tried once by each call. Sends no
 * further command once the signal is aborted. Throws for a license that was never issued, and as `execute` does.
 */
export const carryOutDue = async (
  executor: Executor,
  licenseId: string,
  at: Instant,
  onRefused: OnRefused,
  signal?: AbortSignal,
): Promise<CarriedOut> => {
  const tried = new Set<string>();
  let count = 0;
  let isRefused = false;
  let isOvertaken = false;
  let facts = await executor.read(licenseAggregate, licenseId, factsOf);
  if (facts === null)
    throw new Error(`There is no license ${licenseId} in the log, but a row of it in the read model.`);
  for (;;) {
    // One license may have hundreds of commands due: its ended devices are announced in pages.
    if (signal?.aborted) return { count, stuck: null };
    const next = nextOf(facts, at, tried);
    if (next === null) return { count, stuck: isRefused && !isOvertaken ? { nextDueAt: nextDueAt(facts, at) } : null };
    const { due, name } = next;
    tried.add(name);
    const command = await commandOf(executor, facts, due, at);
    const decide = toDecide(licenseAggregate, command);
    const executed = await executor.execute(licenseAggregate, licenseId, decide, systemContext(name, at), factsOf);
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
