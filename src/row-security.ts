import type { RowSecurity } from './postgres/lint-checks.ts';

/**
 * The tables and functions of License Ledger that row-level security treats differently. All others follow the common
 * rules. `ledger start` refuses a database with other exceptions.
 */
export const rowSecurity: RowSecurity = {
  // The first column of these keys is globally unique: ids from random or derived UUIDs, HMACs, random lookup ids. Any
  // other key would reveal to one tenant what another has.
  globallyUniqueKeys: [
    'rm.licenses(license_id)',
    'rm.license_keys(key_hash)',
    'rm.activations(activation_id)',
    'rm.organizations(organization_id)',
    'rm.api_keys(api_key_id)',
    'identity.api_keys(api_key_id)',
    'identity.api_keys(lookup_id)',
    'identity.api_key_secrets(secret_ref)',
    'identity.api_key_secrets(lookup_id)',
    'identity.users(user_id)',
    // A signup reveals in any case that an address is taken.
    'identity.users(email_lower)',
    'identity.sessions(session_id)',
    'identity.refresh_tokens(token_hash)',
    'identity.login_devices(token_hash)',
    'identity.password_resets(reset_id)',
    'vault.personal_values(ref)',
    'vault.license_metadata(license_id)',
  ],
  userOwned: [
    'identity.users',
    'identity.sessions',
    'identity.refresh_tokens',
    'identity.login_devices',
    'identity.organization_places',
    'identity.password_resets',
  ],
  definerFunctions: [
    'rm.license_by_key',
    'rm.holders_named',
    'rm.holders_containing',
    'rm.references_containing',
    'rm.feed_activity',
    'rm.issuer_name',
    'rm.organizations_of_user',
    'identity.api_key_by_lookup',
    'identity.api_key_secret_by_lookup',
    'identity.user_by_email',
    'identity.user_by_refresh_token',
    'identity.login_device_of',
    'identity.refresh_token_among',
    'identity.is_parked',
    'identity.api_keys_of_secret',
    'identity.tokens_created_between',
    'ops.parked_among',
    'ops.parked_license_by_key',
    'ops.last_validations_of',
  ],
  readableByAuth: [
    'rm.licenses',
    'rm.license_events',
    'rm.license_keys',
    'rm.license_offers',
    'rm.memberships',
    'rm.organizations',
    'rm.issuer_decisions',
    'identity.api_keys',
    'identity.api_key_secrets',
    'identity.users',
    'identity.refresh_tokens',
    'identity.login_devices',
    'ops.parked',
    'ops.parked_keys',
    'ops.parked_owners',
    'ops.projection_versions',
    'ops.checkpoints',
    'ops.validation_counts',
  ],
  columnsReadableByAuth: [
    ...['issuer_org_id', 'holder_org_id', 'other_holder_org_id', 'license_id', 'external_ref_lower'].map(
      (column) => `rm.licenses(${column})`,
    ),
    ...['position', 'issuer_org_id', 'holder_org_id', 'previous_holder_org_id'].map(
      (column) => `rm.license_events(${column})`,
    ),
    ...['issuer_org_id', 'license_id', 'day', 'holder_org_id'].map((column) => `ops.validation_counts(${column})`),
  ],
  readableByAll: ['ops.checkpoints', 'ops.projection_versions'],
  writtenByApi: ['ops.processes', 'ops.served_log'],
  keptByProjector: ['ops.parked_owners'],
  columnsWrittenByApi: [
    'rm.license_last_validations(validated_on)',
    'rm.license_last_validations(validated_holder_org_id)',
  ],
  ofAllProducts: ['rm.organizations', 'rm.catalogs'],
  // Rows that ended more than a day ago, and old ids of usage.
  purgeable: [
    'vault.seat_holders: ops.is_seat_over(issuer_org_id, license_id, lease_id)',
    `rm.usage_ids: (recorded_at < (now() - '36 days'::interval))`,
    `identity.users: ((state = 'pending'::text) AND (created_at < (now() - '1 day'::interval)))`,
    `identity.sessions: (expires_at < (now() - '1 day'::interval))`,
    `identity.refresh_tokens: (expires_at < (now() - '1 day'::interval))`,
    `identity.login_devices: (expires_at < (now() - '1 day'::interval))`,
    `identity.password_resets: (expires_at < (now() - '1 day'::interval))`,
  ],
};
