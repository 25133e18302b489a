import type { Pool } from 'pg';
import type { Catalog, OpenCatalog } from '../../domain/catalog/catalog.ts';
import type { CatalogCommand, CatalogRejection } from '../../domain/catalog/commands.ts';
import type { Rejection } from '../../domain/decider.ts';
import type { Instant } from '../../domain/time.ts';
import { catalogAggregate, toDecide } from '../../eventstore/aggregate.ts';
import type { Executor } from '../../eventstore/execute.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { actorOf, principalOf } from '../caller.ts';
import { contextOf, executedOrProblem } from '../command-context.ts';
import { entityTag } from '../conditional.ts';
import { type Attempt, idempotently } from '../idempotency.ts';
import { isProblem, type Problem } from '../problems.ts';
import type { OrganizationCall, Reply } from '../route.ts';

export type CatalogNeeds = {
  readonly executor: Executor;
  readonly pool: Pool;
  readonly secrets: Secrets;
  readonly now: () => Instant;
};

/** A change of a catalog and what it is answered with. */
export type CatalogChange = {
  /** The command that the request comes to on the catalog as it is: a request may leave out what stays as it is. */
  readonly commandOn: (catalog: Catalog) => CatalogCommand | Rejection<CatalogRejection>;
  /** What is shown of the catalog right after. */
  readonly show: (catalog: OpenCatalog) => object;
  /** The path of what is made anew. */
  readonly location?: string;
};

/** The change that a request asks for; ids of what it makes follow from the attempt. */
export type ChangeAt = (at: Instant, attempt: Attempt) => CatalogChange;

/** Changes the caller's catalog, once per Idempotency-Key, and answers with its revision as ETag. */
export const changeCatalog = (
  needs: CatalogNeeds,
  call: OrganizationCall,
  operation: string,
  input: object,
  changeAt: ChangeAt,
): Promise<Reply | Problem> => {
  const { caller } = call;
  const { organizationId } = caller;
  const request = { organizationId, principal: principalOf(caller), operation, input };
  return idempotently(needs, call, request, async (attempt) => {
    const at = needs.now();
    const { commandOn, show, location } = changeAt(at, attempt);
    const sent = executedOrProblem(
      await needs.executor.execute(
        catalogAggregate,
        organizationId,
        (catalog, moment) => {
          const command = commandOn(catalog);
          return 'rejected' in command ? command : toDecide(catalogAggregate, command)(catalog, moment);
        },
        contextOf({ call, attempt, actor: actorOf(caller) }, at),
        (catalog) => {
          if (catalog.kind === 'unopened')
            throw new Error('A command was accepted on a catalog that was never opened.');
          return show(catalog);
        },
      ),
    );
    if (isProblem(sent)) return sent;
    return {
      status: location === undefined ? 200 : 201,
      body: sent.view,
      headers: { ...(location === undefined ? {} : { Location: location }), ETag: entityTag(sent.revision) },
      position: sent.position.commit,
    };
  });
};
