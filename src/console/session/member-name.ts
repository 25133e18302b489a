import type { AnswerOf } from '@license-ledger/client';

/** Returns the name of a member as people know it. */
export const memberName = ({ label, displayName, email, userId }: AnswerOf<'getMember'>): string =>
  label ?? displayName ?? email ?? userId;
