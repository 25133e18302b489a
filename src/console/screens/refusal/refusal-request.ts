import type { InputOf } from '@license-ledger/client';
import { changedInstantIn } from '../../parts/dates.ts';
import { hasTypingError } from '../key-check.ts';
import { isLicenseId, type RefusalInAddress } from './refusal-in-address.ts';

/** The request of an application that is explained. */
export type RefusalRequest = NonNullable<InputOf<'explainValidation'>['body']>;

/** The request, or why the form has none. */
export type Entered =
  | { readonly kind: 'request'; readonly request: RefusalRequest }
  | { readonly kind: 'empty' }
  | { readonly kind: 'badKey' };

/**
 * Returns the request that a form describes. `at`: the instant that the form showed at first. A key with wrong check
 * characters is found without the server.
 */
export const enteredIn = async (form: FormData, at: string | null = null): Promise<Entered> => {
  const text = (name: string) => String(form.get(name) ?? '').trim();
  const license = text('license');
  if (license === '') return { kind: 'empty' };
  if (!isLicenseId(license) && (await hasTypingError(license))) return { kind: 'badKey' };
  const device = text('device');
  const optional = {
    ...(device.startsWith('act_') ? { activationId: device } : { fingerprint: device }),
    product: text('product'),
    version: text('version'),
    user: text('user'),
    leaseHolder: text('seat'),
    environment: text('environment'),
    at: changedInstantIn(text('at'), at) ?? '',
  };
  const named = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== ''));
  return {
    kind: 'request',
    request: { ...(isLicenseId(license) ? { licenseId: license } : { licenseKey: license }), ...named },
  };
};

/** What a refusal has recorded of its request. */
type Recorded = { readonly deniedAt: string; readonly product: string | null; readonly version: string | null };

/**
 * Returns the request that a refusal had, as far as it is known. The device, the user and the seat are not recorded, so
 * they stay as they were typed. The key must not come into the fields.
 */
export const requestOfDenial = (
  { deniedAt, product, version }: Recorded,
  licenseId: string,
  typed: RefusalRequest,
): RefusalRequest => {
  const { licenseKey: _key, product: _product, version: _version, ...others } = typed;
  return {
    ...others,
    licenseId,
    at: deniedAt,
    ...(product === null ? {} : { product }),
    ...(version === null ? {} : { version }),
  };
};

/** Returns the request in an address. Returns null when it names no license. */
export const requestIn = ({ license, ...others }: RefusalInAddress): RefusalRequest | null =>
  license === undefined ? null : { licenseId: license, ...others };

/** Returns what the address has of a request. */
export const addressOf = ({ licenseId, product, version, at }: RefusalRequest): RefusalInAddress => ({
  ...(licenseId === undefined ? {} : { license: licenseId }),
  ...(product === undefined ? {} : { product }),
  ...(typeof version === 'string' ? { version } : {}),
  ...(at === undefined ? {} : { at }),
});
