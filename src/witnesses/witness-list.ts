import { InvalidProof } from '../proof/invalid.ts';
import { parseVerifierKey, type VerifierKey } from '../proof/notes/verifier-keys.ts';

/** A witness that the operator names. `url`: the place of its `add-checkpoint`. */
export type Witness = { readonly key: VerifierKey; readonly url: string };

/**
 * Returns the witnesses of `LEDGER_WITNESSES`: key and URL of each, separated by a space, and a comma between two. Returns
 * a fault that says which one is wrong.
 */
export const parseWitnesses = (text: string): readonly Witness[] | { readonly fault: string } => {
  const witnesses: Witness[] = [];
  for (const [place, entry] of text.split(',').entries()) {
    const witness = parseWitness(entry.trim());
    if ('fault' in witness) return { fault: `witness ${place + 1}: ${witness.fault}` };
    const isKnown = witnesses.some(
      ({ key: { name, keyId } }) => name === witness.key.name && keyId === witness.key.keyId,
    );
    if (isKnown) return { fault: `witness ${place + 1}: ${witness.key.name} is named twice` };
    witnesses.push(witness);
  }
  return witnesses;
};

const parseWitness = (entry: string): Witness | { readonly fault: string } => {
  const [vkey = '', url = '', ...rest] = entry.split(/\s+/);
  if (rest.length > 0 || !isWebUrl(url)) return { fault: 'write its key, a space and its http or https URL' };
  try {
    const key = parseVerifierKey(vkey);
    if (key.kind === 'LOG')
      return { fault: `${key.name} is the key of a log (type 1), and a witness has one of type 4` };
    return { key, url };
  } catch (error) {
    if (error instanceof InvalidProof) return { fault: error.message };
    throw error;
  }
};

const isWebUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => part === '');
};
