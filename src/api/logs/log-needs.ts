import type { Pool } from 'pg';
import { z } from 'zod';
import type { Secrets } from '../../identity/secrets.ts';

/** The needs of the operations on logs. */
export type LogNeeds = { readonly pool: Pool; readonly secrets: Secrets };

/** The group of the operations in the document. */
export const logTag = 'Logs';

/** The parameter of a reader that takes files of one origin only. */
export const originOfCheckpoint = z.string().min(1).max(300).optional().meta({
  description:
    'The origin of your checkpoint. When the log has begun again under another one, the answer is 404. So a client never mixes files of two origins.',
  example: 'ledger.example/org_01h455vb4pex5vsknk084sn02q',
});
