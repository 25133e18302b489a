import type { Pool } from 'pg';
import type { Instant } from '../../domain/time.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { seal } from '../../identity/seal.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { queueMail } from '../../records/mails.ts';
import { type Attempt, nobodysOrganization } from '../idempotent-attempt.ts';

type Needs = { readonly pool: Pool; readonly secrets: Secrets; readonly now: () => Instant };

/**
 * Queues a mail with a token that resets the password. Nothing here depends on whether the address has a user: the worker
 * finds that out. So neither the answer nor its time tells.
 */
export const requestPasswordReset = async (
  { pool, secrets, now }: Needs,
  attempt: Attempt,
  email: string,
): Promise<void> => {
  const mailId = aggregateId(attempt.commandId, 'password reset');
  const sealed = seal(secrets, email, mailId);
  const mail = {
    issuerOrgId: nobodysOrganization,
    mailId,
    kind: 'PASSWORD_RESET',
    sealed,
    now: new Date(now()),
  } as const;
  await asTenant(pool, nobodysOrganization, (db) => queueMail(db, mail), { readOnly: false });
};
