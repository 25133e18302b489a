import type { EventWith } from '../consequences.ts';
import type { LicenseFacts } from '../license.ts';
import type { KeyEvent } from './key-events.ts';

/** Returns the facts after an event about the key. */
export const evolveKeyFacts = (facts: LicenseFacts, event: Extract<EventWith<'facts'>, KeyEvent>): LicenseFacts => {
  switch (event.type) {
    case 'LicenseKeyIssued':
      return { ...facts, keyVersion: event.data.keyVersion, keyHint: event.data.hint };
    case 'LicenseKeyRotated': {
      const { fromVersion, toVersion, hint, overlapUntil } = event.data;
      const keyOverlaps = [...facts.keyOverlaps, { keyVersion: fromVersion, until: overlapUntil }];
      return { ...facts, keyVersion: toVersion, keyHint: hint, keyOverlaps };
    }
    case 'LicenseKeyRetired':
      return {
        ...facts,
        keyOverlaps: facts.keyOverlaps.filter(({ keyVersion }) => keyVersion !== event.data.keyVersion),
      };
  }
};
