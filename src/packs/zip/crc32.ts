/**
 * Returns the CRC-32 of zip files over `crc`, that of the bytes so far (0 at the start), and further bytes. It finds
 * accidents only; SHA-256 finds the rest.
 */
export const crc32 = (crc: number, bytes: Uint8Array): number => {
  let rest = ~crc;
  for (let at = 0; at < bytes.length; at++)
    rest = (rest >>> 8) ^ (table[(rest ^ (bytes[at] as number)) & 0xff] as number);
  return ~rest >>> 0;
};

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});
