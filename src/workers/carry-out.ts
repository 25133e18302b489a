import { freeTarget } from '../domain/catalog/downgrade.ts';
import type { Rejection } from '../domain/decider.ts';
import type { LicenseCommand } from '../domain/license/commands.ts';
import { type Due, dueCommands } from '../domain/license/due.ts';
import type { Target } from '../domain/license/events-grant.ts';
import type { License, LicenseFacts } from '../domain/license/license.ts';
import type { Instant } from '../domain/time.ts';
import { catalogAggregate, licenseAggregate, toDecide } from '../eventstore/aggregate.ts';
import type { Executor } from '../eventstore/execute.ts';
import { builtInPolicyId, systemCommandName } from '../eventstore/ids.ts';
import { systemContext } from '../eventstore/system-context.ts';

/** Told of a command that was refused; its license goes on with what else is due. */
export type OnRefused = (refused: {
  readonly licenseId: string;
  readonly command: Due['type'];
  readonly rejection: Rejection;
}) => void;

/**
 * Sends a license the commands that are due at `at` as its stream says, one after the other, under ids that all workers
 * share: whoever is second finds the events of the first. What is refused, as a tier change whose lower limits its policy
 * forbids to go below what is in use, stays due and is tried once by each call. Returns how many commands this very call
 * carried out. Throws for a license that was never issued, and as `execute` does.
 */
export const carryOutDue = async (
  executor: Executor,
  licenseId: string,
  at: Instant,
  onRefused: OnRefused,
): Promise<number> => {
  const tried = new Set<string>();
  let carriedOut = 0;
  let facts = await executor.read(licenseAggregate, licenseId, factsOf);
  if (facts === null)
    throw new Error(`There is no license ${licenseId} in the log, but a row of it in the read model.`);
  for (;;) {
    const next = nextOf(facts, at, tried);
    if (next === null) return carriedOut;
    const { due, name } = next;
    tried.add(name);
    const command = await commandOf(executor, facts, due, at);
    const decide = toDecide(licenseAggregate, command);
    const executed = await executor.execute(licenseAggregate, licenseId, decide, systemContext(name, at), factsOf);
    if ('rejected' in executed) {
      onRefused({ licenseId, command: due.type, rejection: executed });
      continue;
    }
    if (executed.outcome === 'appended') carriedOut += 1;
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
