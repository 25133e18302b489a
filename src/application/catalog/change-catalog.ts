import { catalogAggregate } from '../../aggregates/aggregates.ts';
import type { Catalog, OpenCatalog } from '../../domain/catalog/catalog.ts';
import type { CatalogCommand, CatalogRejection } from '../../domain/catalog/commands.ts';
import type { Rejection } from '../../domain/decider.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executed, Executor } from '../../eventstore/executor/execute.ts';
import { toDecide } from '../../eventstore/folding.ts';
import { actorOf, type Caller } from '../caller.ts';
import { contextOf, type Traced } from '../command-context.ts';
import type { Attempt } from '../idempotent-attempt.ts';
import { isRefusal, type Refusal } from '../refusal.ts';

export type CatalogCommandNeeds = { readonly executor: Executor; readonly now: () => Instant };

/** A request of an issuer to change its catalog. */
export type CatalogRequest = { readonly call: Traced; readonly attempt: Attempt; readonly caller: Caller };

/** A change of a catalog. */
export type CatalogChange<View> = {
  /**
   * Returns the command of the request for the current state of the catalog. Absent members keep their current values.
   */
  readonly commandOn: (catalog: Catalog, at: Instant) => CatalogCommand | Rejection<CatalogRejection>;
  /** Returns what the result needs from the catalog after the command. */
  readonly view: (catalog: OpenCatalog) => View;
};

/** The result of an accepted change. `changed` is false when the command changed nothing. */
export type ChangedCatalog<View> = {
  readonly view: View;
  readonly changed: boolean;
  readonly revision: bigint;
  readonly position: bigint;
};

/** Changes the caller's catalog. */
export const changeCatalog = async <View>(
  { executor, now }: CatalogCommandNeeds,
  { call, attempt, caller }: CatalogRequest,
  { commandOn, view }: CatalogChange<View>,
): Promise<ChangedCatalog<View> | Refusal> => {
  const at = now();
  const sent: Executed<View> | Refusal = await executor.execute(
    catalogAggregate,
    caller.organizationId,
    (catalog, moment) => {
      const command = commandOn(catalog, at);
      return 'rejected' in command ? command : toDecide(catalogAggregate, command)(catalog, moment);
    },
    {
      context: contextOf({ call, attempt, actor: actorOf(caller) }, at),
      view: (catalog) => view(opened(catalog)),
    },
  );
  if (isRefusal(sent)) return sent;
  const { view: result, outcome, revision, position } = sent;
  return { view: result, changed: outcome !== 'unchanged', revision, position: position.commit };
};

const opened = (catalog: Catalog): OpenCatalog => {
  if (catalog.kind === 'unopened') throw new Error('A command was accepted on a catalog that was never opened.');
  return catalog;
};
