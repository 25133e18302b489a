import type { Instant } from '../time.ts';
import type { Scope } from './events.ts';

type Command<Type extends string, Data> = { readonly type: Type; readonly data: Data; readonly at: Instant };

/** Commands of the organization stream. `at` is the server's clock, read once per command. Ids and hints arrive ready made. */
export type OrganizationCommand =
  | Command<'CreateOrganization', { readonly organizationId: string; readonly name: string }>
  | Command<
      'CreateApiKey',
      { readonly apiKeyId: string; readonly name: string; readonly scopes: readonly Scope[]; readonly hint: string }
    >;

/** Why an organization command is refused; each has its HTTP meaning in src/api/problems.ts. */
export type OrganizationRejection = 'ORGANIZATION_NOT_FOUND' | 'INVALID_REQUEST';
