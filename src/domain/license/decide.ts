import { reject } from '../decider.ts';
import { activate, deactivate } from './activations.ts';
import type { LicenseCommand, LicenseDecision } from './commands.ts';
import type { License } from './license.ts';
import { issue, reinstate, revoke, suspend } from './lifecycle.ts';
import { expire, renew } from './terms.ts';

/** Decides one command on a license: the events it makes true, none when it is so already, or the reason to refuse it. */
export const decide = (command: LicenseCommand, license: License): LicenseDecision => {
  if (command.type === 'IssueLicense') return issue(command, license);
  if (license.kind === 'unissued') return reject('LICENSE_NOT_FOUND', 'There is no such license.');
  if (license.facts.revokedAt !== null) return decideRevoked(command.type, license.facts.licenseId);

  switch (command.type) {
    case 'Activate':
      return activate(command, license);
    case 'Deactivate':
      return deactivate(command, license);
    case 'Suspend':
      return suspend(command, license);
    case 'Reinstate':
      return reinstate(command, license);
    case 'Renew':
      return renew(command, license);
    case 'Revoke':
      return revoke(command, license);
    case 'Expire':
      return expire(command, license);
  }
};

// Revocation is final. Revoking again changes nothing, and a sweep that was on its way has not done anything wrong.
const decideRevoked = (command: LicenseCommand['type'], licenseId: string): LicenseDecision =>
  command === 'Revoke' || command === 'Expire'
    ? []
    : reject('LICENSE_REVOKED', `License ${licenseId} was revoked, which is final; issue a new license instead.`);
