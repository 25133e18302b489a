import { organizationAggregate } from '../../../aggregates/aggregates.ts';
import { bootstrapActor } from '../../../application/bootstrap/bootstrap-context.ts';
import { bootstrapOwnership } from '../../../application/bootstrap/bootstrap-owner.ts';
import type { OrganizationCommand } from '../../../domain/organization/commands.ts';
import type { Instant } from '../../../domain/time.ts';
import { commandContext } from '../../../eventstore/executor/waiting.ts';
import { toDecide } from '../../../eventstore/folding.ts';
import { revokeStoredApiKey } from '../../../identity/stored-api-keys.ts';
import { asTenant } from '../../../postgres/tenant.ts';
import type { Ledger } from '../../server/assemble.ts';
import { aborted } from '../../server/stop-on-signals.ts';
import { observeUse } from './observed-use.ts';
import { type SimulationNeeds, type SimulationSeed, simulationOf } from './simulation.ts';
import { writeAcme } from './write-acme.ts';

/** The user who becomes OWNER. */
export type AcmeOwner = { readonly userId: string; readonly email: string };

/** How to write the demo. `onRefused` gets each command that a license refused. A first start has none. */
export type AcmeWriting = {
  readonly owner: AcmeOwner;
  readonly now: () => Date;
  readonly waiter: Pick<Ledger['waiter'], 'waitFor'>;
  readonly signal: AbortSignal;
  readonly onRefused: (name: string, refusal: object) => void;
};

/**
 * Writes Acme Tools to its end. Then, by the real clock, ends the API key of the simulated one, and makes the user its
 * OWNER. A repeated call continues an earlier one. Throws when `signal` aborts.
 */
export const ensureAcme = async (
  needs: SimulationNeeds,
  seed: SimulationSeed,
  { owner, now, waiter, signal, onRefused }: AcmeWriting,
): Promise<void> => {
  const simulation = simulationOf(seed);
  await writeAcme(needs, simulation, { signal, onRefused });
  const at = now().toISOString();
  await endKey(needs, seed, at);
  const position = await bootstrapOwnership(
    { executor: needs.executor, pool: needs.pool, now: () => at },
    { ...owner, commandId: simulation.commandId('owner'), organizationId: simulation.organizationId },
  );
  if (position === null) throw new Error('Acme Tools got no OWNER.');
  const projected = await Promise.race([waiter.waitFor(position, projectedWithinMs), aborted(signal)]);
  signal.throwIfAborted();
  if (projected !== true) throw new Error('Acme Tools was not projected in time.');
  await observeUse(needs, simulation, at);
};

const projectedWithinMs = 60_000;

const endKey = async ({ executor, pool }: SimulationNeeds, seed: SimulationSeed, at: Instant): Promise<void> => {
  const { organizationId, apiKeyId, commandId } = simulationOf(seed);
  const command: OrganizationCommand = { type: 'RevokeApiKey', at, by: { type: 'SYSTEM' }, data: { apiKeyId } };
  const name = 'end of the simulated clock';
  const context = commandContext({ at, commandId: commandId(name), requestHash: name, actor: bootstrapActor });
  const decide = toDecide(organizationAggregate, command);
  const ended = await executor.execute(organizationAggregate, organizationId, decide, { context, view: () => null });
  if ('rejected' in ended) throw new Error(`The API key of Acme Tools was not revoked: ${ended.detail}`);
  await asTenant(pool, organizationId, (db) => revokeStoredApiKey(db, apiKeyId, at), { readOnly: false });
};
