import path from 'node:path';
import { type Config, InvalidConfiguration } from '../../config.ts';
import { parseSecrets, type Secrets } from '../../identity/secrets.ts';
import { secretText } from './open-servers.ts';

/** Where the secrets of a process come from: a variable, a file of the operator, or secrets.json of the embedded mode. */
export type SecretPlace =
  | { readonly kind: 'VARIABLE' }
  | { readonly kind: 'FILE'; readonly file: string }
  | { readonly kind: 'DATA'; readonly file: string };

/** Returns where the secrets of a configuration come from. */
export const secretPlace = ({ secret, secretFile, dataDir }: Config): SecretPlace => {
  if (secretFile !== null) return { kind: 'FILE', file: path.resolve(secretFile) };
  return secret === null
    ? { kind: 'DATA', file: path.join(path.resolve(dataDir), 'secrets.json') }
    : { kind: 'VARIABLE' };
};

/**
 * Returns the secrets of a process. The embedded mode stores that of `make` at its first start. Throws InvalidConfiguration
 * when the text is not a list of secrets.
 */
export const loadSecrets = async (config: Config, make: () => string): Promise<Secrets> => {
  const text = await secretText(config, make);
  try {
    return parseSecrets(text, secretName(config));
  } catch (error) {
    throw new InvalidConfiguration(error instanceof Error ? error.message : String(error));
  }
};

/** Returns how a sentence names that place. */
export const secretName = (config: Config): string => {
  const place = secretPlace(config);
  if (place.kind === 'VARIABLE') return 'LEDGER_SECRET';
  return place.kind === 'FILE' ? `The file ${place.file} of LEDGER_SECRET_FILE` : `LEDGER_SECRET in ${place.file}`;
};
