import type { Decision } from '../decider.ts';
import type { PinnedPolicy, Tier } from '../license/policy.ts';
import type { Instant } from '../time.ts';
import type { CatalogEvent, PolicyVersion, ReleaseName } from './events.ts';

/** A new product. */
export type NewProduct = {
  readonly productId: string;
  readonly code: string;
  readonly name: string;
  readonly description: string | null;
};

/** A version of a policy without its id and number. */
export type PolicyContent = Omit<PolicyVersion, 'policy'> & {
  readonly rules: Omit<PinnedPolicy, 'policyId' | 'version'>;
};

/** A release to publish. */
export type ReleaseContent = ReleaseName & {
  /** Null: now, or for a release of the catalog, as it says. */
  readonly releasedAt: Instant | null;
  readonly channel: string;
};

type Command<Type extends string, Data> = { readonly type: Type; readonly data: Data; readonly at: Instant };

/** Commands of the catalog stream. `at` is the server's clock, read once per command. The caller creates the ids. */
export type CatalogCommand =
  /** `policyIds`: the ids of the built-in policies, one per tier. */
  | Command<
      'OpenCatalog',
      {
        readonly issuerOrgId: string;
        readonly products: readonly NewProduct[];
        readonly policyIds: Readonly<Record<Tier, string>>;
      }
    >
  | Command<'CreateProduct', NewProduct>
  | Command<'ChangeProduct', { readonly productId: string; readonly name: string; readonly description: string | null }>
  | Command<'ArchiveProduct', { readonly productId: string }>
  | Command<'CreatePolicy', { readonly policyId: string; readonly content: PolicyContent }>
  | Command<'AddPolicyVersion', { readonly policyId: string; readonly content: PolicyContent }>
  | Command<'ArchivePolicy', { readonly policyId: string }>
  | Command<'PublishRelease', ReleaseContent>
  | Command<'WithdrawRelease', ReleaseName>;

/** The catalog command of this type. */
export type CommandOf<Type extends CatalogCommand['type']> = Extract<CatalogCommand, { type: Type }>;

/** Why a catalog command is refused. `src/api/problems/problems.ts` has the HTTP meaning of each. */
export type CatalogRejection =
  | 'NOT_FOUND'
  | 'INVALID_REQUEST'
  | 'CODE_TAKEN'
  | 'RELEASE_EXISTS'
  | 'RELEASE_LIMIT_EXCEEDED'
  | 'ARCHIVED'
  | 'TERM_INVALID'
  | 'LIMIT_INVALID';

/** The events of a catalog command (none: it changes nothing), or why it is refused. */
export type CatalogDecision = Decision<CatalogEvent, CatalogRejection>;
