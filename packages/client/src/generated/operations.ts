// Generated from the routes by `ledger client-types --write`.
export type ValidateLicense = { licenseKey?: string; licenseId?: string; product?: string; fingerprint?: string; components?: { [name: string]: string }; activationId?: string; leaseHolder?: string; user?: string; environment?: string; version?: string | { number: string; releasedAt?: string }; entitlements?: (string)[]; meters?: (string)[]; nonce?: string };
export type LeaseHeartbeat = { licenseKey?: string; licenseId?: string; leaseHolder?: string; borrowSeconds?: number };
export type ActivateLicense = { licenseKey?: string; licenseId?: string; fingerprint: string; components?: { [name: string]: string }; product?: string; name?: string; platform?: string; appVersion?: string; user?: string; environment?: string };
export type AcquireLease = { licenseKey?: string; licenseId?: string; leaseHolder: string; product?: string; user?: string; environment?: string; borrowSeconds?: number; holderName?: string };
export type ReleaseLease = { leaseHolder?: string };
export type DeactivateLicense = { licenseKey?: string; licenseId?: string; fingerprint?: string; components?: { [name: string]: string }; activationId?: string };
export type SwapActivation = { licenseKey?: string; licenseId?: string; release: { fingerprint?: string; components?: { [name: string]: string }; activationId?: string }; fingerprint: string; components?: { [name: string]: string }; product?: string; name?: string; platform?: string; appVersion?: string; user?: string; environment?: string };
export type RecordUsage = { licenseKey?: string; licenseId?: string; meter?: string; quantity?: number; usageId?: string; corrects?: string; occurredAt?: string; records?: (UsageRecord)[] };
export type UsageRecord = { meter: string; quantity: number; usageId?: string; corrects?: string; occurredAt?: string };
export type IssueLicense = { tier?: "FREE" | "TRIAL" | "PRO" | "ENTERPRISE"; policyId?: string; policyVersion?: number; products?: (string)[]; limits?: { activations?: LimitRequest; seats?: LimitRequest; users?: LimitRequest; meters?: { [name: string]: Meter } }; holderOrganizationId?: string | null; term?: { duration?: string; expiresAt?: string; perpetual?: true; startsAt?: string; basis?: "ISSUE" | "FIRST_ACTIVATION" | "FIRST_VALIDATION" }; entitlements?: ({ code: string; value?: string | null; limit?: number | null; until?: string | null; withheld?: boolean })[]; maintenanceUntil?: string; externalRef?: string | null; metadata?: { [name: string]: JsonValue }; reason?: { code: string; text?: string }; replaces?: string; trialAddress?: string };
export type LimitRequest = number | "unlimited";
export type Meter = LimitRequest | { limit: LimitRequest; resets?: "TERM" | "NEVER" | "P1D" | "P1W" | "P1M" | "P1Y"; overage?: { kind: "NONE" } | { kind: "RATIO"; percent: number } | { kind: "ALWAYS" } };
export type JsonValue = string | number | boolean | null | (JsonValue)[] | { [name: string]: JsonValue };
export type ImportLicense = { tier?: "FREE" | "TRIAL" | "PRO" | "ENTERPRISE"; policyId?: string; policyVersion?: number; products?: (string)[]; limits?: { activations?: LimitRequest; seats?: LimitRequest; users?: LimitRequest; meters?: { [name: string]: Meter } }; holderOrganizationId?: string | null; term?: { duration?: string; expiresAt?: string; perpetual?: true; startsAt?: string; basis?: "ISSUE" | "FIRST_ACTIVATION" | "FIRST_VALIDATION" }; entitlements?: ({ code: string; value?: string | null; limit?: number | null; until?: string | null; withheld?: boolean })[]; maintenanceUntil?: string; externalRef?: string | null; metadata?: { [name: string]: JsonValue }; reason?: { code: string; text?: string }; source: string; sourceRef: string; historyFrom: string };
export type ExplainValidation = { licenseKey?: string; licenseId?: string; product?: string; fingerprint?: string; components?: { [name: string]: string }; activationId?: string; leaseHolder?: string; user?: string; environment?: string; version?: string | { number: string; releasedAt?: string }; entitlements?: (string)[]; meters?: (string)[]; at?: string };
export type LicenseSearch = { text: string; by?: ("LICENSE_KEY" | "KEY_HINT" | "LICENSE_ID" | "EXTERNAL_REF" | "HOLDER_NAME" | "DEVICE" | "DEVICE_NAME" | "USER")[]; limit?: number };
export type ChangeLicense = { metadata?: { [name: string]: JsonValue }; externalRef?: string | null };
export type ChangeActivation = { user?: string | null; metadata?: { [name: string]: JsonValue }; reason?: { code: string; text?: string } };
export type ReleaseActivation = { reason?: { code: string; text?: string } };
export type ReleaseSeat = { reason?: { code: string; text?: string } };
export type AssignUser = { user: string; reason?: { code: string; text?: string } };
export type UnassignUserByName = { user: string; reason?: { code: string; text?: string } };
export type UnassignUser = { reason?: { code: string; text?: string } };
export type ResetUsage = { meter: string; reason: { code: string; text?: string } };
export type SuspendLicense = { reason: { code: "PAYMENT" | "FRAUD" | "CUSTOMER_REQUEST" | "ADMIN" | "LEGAL"; text?: string }; until?: string | null; effectiveAt?: string };
export type ReinstateLicense = { reason?: { code: string; text?: string } };
export type RenewLicense = { duration?: string; expiresAt?: string; basis?: "FROM_EXPIRY" | "FROM_NOW" | "FROM_NOW_IF_EXPIRED"; billingRef?: string; reason?: { code: string; text?: string } };
export type RevokeLicense = { reason: { code: string; text?: string } };
export type ChangeLicenseExpiry = { to: string | null; reason: { code: string; text?: string } };
export type ChangeLicenseMaintenance = { to: string | null; reason: { code: string; text?: string } };
export type SetLicenseRenewal = { to: "auto" | "manual" | "cancelAtPeriodEnd"; effectiveAt?: string; reason?: { code: string; text?: string } };
export type CancelScheduledChange = { eventId: string; reason?: { code: string; text?: string } };
export type ChangeLicenseTier = { tier?: "FREE" | "TRIAL" | "PRO" | "ENTERPRISE"; policyId?: string; policyVersion?: number; products?: (string)[]; limits?: { activations?: LimitRequest; seats?: LimitRequest; users?: LimitRequest; meters?: { [name: string]: Meter } }; overrides?: "KEEP" | "RESET"; confirm?: boolean; effectiveAt?: string; term?: { duration?: string; expiresAt?: string; perpetual?: true }; billingRef?: string; reason?: { code: string; text?: string } };
export type ChangeLicensePolicy = { policyId: string; policyVersion?: number; products?: (string)[]; limits?: { activations?: LimitRequest; seats?: LimitRequest; users?: LimitRequest; meters?: { [name: string]: Meter } }; overrides?: "KEEP" | "RESET"; confirm?: boolean; effectiveAt?: string; term?: { duration?: string; expiresAt?: string; perpetual?: true }; billingRef?: string; reason?: { code: string; text?: string } };
export type ConvertTrial = { tier?: "FREE" | "TRIAL" | "PRO" | "ENTERPRISE"; policyId?: string; policyVersion?: number; products?: (string)[]; limits?: { activations?: LimitRequest; seats?: LimitRequest; users?: LimitRequest; meters?: { [name: string]: Meter } }; overrides?: "KEEP" | "RESET"; confirm?: boolean; term?: { duration?: string; expiresAt?: string; perpetual?: true }; billingRef?: string; reason?: { code: string; text?: string } };
export type ChangeLicenseLimits = { limits: { activations?: LimitRequest; seats?: LimitRequest; users?: LimitRequest; meters?: { [name: string]: Meter | null } }; strategy?: "ALLOW_OVER" | "REJECT" | "EVICT_OLDEST"; reason?: { code: string; text?: string } };
export type ChangeLicenseProducts = { add?: (string)[]; remove?: (string)[]; reason?: { code: string; text?: string } };
export type ChangeLicenseEntitlements = { grant?: { code: string; value?: string | null; limit?: number | null; until?: string | null; withheld?: boolean }; revoke?: string; reason?: { code: string; text?: string } };
export type TransferLicense = { toHolderOrganizationId: string | null; expiry?: "KEEP" | "RESET"; activations?: "KEEP" | "RELEASE"; accepted?: boolean; reason?: { code: string; text?: string } };
export type RotateLicenseKey = { overlapSeconds?: number; cause?: "LOST" | "LEAKED" | "ROUTINE" | "ADMIN"; reason?: { code: string; text?: string } };
export type EndKeyOverlap = { keyVersion?: number; reason?: { code: string; text?: string } };
export type SignUp = { email: string; password: string; displayName?: string; organizationName?: string; timeZone?: string };
export type LogIn = { email: string; password: string; organizationId?: string; deviceToken?: string };
export type Refresh = { refreshToken: string };
export type LogOut = Record<string, never>;
export type OpenBrowserSession = { email: string; password: string; organizationId?: string };
export type BrowserSession = Record<string, never>;
export type SwitchOrganization = { organizationId: string };
export type ChangePassword = { currentPassword: string; newPassword: string };
export type RequestPasswordReset = { email: string };
export type ResetPassword = { token: string; newPassword: string };
export type ConfirmPassword = { password: string };
export type AcceptInvitation = { token: string; password?: string; displayName?: string; replaceAccount?: boolean };
export type ChangeUser = { displayName: string | null };
export type NewOrganization = { name: string; timeZone?: string };
export type OrganizationChange = { name?: string; timeZone?: string; logIsPublic?: boolean; holdersGetProofs?: boolean };
export type NewInvitation = { email: string; role: "OWNER" | "ADMIN" | "MEMBER" | "GUEST" | "BILLING" | "AUDITOR" | "SUPPORT" | "SALES" | "DEVELOPER"; expiresAt?: string };
export type MemberChange = { role?: "OWNER" | "ADMIN" | "MEMBER" | "GUEST" | "BILLING" | "AUDITOR" | "SUPPORT" | "SALES" | "DEVELOPER"; label?: string | null };
export type NewApiKey = { name: string; scopes: ("licenses:read" | "licenses:write" | "licenses:activate" | "catalog:write" | "events:read" | "webhooks:write" | "members:write" | "projects:write")[]; expiresAt?: string | null; products?: (string)[] | null };
export type ApiKeyChange = { name?: string; scopes?: ("licenses:read" | "licenses:write" | "licenses:activate" | "catalog:write" | "events:read" | "webhooks:write" | "members:write" | "projects:write")[]; products?: (string)[] | null };
export type RotateApiKey = { overlapSeconds?: number };
export type NewProject = { name: string; metadata?: { [name: string]: JsonValue } };
export type ProjectChange = { name?: string; metadata?: { [name: string]: JsonValue }; archived?: boolean };
export type NewProduct = { code: string; name: string; description?: string | null };
export type ProductChange = { name?: string; description?: string | null };
export type NewRelease = { version: string; releasedAt?: string; channel?: string };
export type NewPolicy = { name: string; tier: "FREE" | "TRIAL" | "PRO" | "ENTERPRISE"; products: (string)[]; type?: "SUBSCRIPTION" | "TRIAL" | "PERPETUAL"; expiryStrategy?: "RESTRICT" | "MAINTAIN" | "ALLOW"; expiryGraceSeconds?: number; validationTtlSeconds?: number; offlineGraceSeconds?: number; overage?: { kind: "NONE" } | { kind: "RATIO"; percent: number } | { kind: "ALWAYS" }; limitStrategy?: "ALLOW_OVER" | "REJECT" | "EVICT_OLDEST"; deactivation?: { allowed?: boolean; cooldownSeconds?: number; maxPerTerm?: number | null }; fingerprintMatching?: "EXACT" | "ANY" | "MOST" | "ALL"; componentCheck?: "NONE" | "ANY" | "TWO" | "MOST" | "ALL"; fingerprintUniqueness?: "LICENSE" | "POLICY" | "PRODUCT" | "ISSUER"; fingerprintRequired?: boolean; productRequired?: boolean; lease?: { scope?: "MACHINE" | "INSTANCE" | "USER"; ttlSeconds?: number; resurrectSeconds?: number; borrowMaxSeconds?: number }; heartbeatSeconds?: number | null; remindBefore?: (string)[]; trialEnd?: "EXPIRE" | "DOWNGRADE"; trialDays?: "KEEP" | "DROP"; trialAddressIgnores?: ("TAG" | "DOTS" | "CASE")[]; reinstateOnPayment?: boolean; transferable?: boolean; renewUntilSeconds?: number | null; renewalDuration?: string | null; renewalBasis?: "FROM_EXPIRY" | "FROM_NOW" | "FROM_NOW_IF_EXPIRED" | null; checkInSeconds?: number | null; userRequired?: boolean; versionRequired?: boolean; environmentRequired?: boolean; releasedAtRequired?: boolean; leaseRequired?: boolean; environment?: string | null; maintenance?: "TERM" | string | null; versions?: { from?: string | null; below?: string | null } | null; deactivateOnUnassign?: boolean; devicesPerUser?: number | null; deactivateUnseenAfter?: string | null; usagePerMinute?: number; keepAddressPrefix?: boolean; reclaimBorrowed?: boolean; deactivateByKey?: "ANY" | "OWN"; deviceNamesByKey?: boolean; term?: { basis: "PERPETUAL" } | { basis: "FIXED"; expiresAt: string } | { basis: "ISSUE" | "FIRST_ACTIVATION" | "FIRST_VALIDATION"; duration: string }; limits?: { activations?: LimitRequest; seats?: LimitRequest; users?: LimitRequest; meters?: { [name: string]: Meter } }; entitlements?: ({ code: string; value?: string | null; limit?: number | null; until?: string | null })[] };
export type PolicyChange = { name?: string; tier?: "FREE" | "TRIAL" | "PRO" | "ENTERPRISE"; products?: (string)[]; type?: "SUBSCRIPTION" | "TRIAL" | "PERPETUAL"; expiryStrategy?: "RESTRICT" | "MAINTAIN" | "ALLOW"; expiryGraceSeconds?: number; validationTtlSeconds?: number; offlineGraceSeconds?: number; overage?: { kind: "NONE" } | { kind: "RATIO"; percent: number } | { kind: "ALWAYS" }; limitStrategy?: "ALLOW_OVER" | "REJECT" | "EVICT_OLDEST"; deactivation?: { allowed?: boolean; cooldownSeconds?: number; maxPerTerm?: number | null }; fingerprintMatching?: "EXACT" | "ANY" | "MOST" | "ALL"; componentCheck?: "NONE" | "ANY" | "TWO" | "MOST" | "ALL"; fingerprintUniqueness?: "LICENSE" | "POLICY" | "PRODUCT" | "ISSUER"; fingerprintRequired?: boolean; productRequired?: boolean; lease?: { scope?: "MACHINE" | "INSTANCE" | "USER"; ttlSeconds?: number; resurrectSeconds?: number; borrowMaxSeconds?: number }; heartbeatSeconds?: number | null; remindBefore?: (string)[]; trialEnd?: "EXPIRE" | "DOWNGRADE"; trialDays?: "KEEP" | "DROP"; trialAddressIgnores?: ("TAG" | "DOTS" | "CASE")[]; reinstateOnPayment?: boolean; transferable?: boolean; renewUntilSeconds?: number | null; renewalDuration?: string | null; renewalBasis?: "FROM_EXPIRY" | "FROM_NOW" | "FROM_NOW_IF_EXPIRED" | null; checkInSeconds?: number | null; userRequired?: boolean; versionRequired?: boolean; environmentRequired?: boolean; releasedAtRequired?: boolean; leaseRequired?: boolean; environment?: string | null; maintenance?: "TERM" | string | null; versions?: { from?: string | null; below?: string | null } | null; deactivateOnUnassign?: boolean; devicesPerUser?: number | null; deactivateUnseenAfter?: string | null; usagePerMinute?: number; keepAddressPrefix?: boolean; reclaimBorrowed?: boolean; deactivateByKey?: "ANY" | "OWN"; deviceNamesByKey?: boolean; term?: { basis: "PERPETUAL" } | { basis: "FIXED"; expiresAt: string } | { basis: "ISSUE" | "FIRST_ACTIVATION" | "FIRST_VALIDATION"; duration: string }; limits?: { activations?: LimitRequest; seats?: LimitRequest; users?: LimitRequest; meters?: { [name: string]: Meter } }; entitlements?: ({ code: string; value?: string | null; limit?: number | null; until?: string | null })[] };
export type NewPack = { licenses?: (string)[]; filter?: { status?: "ACTIVE" | "EXPIRED" | "SUSPENDED" | "REVOKED" | "EXPIRING" | "INACTIVE"; suspendedFor?: "PAYMENT" | "FRAUD" | "CUSTOMER_REQUEST" | "ADMIN" | "LEGAL"; tier?: "FREE" | "TRIAL" | "PRO" | "ENTERPRISE"; product?: string; policy?: string; activations?: "0" | "AT_LIMIT"; seats?: "0" | "AT_LIMIT"; user?: string; metadata?: { [name: string]: string }; externalRef?: string; keyHint?: string; holder?: string; issuer?: string; expiresBefore?: string; expiresAfter?: string; lastValidatedBefore?: string; q?: string; contains?: string }; from: string; to?: string; proofsOnly?: boolean };
export type Validation = { valid: boolean; code: "NOT_FOUND" | "TENANT_SUSPENDED" | "REVOKED" | "SUSPENDED" | "KEY_ROTATED" | "NOT_YET_VALID" | "EXPIRED" | "CHECK_IN_OVERDUE" | "ENVIRONMENT_SCOPE_REQUIRED" | "ENVIRONMENT_MISMATCH" | "PRODUCT_SCOPE_REQUIRED" | "PRODUCT_NOT_LICENSED" | "VERSION_SCOPE_REQUIRED" | "VERSION_NOT_ENTITLED" | "USER_SCOPE_REQUIRED" | "USER_NOT_ASSIGNED" | "ENTITLEMENT_MISSING" | "FINGERPRINT_REQUIRED" | "NOT_ACTIVATED" | "FINGERPRINT_MISMATCH" | "COMPONENTS_REQUIRED" | "COMPONENTS_MISMATCH" | "NO_LEASE" | "LEASE_EXPIRED" | "TOO_MANY_ACTIVATIONS" | "TOO_MANY_LEASES" | "TOO_MANY_USERS" | "QUOTA_EXCEEDED" | "VALID_IN_GRACE" | "VALID_OVERAGE" | "VALID"; reasons: ("NOT_FOUND" | "TENANT_SUSPENDED" | "REVOKED" | "SUSPENDED" | "KEY_ROTATED" | "NOT_YET_VALID" | "EXPIRED" | "CHECK_IN_OVERDUE" | "ENVIRONMENT_SCOPE_REQUIRED" | "ENVIRONMENT_MISMATCH" | "PRODUCT_SCOPE_REQUIRED" | "PRODUCT_NOT_LICENSED" | "VERSION_SCOPE_REQUIRED" | "VERSION_NOT_ENTITLED" | "USER_SCOPE_REQUIRED" | "USER_NOT_ASSIGNED" | "ENTITLEMENT_MISSING" | "FINGERPRINT_REQUIRED" | "NOT_ACTIVATED" | "FINGERPRINT_MISMATCH" | "COMPONENTS_REQUIRED" | "COMPONENTS_MISMATCH" | "NO_LEASE" | "LEASE_EXPIRED" | "TOO_MANY_ACTIVATIONS" | "TOO_MANY_LEASES" | "TOO_MANY_USERS" | "QUOTA_EXCEEDED" | "VALID_IN_GRACE" | "VALID_OVERAGE" | "VALID")[]; status: "ACTIVE" | "EXPIRED" | "SUSPENDED" | "REVOKED" | null; effectiveStatus: "ACTIVE" | "EXPIRED" | "SUSPENDED" | "REVOKED" | "IN_GRACE" | "NOT_YET_VALID" | null; license: { id: string; tier: "FREE" | "TRIAL" | "PRO" | "ENTERPRISE"; products: (string)[] } | null; entitlements: ({ code: string; value: string | null; limit: number | null; until: string | null; source: "tier" | "product" | "grant" | "trial"; sources: ({ value: string | null; limit: number | null; until: string | null; source: "tier" | "product" | "grant" | "trial" })[] })[]; limits: LicenseUsage | null; expiresAt: string | null; graceUntil: string | null; ttlSeconds: number; offlineGraceUntil: string | null; asOf: string; revision: number | null; nonce: string | null; missingEntitlements: (string)[]; exceededMeters: (string)[]; newestEntitledRelease: { version: string; releasedAt: string; channel: string } | null };
export type LicenseUsage = { activations: { used: number; max: Limit }; seats: { used: number; max: Limit }; users: { used: number; max: Limit }; meters: { [name: string]: { used: number; max: Limit; resetsAt?: string | null } } };
export type Limit = number | "unlimited";
export type Problem = { type: string; title: string; status: number; detail: string; code: ProblemCode | (string & {}); errors?: ({ pointer: string; detail: string })[]; activations?: (DeviceAtLimit)[]; leases?: (SeatAtLimit)[]; retryAt?: string; licenseId?: string; cause?: string; requestId: string; [name: string]: unknown };
export type ProblemCode = "INVALID_REQUEST" | "LICENSE_KEY_MALFORMED" | "TERM_INVALID" | "USAGE_TIMESTAMP_OUT_OF_RANGE" | "LIMIT_INVALID" | "UNAUTHENTICATED" | "TOKEN_EXPIRED" | "FORBIDDEN" | "PASSWORD_REQUIRED" | "SIGNUP_CLOSED" | "NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "LICENSE_NOT_FOUND" | "USAGE_NOT_FOUND" | "NOT_IN_CHECKPOINT_YET" | "ACTIVATION_NOT_FOUND" | "METHOD_NOT_ALLOWED" | "LICENSE_SUSPENDED" | "LICENSE_EXPIRED" | "LICENSE_REVOKED" | "LICENSE_NOT_STARTED" | "TERM_NOT_LATER" | "CONFIRMATION_REQUIRED" | "BILLING_REF_REUSED" | "ENTITLEMENT_FROM_POLICY" | "PRODUCT_NOT_LICENSED" | "ACTIVATION_LIMIT_EXCEEDED" | "DEVICE_ACTIVE_ELSEWHERE" | "USER_LIMIT_EXCEEDED" | "PROJECT_LIMIT_EXCEEDED" | "SEAT_LIMIT_EXCEEDED" | "QUOTA_EXCEEDED" | "USAGE_ID_REUSED" | "CORRECTION_EXCEEDS_USAGE" | "USER_NOT_ASSIGNED" | "VERSION_NOT_ENTITLED" | "ENVIRONMENT_MISMATCH" | "ENVIRONMENT_SCOPE_REQUIRED" | "USER_SCOPE_REQUIRED" | "COMPONENTS_REQUIRED" | "COMPONENTS_MISMATCH" | "DEACTIVATION_LIMIT" | "COOLDOWN_ACTIVE" | "ORGANIZATION_CLOSED" | "LAST_OWNER" | "ALREADY_MEMBER" | "EMAIL_TAKEN" | "CODE_TAKEN" | "RELEASE_EXISTS" | "RELEASE_LIMIT_EXCEEDED" | "HOLDER_CONSENT_REQUIRED" | "OFFER_LIMIT_EXCEEDED" | "ARCHIVED" | "MAIL_NOT_CONFIGURED" | "CONCURRENT_MODIFICATION" | "IDEMPOTENCY_IN_FLIGHT" | "REVISION_MISMATCH" | "BODY_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "IDEMPOTENCY_KEY_REUSED" | "RATE_LIMITED" | "INTERNAL" | "UNAVAILABLE" | "NOT_PROJECTED_YET";
export type DeviceAtLimit = { id: string; licenseId?: string; product?: string | null; name?: string | null; platform: string | null; appVersion?: string | null; user?: string | null; environment?: string | null; activatedAt?: string; lastSeenAt: string; lastVersion?: string | null; lastProduct?: string | null; deactivatesAt?: string | null };
export type SeatAtLimit = { id: string; platform: string | null; lastSeenAt: string; name?: string | null };
export type Lease = { id: string; licenseId: string; scope: "MACHINE" | "INSTANCE" | "USER"; product: string | null; borrowed: boolean; expiresAt: string; heartbeatSeconds: number };
export type Activation = { id: string; licenseId: string; product: string | null; name: string | null; platform: string | null; appVersion: string | null; user: string | null; environment: string | null; activatedAt: string; lastSeenAt: string; lastVersion: string | null; lastProduct: string | null; deactivatesAt: string | null };
export type RecordedUsage = { usage: MeteredUse; changed: boolean; limits: LicenseUsage; revision: number };
export type MeteredUse = { id: string; meter: string; total: number; max: Limit };
export type RecordedUsageList = { records: ({ id: string; meter: string; changed: boolean; refusal: { code: string; detail: string; retryAt: string | null } | null })[]; limits: LicenseUsage; revision: number };
export type Features = { tier: "FREE" | "TRIAL" | "PRO" | "ENTERPRISE"; features: ({ code: string; value: string | null; limit: number | null; until: string | null; source: "tier" | "product" | "grant" | "trial"; sources: ({ value: string | null; limit: number | null; until: string | null; source: "tier" | "product" | "grant" | "trial" })[] })[]; asOf: string };
export type License = { id: string; status: "ACTIVE" | "EXPIRED" | "SUSPENDED" | "REVOKED"; effectiveStatus: "ACTIVE" | "EXPIRED" | "SUSPENDED" | "REVOKED" | "IN_GRACE" | "NOT_YET_VALID"; tier: "FREE" | "TRIAL" | "PRO" | "ENTERPRISE"; products: (string)[]; policy: { id: string; version: number; type: "SUBSCRIPTION" | "TRIAL" | "PERPETUAL"; expiryStrategy: "RESTRICT" | "MAINTAIN" | "ALLOW"; expiryGraceSeconds: number; validationTtlSeconds: number; offlineGraceSeconds: number; limitStrategy: "ALLOW_OVER" | "REJECT" | "EVICT_OLDEST"; transferable: boolean; devicesPerUser: number | null; deactivateUnseenAfter: string | null; fingerprintUniqueness: "LICENSE" | "POLICY" | "PRODUCT" | "ISSUER" }; issuerOrganizationId: string; holderOrganizationId: string | null; pendingHolder: { organizationId: string; offeredAt: string; expiresAt: string } | null; term: { number: number; startsAt: string | null; expiresAt: string | null; graceUntil: string | null; awaits: { trigger: "FIRST_ACTIVATION" | "FIRST_VALIDATION"; duration: string } | null; timeZone: string; renewal: "auto" | "manual" | "cancelAtPeriodEnd" }; suspension: { reasonCode: "PAYMENT" | "FRAUD" | "CUSTOMER_REQUEST" | "ADMIN" | "LEGAL"; since: string; until: string | null } | null; suspensions: ({ reasonCode: "PAYMENT" | "FRAUD" | "CUSTOMER_REQUEST" | "ADMIN" | "LEGAL"; since: string; until: string | null })[]; scheduled: ({ eventId: string; effectiveAt: string; kind: "SUSPENSION"; reasonCode: "PAYMENT" | "FRAUD" | "CUSTOMER_REQUEST" | "ADMIN" | "LEGAL"; until: string | null } | { eventId: string; effectiveAt: string; kind: "RENEWAL"; to: "auto" | "manual" | "cancelAtPeriodEnd" } | { eventId: string; effectiveAt: string; kind: "TIER"; tier: "FREE" | "TRIAL" | "PRO" | "ENTERPRISE"; policy: { id: string; version: number } })[]; revokedAt: string | null; limits: { activations: Limit; seats: Limit; users: Limit; meters: { [name: string]: MeterLimit } }; usage: { activations: number; seats: number; users: number; meters: { [name: string]: number }; resetsAt: string | null; periods?: { [name: string]: { startsAt: string; endsAt: string | null } } }; overrides: Overrides; entitlements: ({ code: string; value: string | null; limit: number | null; until: string | null; source: "tier" | "product" | "grant" | "trial"; ended: boolean; withheld: boolean; sources: ({ value: string | null; limit: number | null; until: string | null; source: "tier" | "product" | "grant" | "trial"; ended: boolean; withheld: boolean })[] })[]; maintenanceUntil: string | null; keyHint: string | null; keyVersion: number; keyOverlaps: ({ keyVersion: number; until: string })[]; externalRef: string | null; replaces: string | null; replacedBy: string | null; imported: { source: string; sourceRef: string; historyFrom: string } | null; recorded: boolean; metadata: { [name: string]: unknown }; createdAt: string; revision: number };
export type MeterLimit = Limit | { limit: Limit; resets: "TERM" | "NEVER" | "P1D" | "P1W" | "P1M" | "P1Y"; overage: { kind: "NONE" } | { kind: "RATIO"; percent: number } | { kind: "ALWAYS" } };
export type OverriddenMeter = Limit | null | { limit?: Limit; resets?: "TERM" | "NEVER" | "P1D" | "P1W" | "P1M" | "P1Y"; overage?: { kind: "NONE" } | { kind: "RATIO"; percent: number } | { kind: "ALWAYS" } };
export type Overrides = { limits: { activations?: Limit; seats?: Limit; users?: Limit; meters?: { [name: string]: OverriddenMeter } }; products: { added: (string)[]; removed: (string)[] }; entitlements: (string)[] };
export type ValidationExplanation = { valid: boolean; code: "NOT_FOUND" | "TENANT_SUSPENDED" | "REVOKED" | "SUSPENDED" | "KEY_ROTATED" | "NOT_YET_VALID" | "EXPIRED" | "CHECK_IN_OVERDUE" | "ENVIRONMENT_SCOPE_REQUIRED" | "ENVIRONMENT_MISMATCH" | "PRODUCT_SCOPE_REQUIRED" | "PRODUCT_NOT_LICENSED" | "VERSION_SCOPE_REQUIRED" | "VERSION_NOT_ENTITLED" | "USER_SCOPE_REQUIRED" | "USER_NOT_ASSIGNED" | "ENTITLEMENT_MISSING" | "FINGERPRINT_REQUIRED" | "NOT_ACTIVATED" | "FINGERPRINT_MISMATCH" | "COMPONENTS_REQUIRED" | "COMPONENTS_MISMATCH" | "NO_LEASE" | "LEASE_EXPIRED" | "TOO_MANY_ACTIVATIONS" | "TOO_MANY_LEASES" | "TOO_MANY_USERS" | "QUOTA_EXCEEDED" | "VALID_IN_GRACE" | "VALID_OVERAGE" | "VALID"; reasons: ("NOT_FOUND" | "TENANT_SUSPENDED" | "REVOKED" | "SUSPENDED" | "KEY_ROTATED" | "NOT_YET_VALID" | "EXPIRED" | "CHECK_IN_OVERDUE" | "ENVIRONMENT_SCOPE_REQUIRED" | "ENVIRONMENT_MISMATCH" | "PRODUCT_SCOPE_REQUIRED" | "PRODUCT_NOT_LICENSED" | "VERSION_SCOPE_REQUIRED" | "VERSION_NOT_ENTITLED" | "USER_SCOPE_REQUIRED" | "USER_NOT_ASSIGNED" | "ENTITLEMENT_MISSING" | "FINGERPRINT_REQUIRED" | "NOT_ACTIVATED" | "FINGERPRINT_MISMATCH" | "COMPONENTS_REQUIRED" | "COMPONENTS_MISMATCH" | "NO_LEASE" | "LEASE_EXPIRED" | "TOO_MANY_ACTIVATIONS" | "TOO_MANY_LEASES" | "TOO_MANY_USERS" | "QUOTA_EXCEEDED" | "VALID_IN_GRACE" | "VALID_OVERAGE" | "VALID")[]; status: "ACTIVE" | "EXPIRED" | "SUSPENDED" | "REVOKED" | null; effectiveStatus: "ACTIVE" | "EXPIRED" | "SUSPENDED" | "REVOKED" | "IN_GRACE" | "NOT_YET_VALID" | null; at: string; licenseId: string | null; revision: number | null; rules: (ValidationRule)[]; repairs: (Repair)[]; unrepairable: "NOT_FOUND" | "TENANT_SUSPENDED" | "REVOKED" | "SUSPENDED" | "KEY_ROTATED" | "NOT_YET_VALID" | "EXPIRED" | "CHECK_IN_OVERDUE" | "ENVIRONMENT_SCOPE_REQUIRED" | "ENVIRONMENT_MISMATCH" | "PRODUCT_SCOPE_REQUIRED" | "PRODUCT_NOT_LICENSED" | "VERSION_SCOPE_REQUIRED" | "VERSION_NOT_ENTITLED" | "USER_SCOPE_REQUIRED" | "USER_NOT_ASSIGNED" | "ENTITLEMENT_MISSING" | "FINGERPRINT_REQUIRED" | "NOT_ACTIVATED" | "FINGERPRINT_MISMATCH" | "COMPONENTS_REQUIRED" | "COMPONENTS_MISMATCH" | "NO_LEASE" | "LEASE_EXPIRED" | "TOO_MANY_ACTIVATIONS" | "TOO_MANY_LEASES" | "TOO_MANY_USERS" | "QUOTA_EXCEEDED" | "VALID_IN_GRACE" | "VALID_OVERAGE" | "VALID" | null };
export type ValidationRule = { code: "NOT_FOUND" | "TENANT_SUSPENDED" | "REVOKED" | "SUSPENDED" | "KEY_ROTATED" | "NOT_YET_VALID" | "EXPIRED" | "CHECK_IN_OVERDUE" | "ENVIRONMENT_SCOPE_REQUIRED" | "ENVIRONMENT_MISMATCH" | "PRODUCT_SCOPE_REQUIRED" | "PRODUCT_NOT_LICENSED" | "VERSION_SCOPE_REQUIRED" | "VERSION_NOT_ENTITLED" | "USER_SCOPE_REQUIRED" | "USER_NOT_ASSIGNED" | "ENTITLEMENT_MISSING" | "FINGERPRINT_REQUIRED" | "NOT_ACTIVATED" | "FINGERPRINT_MISMATCH" | "COMPONENTS_REQUIRED" | "COMPONENTS_MISMATCH" | "NO_LEASE" | "LEASE_EXPIRED" | "TOO_MANY_ACTIVATIONS" | "TOO_MANY_LEASES" | "TOO_MANY_USERS" | "QUOTA_EXCEEDED" | "VALID_IN_GRACE" | "VALID_OVERAGE" | "VALID"; outcome: "PASSED" | "FAILED" | "NOTED" | "NOT_APPLICABLE"; why: "NOT_NAMED" | "NOT_REQUIRED" | "NO_END" | "WAITS_FOR_DEVICE" | "NOTHING_TO_COMPARE" | "OVERUSE_STAYS" | "BLOCKED" | null; inputs: { [name: string]: string | number | boolean | null | (string)[] } };
export type Repair = { code: "NOT_FOUND" | "TENANT_SUSPENDED" | "REVOKED" | "SUSPENDED" | "KEY_ROTATED" | "NOT_YET_VALID" | "EXPIRED" | "CHECK_IN_OVERDUE" | "ENVIRONMENT_SCOPE_REQUIRED" | "ENVIRONMENT_MISMATCH" | "PRODUCT_SCOPE_REQUIRED" | "PRODUCT_NOT_LICENSED" | "VERSION_SCOPE_REQUIRED" | "VERSION_NOT_ENTITLED" | "USER_SCOPE_REQUIRED" | "USER_NOT_ASSIGNED" | "ENTITLEMENT_MISSING" | "FINGERPRINT_REQUIRED" | "NOT_ACTIVATED" | "FINGERPRINT_MISMATCH" | "COMPONENTS_REQUIRED" | "COMPONENTS_MISMATCH" | "NO_LEASE" | "LEASE_EXPIRED" | "TOO_MANY_ACTIVATIONS" | "TOO_MANY_LEASES" | "TOO_MANY_USERS" | "QUOTA_EXCEEDED" | "VALID_IN_GRACE" | "VALID_OVERAGE" | "VALID"; action: "REINSTATE" | "RENEW" | "EXTEND_MAINTENANCE" | "ADD_PRODUCT" | "GRANT_ENTITLEMENT" | "ASSIGN_USER" | "UNASSIGN_USERS" | "RELEASE_DEVICES" | "RELEASE_SEATS" | "CHANGE_LIMITS" | "ACTIVATE" | "TAKE_SEAT" | "SEND" | "VALIDATE" | "WAIT"; operationId: string | null; method: "POST" | "DELETE" | null; path: string | null; body: { [name: string]: unknown } | null; fromRequest: (string)[]; choose: { count: number; ids: (string)[] } | null; send: { [name: string]: unknown } | null; omit: (string)[]; until: string | null; alternatives: (RepairStep)[] };
export type RepairStep = { action: "REINSTATE" | "RENEW" | "EXTEND_MAINTENANCE" | "ADD_PRODUCT" | "GRANT_ENTITLEMENT" | "ASSIGN_USER" | "UNASSIGN_USERS" | "RELEASE_DEVICES" | "RELEASE_SEATS" | "CHANGE_LIMITS" | "ACTIVATE" | "TAKE_SEAT" | "SEND" | "VALIDATE" | "WAIT"; operationId: string | null; method: "POST" | "DELETE" | null; path: string | null; body: { [name: string]: unknown } | null; fromRequest: (string)[]; choose: { count: number; ids: (string)[] } | null; send: { [name: string]: unknown } | null; omit: (string)[]; until: string | null };
export type LicenseHit = { license: License; matchedBy: ("LICENSE_KEY" | "KEY_HINT" | "LICENSE_ID" | "EXTERNAL_REF" | "HOLDER_NAME" | "DEVICE" | "DEVICE_NAME" | "USER")[] };
export type LicenseWithUse = { id: string; status: "ACTIVE" | "EXPIRED" | "SUSPENDED" | "REVOKED"; effectiveStatus: "ACTIVE" | "EXPIRED" | "SUSPENDED" | "REVOKED" | "IN_GRACE" | "NOT_YET_VALID"; tier: "FREE" | "TRIAL" | "PRO" | "ENTERPRISE"; products: (string)[]; policy: { id: string; version: number; type: "SUBSCRIPTION" | "TRIAL" | "PERPETUAL"; expiryStrategy: "RESTRICT" | "MAINTAIN" | "ALLOW"; expiryGraceSeconds: number; validationTtlSeconds: number; offlineGraceSeconds: number; limitStrategy: "ALLOW_OVER" | "REJECT" | "EVICT_OLDEST"; transferable: boolean; devicesPerUser: number | null; deactivateUnseenAfter: string | null; fingerprintUniqueness: "LICENSE" | "POLICY" | "PRODUCT" | "ISSUER" }; issuerOrganizationId: string; holderOrganizationId: string | null; pendingHolder: { organizationId: string; offeredAt: string; expiresAt: string } | null; term: { number: number; startsAt: string | null; expiresAt: string | null; graceUntil: string | null; awaits: { trigger: "FIRST_ACTIVATION" | "FIRST_VALIDATION"; duration: string } | null; timeZone: string; renewal: "auto" | "manual" | "cancelAtPeriodEnd" }; suspension: { reasonCode: "PAYMENT" | "FRAUD" | "CUSTOMER_REQUEST" | "ADMIN" | "LEGAL"; since: string; until: string | null } | null; suspensions: ({ reasonCode: "PAYMENT" | "FRAUD" | "CUSTOMER_REQUEST" | "ADMIN" | "LEGAL"; since: string; until: string | null })[]; scheduled: ({ eventId: string; effectiveAt: string; kind: "SUSPENSION"; reasonCode: "PAYMENT" | "FRAUD" | "CUSTOMER_REQUEST" | "ADMIN" | "LEGAL"; until: string | null } | { eventId: string; effectiveAt: string; kind: "RENEWAL"; to: "auto" | "manual" | "cancelAtPeriodEnd" } | { eventId: string; effectiveAt: string; kind: "TIER"; tier: "FREE" | "TRIAL" | "PRO" | "ENTERPRISE"; policy: { id: string; version: number } })[]; revokedAt: string | null; limits: { activations: Limit; seats: Limit; users: Limit; meters: { [name: string]: MeterLimit } }; usage: { activations: number; seats: number; users: number; meters: { [name: string]: number }; resetsAt: string | null; periods?: { [name: string]: { startsAt: string; endsAt: string | null } } }; overrides: Overrides; entitlements: ({ code: string; value: string | null; limit: number | null; until: string | null; source: "tier" | "product" | "grant" | "trial"; ended: boolean; withheld: boolean; sources: ({ value: string | null; limit: number | null; until: string | null; source: "tier" | "product" | "grant" | "trial"; ended: boolean; withheld: boolean })[] })[]; maintenanceUntil: string | null; keyHint: string | null; keyVersion: number; keyOverlaps: ({ keyVersion: number; until: string })[]; externalRef: string | null; replaces: string | null; replacedBy: string | null; imported: { source: string; sourceRef: string; historyFrom: string } | null; recorded: boolean; metadata: { [name: string]: unknown }; createdAt: string; revision: number; lastValidatedAt: string | null; recentValidations: (DayOfValidations)[] };
export type DayOfValidations = { day: string; product: string | null; validations: number; denied: number };
export type Device = { id: string; licenseId: string; product: string | null; name: string | null; platform: string | null; appVersion: string | null; user: string | null; environment: string | null; activatedAt: string; lastSeenAt: string; lastVersion: string | null; lastProduct: string | null; deactivatesAt: string | null; metadata: { [name: string]: unknown }; fingerprintUniqueness: "LICENSE" | "POLICY" | "PRODUCT" | "ISSUER" };
export type SeatInUse = { id: string; scope: "MACHINE" | "INSTANCE" | "USER"; product: string | null; holder: string | null; user: string | null; since: string; lastHeartbeatAt: string | null; until: string; borrowed: boolean; released: boolean };
export type AssignedUser = { user: string; name: string | null; assignedAt: string };
export type Event = { id: string; type: string; revision: number; position: string; sequence?: string; effectiveAt: string; recordedAt: string; actor: { type: string; id: string; onBehalfOf: string | null }; reason: { code: string; text: string | null } | null; commandId: string; correlationId: string; causationId: string | null; hash: string; data: { [name: string]: unknown } };
export type LicenseExplanation = { licenseId: string; at: string; revision: number; fields: (ExplainedField)[] };
export type ExplainedField = { field: string; value: unknown; setBy: SettingEvent | null; before: unknown; byTime: { since: string; from: "term.startsAt" | "term.expiresAt" | "term.graceUntil" | "suspension.until" | "scheduled" | "keyOverlaps" | "entitlements" | "pendingHolder" | "usage"; announcedBy: SettingEvent | null } | null };
export type SettingEvent = { eventId: string; type: string; revision: number; recordedAt: string; effectiveAt: string; actor: { type: string; id: string; onBehalfOf: string | null }; reason: { code: string; text: string | null } | null };
export type Denial = { deniedAt: string; code: string; product: string | null; version: string | null; device: string | null; addressPrefix: string | null };
export type UsageOfPeriod = { meter: string; resets: "TERM" | "NEVER" | "P1D" | "P1W" | "P1M" | "P1Y"; periodStart: string; periodEnd: string | null; running: boolean; recorded: number; carried: number; corrected: number; reset: number; total: number; limit: Limit; overage: boolean };
export type UsageOfDay = { meter: string; day: string; recorded: number; corrected: number; reset: number };
export type SignedInOnDevice = { accessToken: string; tokenType: "Bearer"; expiresInSeconds: number; refreshToken: string; refreshExpiresAt: string; user: User; organization: OrganizationOfUser | null; deviceToken: string };
export type User = { id: string; email: string; displayName: string | null; createdAt: string };
export type OrganizationOfUser = { id: string; name: string; role: "OWNER" | "ADMIN" | "MEMBER" | "GUEST" | "BILLING" | "AUDITOR" | "SUPPORT" | "SALES" | "DEVELOPER" };
export type SignedIn = { accessToken: string; tokenType: "Bearer"; expiresInSeconds: number; refreshToken: string; refreshExpiresAt: string; user: User; organization: OrganizationOfUser | null };
export type AccessGranted = { accessToken: string; tokenType: "Bearer"; expiresInSeconds: number; user: User; organization: OrganizationOfUser | null };
export type PasswordResetRequested = { validMinutes: number };
export type Session = { id: string; isCurrent: boolean; organizationId: string | null; userAgent: string | null; createdAt: string; lastUsedAt: string; expiresAt: string };
export type PublicKey = { kty: "EC"; crv: "P-256"; x: string; y: string; kid: string; alg: "ES256"; use: "sig" };
export type InvitationAccepted = { user: User; organization: OrganizationOfUser };
export type OrganizationMembership = { id: string; name: string; timeZone: string; createdAt: string; closedAt: string | null; role: "OWNER" | "ADMIN" | "MEMBER" | "GUEST" | "BILLING" | "AUDITOR" | "SUPPORT" | "SALES" | "DEVELOPER"; joinedAt: string };
export type Organization = { id: string; name: string; timeZone: string; createdAt: string; closedAt: string | null; logIsPublic: boolean; holdersGetProofs: boolean };
export type Member = { state: "active"; userId: string; displayName: string | null; label: string | null; email?: string | null; role: "OWNER" | "ADMIN" | "MEMBER" | "GUEST" | "BILLING" | "AUDITOR" | "SUPPORT" | "SALES" | "DEVELOPER"; joinedAt: string; createdBy: string | null };
export type Invitation = { state: "invited"; invitationId: string; email?: string | null; role: "OWNER" | "ADMIN" | "MEMBER" | "GUEST" | "BILLING" | "AUDITOR" | "SUPPORT" | "SALES" | "DEVELOPER"; invitedAt: string; expiresAt: string; createdBy: string | null };
export type Invited = { invitation: Invitation; token: string | null; isMailed: boolean };
export type RemovedMember = { apiKeys: (ApiKey)[] };
export type ApiKey = { id: string; name: string; scopes: ("licenses:read" | "licenses:write" | "licenses:activate" | "catalog:write" | "events:read" | "webhooks:write" | "members:write" | "projects:write")[]; products: (string)[] | null; hint: string; previousHint: string | null; overlapUntil: string | null; createdAt: string; createdBy: string | null; expiresAt: string | null; revokedAt: string | null; lastUsedAt: string | null };
export type InvitationToken = { invitation: Invitation; token: string };
export type ApiKeyCreated = { apiKey: ApiKey; secret: string };
export type ApiKeyRotated = { apiKey: ApiKey; secret: string };
export type Project = { id: string; name: string; metadata: { [name: string]: JsonValue }; createdAt: string; archivedAt: string | null };
export type LicenseOffer = { licenseId: string; issuer: { organizationId: string; name: string | null }; tier: "FREE" | "TRIAL" | "PRO" | "ENTERPRISE"; products: (string)[]; policy: { id: string; version: number }; offeredAt: string; expiresAt: string; expiry: "KEEP" | "RESET"; activations: "KEEP" | "RELEASE" };
export type LicenseOfferAccepted = { license: License; changed: boolean; licenseKey: string | null; oldKeyWorks: boolean | null };
export type LicenseOfferDeclined = { licenseId: string; changed: boolean };
export type Issuer = { organizationId: string; name: string | null; decision: "TRUSTED" | "BLOCKED" | null; decidedAt: string | null };
export type CloudEvent = { specversion: "1.0"; id: string; source: string; type: string; subject: string; time: string; datacontenttype: "application/json"; recordedtime: string; position: string; revision: number; sequence?: string; correlationid: string; causationid?: string; data: { licenseId: string; actor: { type: string; id: string; onBehalfOf: string | null }; reason: { code: string } | null; [name: string]: unknown } };
export type Checkpoint = { origin: string; size: number; root: string; signedAt: string; note: string };
export type EventProof = { index: number; leaf: string; hashes: (string)[]; checkpoint: string };
export type Product = { id: string; code: string; name: string; description: string | null; createdAt: string; archivedAt: string | null };
export type Release = { product: string; version: string; releasedAt: string; channel: string; publishedAt: string; withdrawnAt: string | null };
export type Policy = { id: string; version: number; name: string; tier: "FREE" | "TRIAL" | "PRO" | "ENTERPRISE"; type: "SUBSCRIPTION" | "TRIAL" | "PERPETUAL"; expiryStrategy: "RESTRICT" | "MAINTAIN" | "ALLOW"; expiryGraceSeconds: number; validationTtlSeconds: number; offlineGraceSeconds: number; overage: { kind: "NONE" } | { kind: "RATIO"; percent: number } | { kind: "ALWAYS" }; limitStrategy: "ALLOW_OVER" | "REJECT" | "EVICT_OLDEST"; deactivation: { allowed: boolean; cooldownSeconds: number; maxPerTerm: number | null }; fingerprintMatching: "EXACT" | "ANY" | "MOST" | "ALL"; componentCheck: "NONE" | "ANY" | "TWO" | "MOST" | "ALL"; fingerprintUniqueness: "LICENSE" | "POLICY" | "PRODUCT" | "ISSUER"; fingerprintRequired: boolean; productRequired: boolean; lease: { scope: "MACHINE" | "INSTANCE" | "USER"; ttlSeconds: number; resurrectSeconds: number; borrowMaxSeconds: number }; heartbeatSeconds: number | null; remindBefore: (string)[]; trialEnd: "EXPIRE" | "DOWNGRADE"; trialDays: "KEEP" | "DROP"; trialAddressIgnores: ("TAG" | "DOTS" | "CASE")[]; reinstateOnPayment: boolean; transferable: boolean; renewUntilSeconds: number | null; renewalDuration: string | null; renewalBasis: "FROM_EXPIRY" | "FROM_NOW" | "FROM_NOW_IF_EXPIRED" | null; checkInSeconds: number | null; userRequired: boolean; versionRequired: boolean; environmentRequired: boolean; releasedAtRequired: boolean; leaseRequired: boolean; environment: string | null; maintenance: string | null; versions: { from: string | null; below: string | null } | null; deactivateOnUnassign: boolean; devicesPerUser: number | null; deactivateUnseenAfter: string | null; usagePerMinute: number; keepAddressPrefix: boolean; reclaimBorrowed: boolean; deactivateByKey: "ANY" | "OWN"; deviceNamesByKey: boolean; products: (string)[]; term: { basis: "PERPETUAL" } | { basis: "FIXED"; expiresAt: string } | { basis: "ISSUE" | "FIRST_ACTIVATION" | "FIRST_VALIDATION"; duration: string }; limits: { activations: Limit; seats: Limit; users: Limit; meters: { [name: string]: MeterLimit } }; entitlements: ({ code: string; value: string | null; limit: number | null; until: string | null; source: "tier" | "product" | "grant" | "trial" })[]; createdAt: string; versionCreatedAt: string; archivedAt: string | null };
export type AuditPack = { packId: string; state: "QUEUED" | "RUNNING" | "READY" | "FAILED"; reason: string | null; filter: { [name: string]: JsonValue } | null; licenses: number; from: string; to: string; proofsOnly: boolean; done: number; total: number; bytes: number | null; sha256: string | null; createdAt: string; expiresAt: string | null };
/** The input and the answer of every operation. */
export type Operations = {
  validateLicense: { body?: ValidateLicense; answer: Validation };
  renewLease: { params: { leaseId: string }; body?: LeaseHeartbeat; answer: { lease: Lease; changed: boolean; limits: LicenseUsage; revision: number } };
  activateLicense: { body: ActivateLicense; answer: { activation: Activation; changed: boolean; limits: LicenseUsage; revision: number } };
  acquireLease: { body: AcquireLease; answer: { lease: Lease; changed: boolean; limits: LicenseUsage; revision: number } };
  releaseLease: { params: { leaseId: string }; query?: { licenseId?: string }; body?: ReleaseLease; answer: { leaseId: string; changed: boolean; limits: LicenseUsage; revision: number } };
  deactivateLicense: { body: DeactivateLicense; answer: { licenseId: string; changed: boolean; limits: LicenseUsage; revision: number } };
  swapActivation: { body: SwapActivation; answer: { activation: Activation; changed: boolean; limits: LicenseUsage; revision: number } };
  recordUsage: { body: RecordUsage; answer: RecordedUsage | RecordedUsageList };
  licenseFeatures: { query?: { licenseId?: string; product?: string }; answer: Features };
  issueLicense: { body: IssueLicense; answer: { license: License; licenseKey: string } };
  listLicenses: { query?: { limit?: number; cursor?: string; status?: "ACTIVE" | "EXPIRED" | "SUSPENDED" | "REVOKED" | "EXPIRING" | "INACTIVE"; suspendedFor?: "PAYMENT" | "FRAUD" | "CUSTOMER_REQUEST" | "ADMIN" | "LEGAL"; tier?: "FREE" | "TRIAL" | "PRO" | "ENTERPRISE"; product?: string; policy?: string; activations?: "0" | "AT_LIMIT"; seats?: "0" | "AT_LIMIT"; user?: string; metadata?: { [name: string]: string }; externalRef?: string; keyHint?: string; holder?: string; issuer?: string; expiresBefore?: string; expiresAfter?: string; lastValidatedBefore?: string; q?: string; contains?: string; sort?: "-createdAt" | "createdAt" | "expiresAt" | "-expiresAt" }; answer: { data: (License)[]; nextCursor: string | null; hasMore: boolean } };
  importLicense: { body: ImportLicense; answer: { license: License; licenseKey: string } };
  explainValidation: { body: ExplainValidation; answer: ValidationExplanation };
  searchLicenses: { body: LicenseSearch; answer: { data: (LicenseHit)[]; hasMore: boolean } };
  listHolders: { query: { ids: string }; answer: { data: ({ organizationId: string; name: string })[] } };
  getLicense: { params: { licenseId: string }; query?: { asOf?: string }; answer: LicenseWithUse };
  changeLicense: { params: { licenseId: string }; body: ChangeLicense; answer: { license: License; changed: boolean } };
  listActivations: { params: { licenseId: string }; query?: { limit?: number; cursor?: string }; answer: { data: (Device)[]; nextCursor: string | null; hasMore: boolean } };
  searchActivations: { query?: { limit?: number; cursor?: string; fingerprint?: string; name?: string; platform?: string; seenBefore?: string }; answer: { data: (Device)[]; nextCursor: string | null; hasMore: boolean } };
  changeActivation: { params: { licenseId: string; activationId: string }; body: ChangeActivation; answer: { license: License; changed: boolean } };
  releaseActivation: { params: { licenseId: string; activationId: string }; body?: ReleaseActivation; answer: { license: License; changed: boolean } };
  listLeases: { params: { licenseId: string }; query?: { limit?: number; cursor?: string }; answer: { data: (SeatInUse)[]; nextCursor: string | null; hasMore: boolean } };
  releaseLicenseLease: { params: { licenseId: string; leaseId: string }; body?: ReleaseSeat; answer: { license: License; changed: boolean } };
  listLicenseUsers: { params: { licenseId: string }; query?: { limit?: number; cursor?: string }; answer: { data: (AssignedUser)[]; nextCursor: string | null; hasMore: boolean } };
  assignLicenseUser: { params: { licenseId: string }; body: AssignUser; answer: { license: License; changed: boolean; user: string } };
  unassignLicenseUserByName: { params: { licenseId: string }; body: UnassignUserByName; answer: { license: License; changed: boolean } };
  unassignLicenseUser: { params: { licenseId: string; user: string }; body?: UnassignUser; answer: { license: License; changed: boolean } };
  licenseHistory: { params: { licenseId: string }; query?: { limit?: number; cursor?: string; order?: "asc" | "desc"; types?: string; from?: string; to?: string; actor?: string; requestId?: string }; answer: { data: (Event)[]; nextCursor: string | null; hasMore: boolean } };
  explainLicense: { params: { licenseId: string }; query?: { asOf?: string }; answer: LicenseExplanation };
  licenseValidations: { params: { licenseId: string }; query?: { from?: string; to?: string }; answer: { from: string; to: string; data: (DayOfValidations)[] } };
  organizationValidations: { query?: { from?: string; to?: string }; answer: { from: string; to: string; data: (DayOfValidations)[] } };
  listDenials: { params: { licenseId: string }; query?: { limit?: number; cursor?: string }; answer: { data: (Denial)[]; nextCursor: string | null; hasMore: boolean } };
  readUsage: { params: { licenseId: string }; query?: { from?: string; to?: string; by?: "period" | "day"; meter?: string; limit?: number; cursor?: string }; answer: { data: (UsageOfPeriod | UsageOfDay)[]; nextCursor: string | null; hasMore: boolean } };
  resetUsage: { params: { licenseId: string }; query?: { preview?: boolean }; body: ResetUsage; answer: { license: License; changed: boolean; before?: License; after?: License; effectiveAt?: string; ended?: { activations: { count: number; ids: (string)[] }; leases: { count: number; ids: (string)[] }; users: { count: number; ids: (string)[] } } } };
  suspendLicense: { params: { licenseId: string }; body: SuspendLicense; answer: { license: License; changed: boolean } };
  reinstateLicense: { params: { licenseId: string }; body?: ReinstateLicense; answer: { license: License; changed: boolean } };
  renewLicense: { params: { licenseId: string }; query?: { preview?: boolean }; body?: RenewLicense; answer: { license: License; changed: boolean; paidTerm: { number: number; startsAt: string; expiresAt: string | null; billingRef: string } | null; before?: License; after?: License; effectiveAt?: string; ended?: { activations: { count: number; ids: (string)[] }; leases: { count: number; ids: (string)[] }; users: { count: number; ids: (string)[] } } } };
  revokeLicense: { params: { licenseId: string }; body: RevokeLicense; answer: { license: License; changed: boolean } };
  changeLicenseExpiry: { params: { licenseId: string }; body: ChangeLicenseExpiry; answer: { license: License; changed: boolean } };
  changeLicenseMaintenance: { params: { licenseId: string }; body: ChangeLicenseMaintenance; answer: { license: License; changed: boolean } };
  setLicenseRenewal: { params: { licenseId: string }; body: SetLicenseRenewal; answer: { license: License; changed: boolean } };
  cancelScheduledChange: { params: { licenseId: string }; body: CancelScheduledChange; answer: { license: License; changed: boolean } };
  changeLicenseTier: { params: { licenseId: string }; query?: { preview?: boolean }; body: ChangeLicenseTier; answer: { license: License; changed: boolean; paidTerm: { number: number; startsAt: string; expiresAt: string | null; billingRef: string } | null; dropped: Overrides; before?: License; after?: License; effectiveAt?: string; ended?: { activations: { count: number; ids: (string)[] }; leases: { count: number; ids: (string)[] }; users: { count: number; ids: (string)[] } } } };
  changeLicensePolicy: { params: { licenseId: string }; query?: { preview?: boolean }; body: ChangeLicensePolicy; answer: { license: License; changed: boolean; paidTerm: { number: number; startsAt: string; expiresAt: string | null; billingRef: string } | null; dropped: Overrides; before?: License; after?: License; effectiveAt?: string; ended?: { activations: { count: number; ids: (string)[] }; leases: { count: number; ids: (string)[] }; users: { count: number; ids: (string)[] } } } };
  convertTrial: { params: { licenseId: string }; query?: { preview?: boolean }; body: ConvertTrial; answer: { license: License; changed: boolean; paidTerm: { number: number; startsAt: string; expiresAt: string | null; billingRef: string } | null; dropped: Overrides; before?: License; after?: License; effectiveAt?: string; ended?: { activations: { count: number; ids: (string)[] }; leases: { count: number; ids: (string)[] }; users: { count: number; ids: (string)[] } } } };
  changeLicenseLimits: { params: { licenseId: string }; query?: { preview?: boolean }; body: ChangeLicenseLimits; answer: { license: License; changed: boolean; before?: License; after?: License; effectiveAt?: string; ended?: { activations: { count: number; ids: (string)[] }; leases: { count: number; ids: (string)[] }; users: { count: number; ids: (string)[] } } } };
  changeLicenseProducts: { params: { licenseId: string }; query?: { preview?: boolean }; body: ChangeLicenseProducts; answer: { license: License; changed: boolean; before?: License; after?: License; effectiveAt?: string; ended?: { activations: { count: number; ids: (string)[] }; leases: { count: number; ids: (string)[] }; users: { count: number; ids: (string)[] } } } };
  changeLicenseEntitlements: { params: { licenseId: string }; body: ChangeLicenseEntitlements; answer: { license: License; changed: boolean; entitlement: { code: string; value: string | null; limit: number | null; until: string | null; source: "tier" | "product" | "grant" | "trial"; sources: ({ value: string | null; limit: number | null; until: string | null; source: "tier" | "product" | "grant" | "trial" })[] } | null } };
  transferLicense: { params: { licenseId: string }; body: TransferLicense; answer: { license: License; changed: boolean; licenseKey: string | null; oldKeyWorks: boolean | null } };
  rotateLicenseKey: { params: { licenseId: string }; body?: RotateLicenseKey; answer: { license: License; changed: boolean; licenseKey: string } };
  endKeyOverlap: { params: { licenseId: string }; body?: EndKeyOverlap; answer: { license: License; changed: boolean } };
  signUp: { body: SignUp; answer: SignedInOnDevice };
  logIn: { body: LogIn; answer: SignedInOnDevice };
  refresh: { body: Refresh; answer: SignedIn };
  logOut: { body?: LogOut; answer: undefined };
  openBrowserSession: { body: OpenBrowserSession; answer: AccessGranted };
  refreshBrowserSession: { body?: BrowserSession; answer: AccessGranted };
  endBrowserSession: { answer: undefined };
  switchOrganization: { body: SwitchOrganization; answer: AccessGranted };
  me: { answer: { user: User; sessionId: string; organization: OrganizationOfUser | null } };
  changePassword: { body: ChangePassword; answer: undefined };
  requestPasswordReset: { body: RequestPasswordReset; answer: PasswordResetRequested };
  resetPassword: { body: ResetPassword; answer: SignedInOnDevice };
  confirmPassword: { body: ConfirmPassword; answer: undefined };
  listSessions: { answer: { data: (Session)[]; nextCursor: string | null; hasMore: boolean } };
  endSession: { params: { sessionId: string }; answer: undefined };
  jwks: { answer: { keys: (PublicKey)[] } };
  acceptInvitation: { body: AcceptInvitation; answer: InvitationAccepted | SignedInOnDevice };
  getUser: { params: { userId: string }; answer: User };
  changeUser: { params: { userId: string }; body: ChangeUser; answer: User };
  deleteUser: { params: { userId: string }; answer: undefined };
  listOrganizations: { query?: { limit?: number; cursor?: string }; answer: { data: (OrganizationMembership)[]; nextCursor: string | null; hasMore: boolean } };
  createOrganization: { body: NewOrganization; answer: Organization };
  getOrganization: { params: { organizationId: string }; answer: Organization };
  changeOrganization: { params: { organizationId: string }; body?: OrganizationChange; answer: Organization };
  closeOrganization: { params: { organizationId: string }; answer: Organization };
  listMembers: { params: { organizationId: string }; query?: { limit?: number; cursor?: string; role?: "OWNER" | "ADMIN" | "MEMBER" | "GUEST" | "BILLING" | "AUDITOR" | "SUPPORT" | "SALES" | "DEVELOPER"; state?: "active" | "invited" }; answer: { data: (Member | Invitation)[]; nextCursor: string | null; hasMore: boolean } };
  inviteMember: { params: { organizationId: string }; body: NewInvitation; answer: Invited };
  getMember: { params: { organizationId: string; userId: string }; answer: Member };
  changeMember: { params: { organizationId: string; userId: string }; body: MemberChange; answer: Member };
  removeMember: { params: { organizationId: string; userId: string }; query?: { revokeKeys?: boolean }; answer: RemovedMember };
  createInvitationToken: { params: { organizationId: string; invitationId: string }; answer: InvitationToken };
  withdrawInvitation: { params: { organizationId: string; invitationId: string }; answer: undefined };
  listApiKeys: { query?: { limit?: number; cursor?: string }; answer: { data: (ApiKey)[]; nextCursor: string | null; hasMore: boolean } };
  createApiKey: { body: NewApiKey; answer: ApiKeyCreated };
  getApiKey: { params: { apiKeyId: string }; answer: ApiKey };
  changeApiKey: { params: { apiKeyId: string }; body?: ApiKeyChange; answer: ApiKey };
  revokeApiKey: { params: { apiKeyId: string }; answer: ApiKey };
  rotateApiKey: { params: { apiKeyId: string }; body?: RotateApiKey; answer: ApiKeyRotated };
  endApiKeyOverlap: { params: { apiKeyId: string }; answer: ApiKey };
  listProjects: { query?: { limit?: number; cursor?: string; archived?: boolean; q?: string }; answer: { data: (Project)[]; nextCursor: string | null; hasMore: boolean } };
  createProject: { body: NewProject; answer: Project };
  getProject: { params: { projectId: string }; answer: Project };
  changeProject: { params: { projectId: string }; body?: ProjectChange; answer: Project };
  archiveProject: { params: { projectId: string }; answer: Project };
  listLicenseOffers: { query?: { limit?: number; cursor?: string; issuer?: string }; answer: { data: (LicenseOffer)[]; nextCursor: string | null; hasMore: boolean } };
  acceptLicenseOffer: { params: { licenseId: string }; answer: LicenseOfferAccepted };
  declineLicenseOffer: { params: { licenseId: string }; answer: LicenseOfferDeclined };
  listIssuers: { query?: { limit?: number; cursor?: string; decision?: "TRUSTED" | "BLOCKED" }; answer: { data: (Issuer)[]; nextCursor: string | null; hasMore: boolean } };
  trustIssuer: { params: { organizationId: string }; answer: Issuer };
  blockIssuer: { params: { organizationId: string }; answer: Issuer };
  forgetIssuer: { params: { organizationId: string }; answer: Issuer };
  listEvents: { query?: { cursor?: string; limit?: number; types?: string; issuer?: string; license?: string; order?: "asc" | "desc"; wait?: number }; answer: { data: (CloudEvent)[]; nextCursor: string; hasMore: boolean; skippedFrom: string | null; skippedThrough: string | null } };
  getEvent: { params: { eventId: string }; answer: CloudEvent };
  listCheckpoints: { params: { organizationId: string }; query?: { limit?: number; cursor?: string }; answer: { data: (Checkpoint)[]; nextCursor: string | null; hasMore: boolean } };
  createCheckpoint: { params: { organizationId: string }; answer: Checkpoint };
  getEventProof: { params: { eventId: string }; answer: EventProof };
  listProducts: { query?: { limit?: number; cursor?: string; code?: string; archived?: boolean; q?: string }; answer: { data: (Product)[]; nextCursor: string | null; hasMore: boolean } };
  createProduct: { body: NewProduct; answer: Product };
  getProduct: { params: { productId: string }; answer: Product };
  changeProduct: { params: { productId: string }; body?: ProductChange; answer: Product };
  archiveProduct: { params: { productId: string }; answer: Product };
  listReleases: { params: { code: string }; query?: { limit?: number; cursor?: string; channel?: string; withdrawn?: boolean }; answer: { data: (Release)[]; nextCursor: string | null; hasMore: boolean } };
  publishRelease: { params: { code: string }; body: NewRelease; answer: { release: Release; changed: boolean } };
  getRelease: { params: { code: string; version: string }; answer: Release };
  withdrawRelease: { params: { code: string; version: string }; answer: { release: Release; changed: boolean } };
  listPolicies: { query?: { limit?: number; cursor?: string; tier?: "FREE" | "TRIAL" | "PRO" | "ENTERPRISE"; archived?: boolean; q?: string }; answer: { data: (Policy)[]; nextCursor: string | null; hasMore: boolean } };
  createPolicy: { body: NewPolicy; answer: Policy };
  getPolicy: { params: { policyId: string }; query?: { version?: number }; answer: Policy };
  changePolicy: { params: { policyId: string }; body?: PolicyChange; answer: Policy };
  archivePolicy: { params: { policyId: string }; answer: Policy };
  requestPack: { body: NewPack; answer: AuditPack };
  listPacks: { query?: { limit?: number; cursor?: string }; answer: { data: (AuditPack)[]; nextCursor: string | null; hasMore: boolean } };
  getPack: { params: { packId: string }; answer: AuditPack };
  deletePack: { params: { packId: string }; answer: undefined };
  live: { answer: { status: "ok" } };
  ready: { answer: { status: "ok" | "degraded"; parts: { [name: string]: string }; faults: ({ part: string; state: "degraded"; reason: string; since: string })[] } };
  version: { answer: { [name: string]: string } };
};
/** The method and path of every operation. `repeats` is true when it accepts an Idempotency-Key. */
export const operations = {
  validateLicense: { method: 'POST', path: '/v1/licenses/validate', repeats: false },
  renewLease: { method: 'POST', path: '/v1/licenses/leases/{leaseId}/heartbeat', repeats: true },
  activateLicense: { method: 'POST', path: '/v1/licenses/activate', repeats: true },
  acquireLease: { method: 'POST', path: '/v1/licenses/leases', repeats: true },
  releaseLease: { method: 'DELETE', path: '/v1/licenses/leases/{leaseId}', repeats: true },
  deactivateLicense: { method: 'POST', path: '/v1/licenses/deactivate', repeats: true },
  swapActivation: { method: 'POST', path: '/v1/licenses/swap', repeats: true },
  recordUsage: { method: 'POST', path: '/v1/licenses/usage', repeats: true },
  licenseFeatures: { method: 'GET', path: '/v1/licenses/features', repeats: false },
  issueLicense: { method: 'POST', path: '/v1/licenses', repeats: true },
  listLicenses: { method: 'GET', path: '/v1/licenses', repeats: false },
  importLicense: { method: 'POST', path: '/v1/licenses/import', repeats: true },
  explainValidation: { method: 'POST', path: '/v1/licenses/explain-validation', repeats: false },
  searchLicenses: { method: 'POST', path: '/v1/licenses/search', repeats: false },
  listHolders: { method: 'GET', path: '/v1/holders', repeats: false },
  getLicense: { method: 'GET', path: '/v1/licenses/{licenseId}', repeats: false },
  changeLicense: { method: 'PATCH', path: '/v1/licenses/{licenseId}', repeats: true },
  listActivations: { method: 'GET', path: '/v1/licenses/{licenseId}/activations', repeats: false },
  searchActivations: { method: 'GET', path: '/v1/activations', repeats: false },
  changeActivation: { method: 'PATCH', path: '/v1/licenses/{licenseId}/activations/{activationId}', repeats: true },
  releaseActivation: { method: 'DELETE', path: '/v1/licenses/{licenseId}/activations/{activationId}', repeats: true },
  listLeases: { method: 'GET', path: '/v1/licenses/{licenseId}/leases', repeats: false },
  releaseLicenseLease: { method: 'DELETE', path: '/v1/licenses/{licenseId}/leases/{leaseId}', repeats: true },
  listLicenseUsers: { method: 'GET', path: '/v1/licenses/{licenseId}/users', repeats: false },
  assignLicenseUser: { method: 'POST', path: '/v1/licenses/{licenseId}/users', repeats: true },
  unassignLicenseUserByName: { method: 'DELETE', path: '/v1/licenses/{licenseId}/users', repeats: true },
  unassignLicenseUser: { method: 'DELETE', path: '/v1/licenses/{licenseId}/users/{user}', repeats: true },
  licenseHistory: { method: 'GET', path: '/v1/licenses/{licenseId}/history', repeats: false },
  explainLicense: { method: 'GET', path: '/v1/licenses/{licenseId}/explain', repeats: false },
  licenseValidations: { method: 'GET', path: '/v1/licenses/{licenseId}/validations', repeats: false },
  organizationValidations: { method: 'GET', path: '/v1/validations', repeats: false },
  listDenials: { method: 'GET', path: '/v1/licenses/{licenseId}/denials', repeats: false },
  readUsage: { method: 'GET', path: '/v1/licenses/{licenseId}/usage', repeats: false },
  resetUsage: { method: 'POST', path: '/v1/licenses/{licenseId}/usage/reset', repeats: true },
  suspendLicense: { method: 'POST', path: '/v1/licenses/{licenseId}/suspend', repeats: true },
  reinstateLicense: { method: 'POST', path: '/v1/licenses/{licenseId}/reinstate', repeats: true },
  renewLicense: { method: 'POST', path: '/v1/licenses/{licenseId}/renew', repeats: true },
  revokeLicense: { method: 'POST', path: '/v1/licenses/{licenseId}/revoke', repeats: true },
  changeLicenseExpiry: { method: 'POST', path: '/v1/licenses/{licenseId}/expiry', repeats: true },
  changeLicenseMaintenance: { method: 'POST', path: '/v1/licenses/{licenseId}/maintenance', repeats: true },
  setLicenseRenewal: { method: 'POST', path: '/v1/licenses/{licenseId}/renewal', repeats: true },
  cancelScheduledChange: { method: 'POST', path: '/v1/licenses/{licenseId}/cancel-scheduled', repeats: true },
  changeLicenseTier: { method: 'POST', path: '/v1/licenses/{licenseId}/tier', repeats: true },
  changeLicensePolicy: { method: 'POST', path: '/v1/licenses/{licenseId}/policy', repeats: true },
  convertTrial: { method: 'POST', path: '/v1/licenses/{licenseId}/convert', repeats: true },
  changeLicenseLimits: { method: 'POST', path: '/v1/licenses/{licenseId}/limits', repeats: true },
  changeLicenseProducts: { method: 'POST', path: '/v1/licenses/{licenseId}/products', repeats: true },
  changeLicenseEntitlements: { method: 'POST', path: '/v1/licenses/{licenseId}/entitlements', repeats: true },
  transferLicense: { method: 'POST', path: '/v1/licenses/{licenseId}/transfer', repeats: true },
  rotateLicenseKey: { method: 'POST', path: '/v1/licenses/{licenseId}/rotate-key', repeats: true },
  endKeyOverlap: { method: 'POST', path: '/v1/licenses/{licenseId}/end-key-overlap', repeats: true },
  signUp: { method: 'POST', path: '/v1/auth/signup', repeats: true },
  logIn: { method: 'POST', path: '/v1/auth/login', repeats: true },
  refresh: { method: 'POST', path: '/v1/auth/refresh', repeats: false },
  logOut: { method: 'POST', path: '/v1/auth/logout', repeats: true },
  openBrowserSession: { method: 'POST', path: '/v1/auth/browser-session', repeats: false },
  refreshBrowserSession: { method: 'PATCH', path: '/v1/auth/browser-session', repeats: false },
  endBrowserSession: { method: 'DELETE', path: '/v1/auth/browser-session', repeats: false },
  switchOrganization: { method: 'POST', path: '/v1/auth/switch', repeats: true },
  me: { method: 'GET', path: '/v1/auth/me', repeats: false },
  changePassword: { method: 'POST', path: '/v1/auth/password', repeats: true },
  requestPasswordReset: { method: 'POST', path: '/v1/auth/password-resets', repeats: true },
  resetPassword: { method: 'POST', path: '/v1/auth/password-resets/redeem', repeats: true },
  confirmPassword: { method: 'POST', path: '/v1/auth/password/confirm', repeats: false },
  listSessions: { method: 'GET', path: '/v1/auth/sessions', repeats: false },
  endSession: { method: 'DELETE', path: '/v1/auth/sessions/{sessionId}', repeats: true },
  jwks: { method: 'GET', path: '/.well-known/jwks.json', repeats: false },
  acceptInvitation: { method: 'POST', path: '/v1/invitations/accept', repeats: true },
  getUser: { method: 'GET', path: '/v1/users/{userId}', repeats: false },
  changeUser: { method: 'PATCH', path: '/v1/users/{userId}', repeats: true },
  deleteUser: { method: 'DELETE', path: '/v1/users/{userId}', repeats: true },
  listOrganizations: { method: 'GET', path: '/v1/organizations', repeats: false },
  createOrganization: { method: 'POST', path: '/v1/organizations', repeats: true },
  getOrganization: { method: 'GET', path: '/v1/organizations/{organizationId}', repeats: false },
  changeOrganization: { method: 'PATCH', path: '/v1/organizations/{organizationId}', repeats: true },
  closeOrganization: { method: 'DELETE', path: '/v1/organizations/{organizationId}', repeats: true },
  listMembers: { method: 'GET', path: '/v1/organizations/{organizationId}/members', repeats: false },
  inviteMember: { method: 'POST', path: '/v1/organizations/{organizationId}/members', repeats: true },
  getMember: { method: 'GET', path: '/v1/organizations/{organizationId}/members/{userId}', repeats: false },
  changeMember: { method: 'PATCH', path: '/v1/organizations/{organizationId}/members/{userId}', repeats: true },
  removeMember: { method: 'DELETE', path: '/v1/organizations/{organizationId}/members/{userId}', repeats: true },
  createInvitationToken: { method: 'POST', path: '/v1/organizations/{organizationId}/invitations/{invitationId}/token', repeats: false },
  withdrawInvitation: { method: 'DELETE', path: '/v1/organizations/{organizationId}/invitations/{invitationId}', repeats: true },
  listApiKeys: { method: 'GET', path: '/v1/api-keys', repeats: false },
  createApiKey: { method: 'POST', path: '/v1/api-keys', repeats: true },
  getApiKey: { method: 'GET', path: '/v1/api-keys/{apiKeyId}', repeats: false },
  changeApiKey: { method: 'PATCH', path: '/v1/api-keys/{apiKeyId}', repeats: true },
  revokeApiKey: { method: 'DELETE', path: '/v1/api-keys/{apiKeyId}', repeats: true },
  rotateApiKey: { method: 'POST', path: '/v1/api-keys/{apiKeyId}/rotate', repeats: true },
  endApiKeyOverlap: { method: 'DELETE', path: '/v1/api-keys/{apiKeyId}/previous-secret', repeats: true },
  listProjects: { method: 'GET', path: '/v1/projects', repeats: false },
  createProject: { method: 'POST', path: '/v1/projects', repeats: true },
  getProject: { method: 'GET', path: '/v1/projects/{projectId}', repeats: false },
  changeProject: { method: 'PATCH', path: '/v1/projects/{projectId}', repeats: true },
  archiveProject: { method: 'DELETE', path: '/v1/projects/{projectId}', repeats: true },
  listLicenseOffers: { method: 'GET', path: '/v1/license-offers', repeats: false },
  acceptLicenseOffer: { method: 'POST', path: '/v1/license-offers/{licenseId}/accept', repeats: true },
  declineLicenseOffer: { method: 'POST', path: '/v1/license-offers/{licenseId}/decline', repeats: true },
  listIssuers: { method: 'GET', path: '/v1/issuers', repeats: false },
  trustIssuer: { method: 'POST', path: '/v1/issuers/{organizationId}/trust', repeats: true },
  blockIssuer: { method: 'POST', path: '/v1/issuers/{organizationId}/block', repeats: true },
  forgetIssuer: { method: 'DELETE', path: '/v1/issuers/{organizationId}', repeats: true },
  listEvents: { method: 'GET', path: '/v1/events', repeats: false },
  getEvent: { method: 'GET', path: '/v1/events/{eventId}', repeats: false },
  listCheckpoints: { method: 'GET', path: '/v1/logs/{organizationId}/checkpoints', repeats: false },
  createCheckpoint: { method: 'POST', path: '/v1/logs/{organizationId}/checkpoints', repeats: false },
  getEventProof: { method: 'GET', path: '/v1/events/{eventId}/proof', repeats: false },
  listProducts: { method: 'GET', path: '/v1/products', repeats: false },
  createProduct: { method: 'POST', path: '/v1/products', repeats: true },
  getProduct: { method: 'GET', path: '/v1/products/{productId}', repeats: false },
  changeProduct: { method: 'PATCH', path: '/v1/products/{productId}', repeats: true },
  archiveProduct: { method: 'DELETE', path: '/v1/products/{productId}', repeats: true },
  listReleases: { method: 'GET', path: '/v1/products/{code}/releases', repeats: false },
  publishRelease: { method: 'POST', path: '/v1/products/{code}/releases', repeats: true },
  getRelease: { method: 'GET', path: '/v1/products/{code}/releases/{version}', repeats: false },
  withdrawRelease: { method: 'DELETE', path: '/v1/products/{code}/releases/{version}', repeats: true },
  listPolicies: { method: 'GET', path: '/v1/policies', repeats: false },
  createPolicy: { method: 'POST', path: '/v1/policies', repeats: true },
  getPolicy: { method: 'GET', path: '/v1/policies/{policyId}', repeats: false },
  changePolicy: { method: 'PATCH', path: '/v1/policies/{policyId}', repeats: true },
  archivePolicy: { method: 'DELETE', path: '/v1/policies/{policyId}', repeats: true },
  requestPack: { method: 'POST', path: '/v1/audit/packs', repeats: true },
  listPacks: { method: 'GET', path: '/v1/audit/packs', repeats: false },
  getPack: { method: 'GET', path: '/v1/audit/packs/{packId}', repeats: false },
  deletePack: { method: 'DELETE', path: '/v1/audit/packs/{packId}', repeats: true },
  live: { method: 'GET', path: '/livez', repeats: false },
  ready: { method: 'GET', path: '/readyz', repeats: false },
  version: { method: 'GET', path: '/version', repeats: false },
} as const satisfies Record<keyof Operations, { method: string; path: string; repeats: boolean }>;
