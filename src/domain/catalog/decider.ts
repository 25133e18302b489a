import { type Decider, reject } from '../decider.ts';
import { type Catalog, evolve, fork, initial } from './catalog.ts';
import type { CatalogCommand, CatalogDecision, CatalogRejection } from './commands.ts';
import { addPolicyVersion, archivePolicy, createPolicy } from './decide-policies.ts';
import { archiveProduct, changeProduct, createProduct } from './decide-products.ts';
import { publishRelease, withdrawRelease } from './decide-releases.ts';
import type { CatalogEvent } from './events.ts';
import { open } from './open-catalog.ts';

/** Decides one command on a catalog. Returns its events, none when it changes nothing, or the reason to refuse it. */
const decide = (command: CatalogCommand, catalog: Catalog): CatalogDecision => {
  if (command.type === 'OpenCatalog') return open(command, catalog);
  if (catalog.kind === 'unopened') return reject('NOT_FOUND', 'This organization has no catalog yet.');

  switch (command.type) {
    case 'CreateProduct':
      return createProduct(command, catalog);
    case 'ChangeProduct':
      return changeProduct(command, catalog);
    case 'ArchiveProduct':
      return archiveProduct(command, catalog);
    case 'CreatePolicy':
      return createPolicy(command, catalog);
    case 'AddPolicyVersion':
      return addPolicyVersion(command, catalog);
    case 'ArchivePolicy':
      return archivePolicy(command, catalog);
    case 'PublishRelease':
      return publishRelease(command, catalog);
    case 'WithdrawRelease':
      return withdrawRelease(command, catalog);
  }
};

/** Decides and folds the catalog stream: the products, releases and policies of an issuer. */
export const catalogDecider: Decider<CatalogCommand, CatalogEvent, Catalog, CatalogRejection> = {
  initial,
  decide,
  evolve,
  fork,
};
