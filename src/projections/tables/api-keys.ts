import type { OrganizationEvent } from '../../domain/organization/events.ts';
import type { Instant } from '../../domain/time.ts';
import type { Row, Table } from './rows.ts';

/** `rm.api_keys`: what an organization sees of its API keys (db/read-models/060-api-keys.sql). Read by `identity.authenticate`. */
export const apiKeys: Table = {
  name: 'api_keys',
  key: ['api_key_id'],
  columns: {
    ...{ api_key_id: 'text', issuer_org_id: 'text', revision: 'bigint', name: 'text' },
    ...{
      scopes: 'text[]',
      hint: 'text',
      created_at: 'timestamptz',
      expires_at: 'timestamptz',
      revoked_at: 'timestamptz',
    },
  },
};

type Creation = Extract<OrganizationEvent, { type: 'ApiKeyCreated' }>['data'];

/** The row of a new API key. `revision` is that of its creation in the organization's stream. */
export const apiKeyRow = (issuerOrgId: string, creation: Creation, createdAt: Instant, revision: bigint): Row => ({
  api_key_id: creation.apiKeyId,
  issuer_org_id: issuerOrgId,
  revision: `${revision}`,
  name: creation.name,
  scopes: creation.scopes,
  hint: creation.hint,
  created_at: createdAt,
  expires_at: creation.expiresAt ?? null,
  revoked_at: null,
});
