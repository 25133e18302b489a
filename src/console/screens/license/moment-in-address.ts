/** The instant in the address of a license. Absent: now. */
export type MomentInAddress = { readonly at?: string };

/** Returns the instant in an address. A text that is no instant is ignored. */
export const momentIn = ({ at }: Record<string, unknown>): MomentInAddress => {
  if (typeof at !== 'string' || Number.isNaN(Date.parse(at))) return {};
  return { at: new Date(at).toISOString() };
};
