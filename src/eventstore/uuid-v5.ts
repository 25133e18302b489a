import { v5 } from 'uuid';

/** Returns a name-based UUID (RFC 9562 §5.5, SHA-1), lower case. Throws when `namespace` is not a UUID. */
export const uuidv5 = (namespace: string, name: string): string => {
  if (!uuid.test(namespace))
    throw new Error(`A UUID was expected as the namespace of a derived id, got "${namespace}".`);
  // Bytes, because the package accepts as text only UUIDs of known versions, and no name with half a surrogate pair.
  return v5(new TextEncoder().encode(name), bytesOf(namespace));
};

// Without node:buffer, because browsers run this, too.
const bytesOf = (id: string): Uint8Array =>
  Uint8Array.from(id.replaceAll('-', '').match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
