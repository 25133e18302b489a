import { importedLicenseId } from '../../aggregates/derived-ids.ts';
import { reject } from '../../domain/decider.ts';
import type { ImportSource } from '../../domain/license/issue/issue-events.ts';
import type { Refusal } from '../refusal.ts';
import {
  type Beginning,
  type BeginRequest,
  type BegunLicense,
  beginAgain,
  beginLicense,
  hasBegun,
} from './begin-license.ts';
import type { KeyNeeds } from './rotate-key.ts';

/** A license as it is elsewhere. */
export type Importing = Beginning & ImportSource;

/** Takes over a license from elsewhere, once per source and its reference there. It gets a key of its own. */
export const importLicense = async (
  needs: KeyNeeds,
  request: BeginRequest,
  importing: Importing,
): Promise<BegunLicense | Refusal> => {
  const { source, sourceRef, historyFrom } = importing;
  const at = needs.now();
  const licenseId = importedLicenseId(request.caller.organizationId, source, sourceRef);
  const origin = { licenseId, at, guard: () => importedAlready(licenseId) };
  if (await hasBegun(needs, licenseId)) return beginAgain(needs, request, importing, origin);
  return beginLicense(needs, request, importing, {
    ...origin,
    command: (origination) => ({
      type: 'ImportLicense',
      at,
      data: { ...origination, source, sourceRef, historyFrom },
    }),
  });
};

const importedAlready = (licenseId: string): Refusal => ({
  ...reject('CODE_TAKEN', 'This was imported already.', 'sourceRef'),
  details: { licenseId },
});
