import type { LicenseFacts } from '../../domain/license/license.ts';
import { isApplication } from '../../domain/license/license-authority.ts';
import type { Instant } from '../../domain/time.ts';
import type { ClientRequest } from '../client-license.ts';
import type { Refusal } from '../refusal.ts';
import { denialOf } from './denial-of.ts';
import type { ObservingNeeds } from './note-validation.ts';

/** A refused activation or seat, and what the request named. */
type NotedRefusal = {
  readonly refusal: Pick<Refusal, 'rejected'>;
  readonly product?: string | null | undefined;
  readonly version?: string | null | undefined;
  readonly fingerprintHash?: string | null | undefined;
  readonly at: Instant;
};

/** Returns the hash of the device that holds a seat. Returns null where users or processes hold the seats. */
export const deviceOf = ({ policy }: LicenseFacts, holderHash: string | undefined): string | null =>
  policy.lease.scope === 'MACHINE' ? (holderHash ?? null) : null;

/** Notes a refused activation or seat as a denial, when the license or its use is the reason. Members only look. */
export const noteRefusal = (
  { observations }: ObservingNeeds,
  { by, license, clientNetwork }: Pick<ClientRequest, 'by' | 'license' | 'clientNetwork'>,
  { refusal, product = null, version = null, fingerprintHash = null, at }: NotedRefusal,
): void => {
  if (!isApplication(by) || !deniedCodes.has(refusal.rejected)) return;
  const client = { product, version, fingerprintHash, clientNetwork };
  observations.denied(denialOf(license.facts, client, { code: refusal.rejected, deniedAt: at }));
};

// Other refusals concern the request, such as an unknown lease or a conflict with another request.
const deniedCodes: ReadonlySet<string> = new Set([
  'LICENSE_REVOKED',
  'LICENSE_SUSPENDED',
  'LICENSE_EXPIRED',
  'LICENSE_NOT_STARTED',
  'PRODUCT_NOT_LICENSED',
  'VERSION_NOT_ENTITLED',
  'USER_NOT_ASSIGNED',
  'USER_SCOPE_REQUIRED',
  'ENVIRONMENT_MISMATCH',
  'ENVIRONMENT_SCOPE_REQUIRED',
  'COMPONENTS_REQUIRED',
  'COMPONENTS_MISMATCH',
  'ACTIVATION_LIMIT_EXCEEDED',
  'SEAT_LIMIT_EXCEEDED',
  'DEVICE_ACTIVE_ELSEWHERE',
  'CODE_TAKEN',
]);
