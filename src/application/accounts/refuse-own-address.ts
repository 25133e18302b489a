import { reject } from '../../domain/decider.ts';
import { isOwnAddress } from '../../identity/passwords.ts';
import type { Refusal } from '../refusal.ts';

/** Refuses a new password that is the user's own e-mail address. `place` is the member of the input that has it. */
export const refuseOwnAddress = (password: string, email: string, place: string): Refusal | null =>
  isOwnAddress(password, email)
    ? reject(
        'INVALID_REQUEST',
        'This password is your e-mail address, or the part of it before the @, which attackers try first. Choose another.',
        place,
      )
    : null;
