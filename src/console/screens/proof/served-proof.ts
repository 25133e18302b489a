/** The signature of a checkpoint as its line says: the name of the key, and its id in hex. Nobody has verified it. */
export type NamedSignature = { readonly name: string; readonly keyId: string };

const keyIdBytes = 4;

/**
 * Returns the signatures that a signed note names. It verifies nothing, so it needs no part of the verifier, which a
 * browser loads only for a check.
 */
export const signaturesIn = (note: string): readonly NamedSignature[] =>
  note.split('\n').flatMap((line) => {
    const [, name = '', signature = ''] = /^— (\S+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? [];
    return name === '' ? [] : [{ name, keyId: hexOf(atob(signature).slice(0, keyIdBytes)) }];
  });

const hexOf = (bytes: string): string =>
  [...bytes].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');

/** Returns the number of events that the checkpoint of a signed note covers. */
export const sizeIn = (note: string): number => Number(note.split('\n')[1]);

/** What a leaf says of its event. */
export type ServedLeaf = {
  readonly stream: string;
  readonly revision: number;
  readonly recordedAt: string;
  readonly hash: string;
};

/** Returns what a leaf of the server says. The verifier checks its form. */
export const leafIn = (leaf: string): ServedLeaf => JSON.parse(leaf);
