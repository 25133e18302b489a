import { isRejection } from '../decider.ts';
import type { Instant } from '../time.ts';
import type { LicenseCommand, LicenseDecision } from './commands.ts';
import { decide } from './decide.ts';
import { draftOf } from './draft.ts';
import type { IssuedLicense } from './license.ts';

/** Decides commands in turn, each on what the ones before it leave: all of them in one append, or none where one is refused. */
export const decideAll = (
  commands: readonly LicenseCommand[],
  license: IssuedLicense,
  at: Instant,
): LicenseDecision => {
  const draft = draftOf(license, at);
  for (const command of commands) {
    const decision = decide(command, draft.license);
    if (isRejection(decision)) return decision;
    for (const event of decision) draft.add(event);
  }
  return draft.events;
};
