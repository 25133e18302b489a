import type { InputOf } from '@license-ledger/client';

type Metadata = NonNullable<NonNullable<InputOf<'changeLicense'>['body']>['metadata']>;

/** Returns the JSON object in a text; an empty text is an empty object. Returns null when the text has none. */
export const metadataIn = (text: string): Metadata | null => {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Metadata) : null;
  } catch {
    return null;
  }
};
