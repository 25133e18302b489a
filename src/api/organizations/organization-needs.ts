import type { Pool } from 'pg';
import type { PlatformLicenseOf } from '../../application/organizations/platform-license.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import type { Secrets } from '../../identity/secrets.ts';
import type { Accounts } from '../auth/auth-needs.ts';

/** The needs of the operations on organizations. */
export type OrganizationNeeds = {
  readonly executor: Executor;
  readonly pool: Pool;
  readonly secrets: Secrets;
  readonly now: () => Instant;
  readonly platformLicense: PlatformLicenseOf;
  /** True when the server can send mail. */
  readonly mailing: boolean;
  /** Makes this process notice its own changes immediately. Other processes notice them within 2 seconds. */
  readonly accounts: Pick<Accounts, 'defaultTier'> & {
    readonly forgetting: Pick<Accounts['forgetting'], 'forgetUser'>;
  };
  readonly forgetApiKey: (apiKeyId: string) => void;
};
