import type { LicenseDecision } from '../commands.ts';
import type { IssuedLicense } from '../license.ts';
import { acceptOffer, declineOffer, offerLicense } from './decide-offers.ts';
import { transfer } from './decide-transfer.ts';
import type { TransferCommand } from './transfer-commands.ts';

/** Decides a command about the holder of the license. */
export const decideTransfers = (command: TransferCommand, license: IssuedLicense): LicenseDecision => {
  switch (command.type) {
    case 'Transfer':
      return transfer(command, license);
    case 'OfferLicense':
      return offerLicense(command, license);
    case 'AcceptOffer':
      return acceptOffer(command, license);
    case 'DeclineOffer':
      return declineOffer(command, license);
  }
};
