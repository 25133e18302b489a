/** The part of an explained request that its address has. A key, a device and a user are never there. */
export type RefusalInAddress = {
  readonly license?: string;
  readonly product?: string;
  readonly version?: string;
  readonly at?: string;
};

/** Returns the explained request in an address. A text that is no id of a license or no instant is ignored. */
export const refusalIn = ({ license, product, version, at }: Record<string, unknown>): RefusalInAddress => ({
  ...(typeof license === 'string' && isLicenseId(license) ? { license } : {}),
  ...(isWord(product) ? { product: String(product) } : {}),
  ...(isWord(version) ? { version: String(version) } : {}),
  ...(typeof at === 'string' && !Number.isNaN(Date.parse(at)) ? { at: new Date(at).toISOString() } : {}),
});

/** Returns true for a text with the form of an id of a license. */
export const isLicenseId = (text: string): boolean => /^lic_[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(text);

// A version such as 2 comes out of the address as a number.
const isWord = (value: unknown): boolean => (typeof value === 'string' && value !== '') || typeof value === 'number';
