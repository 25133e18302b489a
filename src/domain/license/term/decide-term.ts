import type { EventIds } from '../../decider.ts';
import type { LicenseDecision } from '../commands.ts';
import type { IssuedLicense } from '../license.ts';
import { changeExpiry, endGrace, expire } from './decide-expiry.ts';
import { startTerm } from './decide-first-term.ts';
import { remind } from './decide-reminders.ts';
import { renew } from './decide-renewal.ts';
import { setRenewal } from './decide-renewal-mode.ts';
import { changeMaintenance } from './maintenance.ts';
import type { TermCommand } from './term-commands.ts';

/** Decides a command about the term. */
export const decideTerm = (command: TermCommand, license: IssuedLicense, eventIds: EventIds): LicenseDecision => {
  switch (command.type) {
    case 'StartTerm':
      return startTerm(command, license);
    case 'Renew':
      return renew(command, license);
    case 'ChangeExpiry':
      return changeExpiry(command, license);
    case 'ChangeMaintenance':
      return changeMaintenance(command, license);
    case 'SetRenewal':
      return setRenewal(command, license, eventIds);
    case 'Expire':
      return expire(command, license);
    case 'EndGrace':
      return endGrace(command, license);
    case 'Remind':
      return remind(command, license);
  }
};
